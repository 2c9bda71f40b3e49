import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { STORE_ID_RULE } from "../../../data/limits.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { createPollBuffer } from "../../../data/stores/poll_buffer.ts";
import { createPollReader } from "../../../data/stores/poll_rows.ts";
import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import { readPolls } from "./uploads.ts";

/** 2023-01-25T12:09:39Z: `date -u -d '2023-01-25 12:09:39' +%s`, in milliseconds. */
const TIME_MS = 1_674_648_579_000;
const HEADER = "store_id,timestamp_utc,status\n";
const TIME_RULE = "a time such as 2023-01-25 12:09:39.388884 UTC, or an ISO 8601 time";
const STATUS_RULE = "active or inactive, or 1 or 0";

Deno.test("polls are read in the documented form, and digits beyond milliseconds are cut off", () => {
  const { polls, count } = readPolls(
    `${HEADER}8419537941919820732,2023-01-25 12:09:39.388884 UTC,active\n` +
      "54515546588432327,2023-01-25 12:09:39.9999 UTC,inactive\n",
  );
  assertEquals(polls, [
    `54515546588432327 ${TIME_MS + 999} 0`,
    `8419537941919820732 ${TIME_MS + 388} 1`,
  ]);
  assertEquals(count, 0);
});

Deno.test("all forms of a time and a status give the same poll, plain or split into fields", () => {
  const times = [
    "2023-01-25 12:09:39 UTC",
    "2023-01-25 12:09:39.0 UTC",
    "2023-01-25T12:09:39Z",
    "2023-01-25t12:09:39z",
    "2023-01-25 12:09:39",
    "2023-01-25T13:09:39+01:00",
    "2023-01-25T06:39:39.000-0530",
    "2023-01-25 12:09:39utc",
    " 2023-01-25 12:09:39  utc ",
    '"2023-01-25 12:09:39,000 UTC"',
  ];
  for (const time of times) {
    for (const status of ["active", "ACTIVE", "Active", "1", " active ", '"active"']) {
      for (const end of ["\n", "\r\n", ""]) {
        const { polls, first } = readPolls(`${HEADER}s-1,${time},${status}${end}`);
        assertEquals([polls, first], [[`s-1 ${TIME_MS} 1`], []], `${time} ${status}`);
      }
    }
    for (const status of ["inactive", "Inactive", "0"]) {
      assertEquals(readPolls(`${HEADER}s-1,${time},${status}`).polls, [`s-1 ${TIME_MS} 0`]);
    }
  }
});

const REJECTED:
  readonly (readonly [row: string, field: string | null, value: string, rule: string])[] = [
    ["s,2023-01-25 12:09:39 UTC,on", "status", "on", STATUS_RULE],
    ["s,2023-01-25 12:09:39 UTC,", "status", "", STATUS_RULE],
    ["s,2023-01-25 12:09:39 UTC,actives", "status", "actives", STATUS_RULE],
    ["s,2023-01-25 12:09:39 UTC,10", "status", "10", STATUS_RULE],
    ["s,2023-02-29 12:09:39 UTC,1", "timestamp_utc", "2023-02-29 12:09:39 UTC", TIME_RULE],
    ["s,2023-01-25 24:00:00 UTC,1", "timestamp_utc", "2023-01-25 24:00:00 UTC", TIME_RULE],
    ["s,2023-01-25 12:09:39Z UTC,1", "timestamp_utc", "2023-01-25 12:09:39Z UTC", TIME_RULE],
    ["s,2023-01-25 12:09:39 CET,1", "timestamp_utc", "2023-01-25 12:09:39 CET", TIME_RULE],
    ["s,,1", "timestamp_utc", "", TIME_RULE],
    [
      "s,1970-01-01 00:00:07 UTC,1",
      "timestamp_utc",
      "1970-01-01 00:00:07 UTC",
      "2000-01-01T00:00:00Z or later",
    ],
    [",2023-01-25 12:09:39 UTC,1", "store_id", "", STORE_ID_RULE],
    ["-s,2023-01-25 12:09:39 UTC,1", "store_id", "-s", STORE_ID_RULE],
    ["a b,2023-01-25 12:09:39 UTC,1", "store_id", "a b", STORE_ID_RULE],
    ["status,2023-01-25 12:09:39 UTC,1", "store_id", "status", STORE_ID_RULE],
    ["é,2023-01-25 12:09:39 UTC,1", "store_id", "é", STORE_ID_RULE],
    [`${"a".repeat(65)},2023-01-25 12:09:39 UTC,1`, "store_id", "a".repeat(65), STORE_ID_RULE],
    ["s,2023-01-25 12:09:39 UTC", null, "s,2023-01-25 12:09:39 UTC", "3 fields, found 2"],
    ["s,2023-01-25 12:09:39 UTC,1,", null, "s,2023-01-25 12:09:39 UTC,1,", "3 fields, found 4"],
    ['s,"2023,1', null, 's,"2023,1', "quotes closed as in RFC 4180"],
  ];

for (const [row, field, value, rule] of REJECTED) {
  Deno.test(`the row ${row.slice(0, 40)} is rejected with its rule, and its neighbours are read`, () => {
    const good = "t,2023-01-25 12:09:39 UTC,1\n";
    const { polls, count, first } = readPolls(`${HEADER}${good}${row}\n${good}`);
    assertEquals({ count, first }, { count: 1, first: [{ line: 3, field, value, rule }] });
    assertEquals(polls, [`t ${TIME_MS} 1`]);
  });
}

