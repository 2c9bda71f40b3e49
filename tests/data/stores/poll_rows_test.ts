import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { STORE_ID_RULE } from "../../../data/limits.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { readPolls } from "./uploads.ts";

/** 2023-01-25T12:09:39Z: `date -u -d '2023-01-25 12:09:39' +%s`, in milliseconds. */
const TIME_MS = 1_674_648_579_000;
const HEADER = "store_id,timestamp_utc,status\n";
const TIME_RULE = "a time as 2023-01-25 12:09:39.388884 UTC or as in ISO 8601";
const STATUS_RULE = "active or inactive, or 1 or 0";

Deno.test("polls are read from the documented form, finer than a millisecond cut off", () => {
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

Deno.test("every form of a time and of a status is the same poll, read plain or as fields", () => {
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
      "s,1969-12-31 23:59:59 UTC,1",
      "timestamp_utc",
      "1969-12-31 23:59:59 UTC",
      "a time of the years 1970 to 9999",
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
  Deno.test(`the row ${row.slice(0, 40)} is told as wrong, and those around it are read`, () => {
    const good = "t,2023-01-25 12:09:39 UTC,1\n";
    const { polls, count, first } = readPolls(`${HEADER}${good}${row}\n${good}`);
    assertEquals({ count, first }, { count: 1, first: [{ line: 3, field, value, rule }] });
    assertEquals(polls, [`t ${TIME_MS} 1`]);
  });
}

Deno.test("of two polls at one time the later row counts, in whatever order times come", () => {
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
  Deno.test(`the header ${header.trim()} is recognised, and another column is told`, () => {
    const { polls, ignored, count } = readPolls(
      `${header}\ns,active,2023-01-25 12:09:39 UTC,\ns,inactive,2023-01-25 12:09:40 UTC,"x, y"\n`,
    );
    assertEquals(polls, [`s ${TIME_MS} 1`, `s ${TIME_MS + 1_000} 0`]);
    assertEquals([ignored, count], [["note"], 0]);
  });
}

Deno.test("a wrong header says what was found and what is wanted", () => {
  const errorOf = (text: string) => assertThrows(() => readPolls(text), AppError);
  const missing = errorOf("store_id,when,state\ns,1,2\n");
  assertEquals(
    [missing.code, missing.message],
    [
      "INVALID_REQUEST",
      "The header has no timestamp_utc, no status: found store_id, when, state; " +
      "wanted store_id, timestamp_utc, status",
    ],
  );
  assertEquals(
    errorOf("store,storeId,status,timestamp_utc").message,
    "The header has store_id twice: store, storeId",
  );
  assertEquals(
    errorOf("").message,
    "The header has no store_id, no timestamp_utc, no status: found no name; " +
      "wanted store_id, timestamp_utc, status",
  );
  assertEquals(errorOf("a,".repeat(30)).message.includes("a, 11 more;"), true);
  assertEquals(errorOf("x".repeat(70_000)).message, "The header must have at most 65536 bytes");
});

Deno.test("however an upload is cut into chunks, the same polls come out", () => {
  const id = fc.stringMatching(/^[a-z0-9][A-Za-z0-9_.:-]{0,5}$/);
  const time = fc.integer({ min: 0, max: 4_102_444_800_000 });
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
      const { polls, count } = readPolls(HEADER + text.join(""), size);
      assertEquals(count, 0);
      assertEquals(
        polls.toSorted(),
        [...expected].map(([poll, status]) => `${poll} ${status}`).toSorted(),
      );
    }),
  );
});