Deno.test("polls before the oldest time or too far ahead of the clock are rejected", () => {
  // 2026-02-01T12:00:00Z: `date -u -d 2026-02-01T12:00:00Z +%s`, in milliseconds.
  const options = {
    acceptedTimes: { oldestMs: TIME_MS, futureToleranceMs: 300_000 },
    now: () => 1_769_947_200_000,
  };
  const times = [
    "2023-01-25 12:09:38.999 UTC",
    "2023-01-25 12:09:39 UTC",
    "2036-02-07 06:28:15 UTC",
    "2026-02-01 12:05:00 UTC",
    "2026-02-01 12:05:00.001 UTC",
  ];
  for (const quote of ["", '"']) {
    const text = times.map((time) => `s,${quote}${time}${quote},1\n`).join("");
    const { polls, first } = readPolls(HEADER + text, options);
    assertEquals(polls, [`s ${TIME_MS} 1`, "s 1769947500000 1"]);
    assertEquals(first.map(({ value, rule }) => [value, rule]), [
      [times[0], "2023-01-25T12:09:39Z or later"],
      [times[2], "at most 5 minutes ahead"],
      [times[4], "at most 5 minutes ahead"],
    ]);
  }
});

Deno.test("a poll is measured against the clock at the time it arrives", () => {
  let nowMs = TIME_MS;
  const buffer = createPollBuffer();
  const reader = createPollReader({ buffer, acceptedTimes: ACCEPTED_TIMES, now: () => nowMs });
  const row = new TextEncoder().encode("s,2023-01-25 12:20:00 UTC,1\n");
  reader.push(new TextEncoder().encode(HEADER));
  reader.push(row);
  nowMs += 600_000;
  reader.push(row);
  reader.end();
  assertEquals([reader.rejected().count, buffer.take().count], [1, 1]);
});

Deno.test("if a time occurs twice, the later row wins, in any order of times", () => {
  const at = (second: number, status: number) => `s,2023-01-25 12:09:${second} UTC,${status}\n`;
  for (const rows of [at(39, 0) + at(39, 1) + at(41, 0), at(41, 0) + at(39, 0) + at(39, 1)]) {
    assertEquals(readPolls(HEADER + rows).polls, [`s ${TIME_MS} 1`, `s ${TIME_MS + 2_000} 0`]);
  }
  assertEquals(readPolls(HEADER + at(40, 1) + at(39, 1) + at(39, 0)).polls, [
    `s ${TIME_MS} 0`,
    `s ${TIME_MS + 1_000} 1`,
  ]);
});

for (
  const header of [
    "store_id,status,timestamp_utc,note",
    "\ufeffStore_ID , Status, timestampUtc,note",
    '"storeId","STATUS","Timestamp UTC","note"',
    "store,status,timestamp,note\r",
  ]
) {
  Deno.test(`the header ${header.trim()} is recognised, and its other column is listed`, () => {
    const { polls, ignored, count } = readPolls(
      `${header}\ns,active,2023-01-25 12:09:39 UTC,\ns,inactive,2023-01-25 12:09:40 UTC,"x, y"\n`,
    );
    assertEquals(polls, [`s ${TIME_MS} 1`, `s ${TIME_MS + 1_000} 0`]);
    assertEquals([ignored, count], [["note"], 0]);
  });
}

Deno.test("the error for a wrong header names the columns found and the columns needed", () => {
  const errorOf = (text: string) => assertThrows(() => readPolls(text), AppError);
  const missing = errorOf("store_id,when,state\ns,1,2\n");
  assertEquals(
    [missing.code, missing.message],
    [
      "INVALID_REQUEST",
      "The header has no timestamp_utc, no status: found store_id, when, state; " +
      "required store_id, timestamp_utc, status",
    ],
  );
  assertEquals(
    errorOf("store,storeId,status,timestamp_utc").message,
    "The header has store_id twice: store, storeId",
  );
  assertEquals(
    errorOf("").message,
    "The header has no store_id, no timestamp_utc, no status: found no name; " +
      "required store_id, timestamp_utc, status",
  );
  assertEquals(errorOf("a,".repeat(30)).message.includes("a, 11 more;"), true);
  assertEquals(errorOf("x".repeat(70_000)).message, "The header must have at most 65536 bytes");
});

Deno.test("an upload gives the same polls however it is cut into chunks", () => {
  const id = fc.stringMatching(/^[a-z0-9][A-Za-z0-9_.:-]{0,5}$/);
  // From 2000 to 2100.
  const time = fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 });
  const row = fc.tuple(id, time, fc.boolean(), fc.boolean());
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), fc.integer({ min: 1, max: 80 }), (rows, size) => {
      const text = rows.map(([store, timeMs, isActive, isQuoted]) => {
        const iso = new Date(timeMs).toISOString().replace("T", " ").replace("Z", " UTC");
        return `${isQuoted ? `"${store}"` : store},${iso},${isActive ? "active" : "Inactive"}\n`;
      });
      const expected = new Map(
        rows.map(([store, timeMs, isActive]) => [`${store} ${timeMs}`, isActive ? 1 : 0]),
      );
      const { polls, count } = readPolls(HEADER + text.join(""), { chunkBytes: size });
      assertEquals(count, 0);
      assertEquals(
        polls.toSorted(),
        [...expected].map(([poll, status]) => `${poll} ${status}`).toSorted(),
      );
    }),
  );
});
