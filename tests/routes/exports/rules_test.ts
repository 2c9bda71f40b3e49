import { AppError } from "../../../data/app_error.ts";
import { exportParamsOf, exportSpecOf } from "../../../jobs/exports/export_contract.ts";
import { requireShort } from "../../../routes/exports/create_export.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { postJson, startTestService } from "../../support/service.ts";
import { EXAMPLE, NOW_MS, postExport } from "./export_example.ts";
import { assertProblem } from "../problem_assert.ts";
import { inZone } from "../time_zone.ts";

const ID_RULE = "smart_meter_id must be 1 to 64 characters of A-Z a-z 0-9 _ . : - " +
  "except . and .. alone";
const TIME_RULE = "Invalid datetime format. Use ISO 8601.";
/** `NOW_MS`, and a millisecond before it. */
const NOW = "2024-06-01T12:00:00.789Z";
const JUST_PAST = "2024-06-01T12:00:00.788Z";

type Case = [changes: Record<string, unknown>, pointer: string, detail: string];

const BROKEN: Record<string, Case> = {
  "no id": [{ smart_meter_id: undefined }, "/smart_meter_id", "smart_meter_id is required"],
  "no start": [{ start_datetime: undefined }, "/start_datetime", "start_datetime is required"],
  "no end": [{ end_datetime: undefined }, "/end_datetime", "end_datetime is required"],
  "no format": [{ format: undefined }, "/format", "format is required"],
  "an id of null": [{ smart_meter_id: null }, "/smart_meter_id", ID_RULE],
  "an id that is a number": [{ smart_meter_id: 123 }, "/smart_meter_id", ID_RULE],
  "an empty id": [{ smart_meter_id: "" }, "/smart_meter_id", ID_RULE],
  "an id of 65": [{ smart_meter_id: "a".repeat(65) }, "/smart_meter_id", ID_RULE],
  "an id of two dots": [{ smart_meter_id: ".." }, "/smart_meter_id", ID_RULE],
  "an id with a space": [{ smart_meter_id: "a b" }, "/smart_meter_id", ID_RULE],
  "an id with a slash": [{ smart_meter_id: "a/b" }, "/smart_meter_id", ID_RULE],
  "an id with a line break": [{ smart_meter_id: "a\n" }, "/smart_meter_id", ID_RULE],
  "an id with a character beyond ASCII": [
    { smart_meter_id: "z\u00e4hler" },
    "/smart_meter_id",
    ID_RULE,
  ],
  "a start that is not a time": [{ start_datetime: "yesterday" }, "/start_datetime", TIME_RULE],
  "an end that is not a time": [{ end_datetime: "31/01/2024" }, "/end_datetime", TIME_RULE],
  "a start that is a number": [{ start_datetime: 1704067200 }, "/start_datetime", TIME_RULE],
  "an end of null": [{ end_datetime: null }, "/end_datetime", TIME_RULE],
  "30 February": [{ start_datetime: "2024-02-30T00:00:00Z" }, "/start_datetime", TIME_RULE],
  "29 February 2023": [{ start_datetime: "2023-02-29T00:00:00Z" }, "/start_datetime", TIME_RULE],
  "hour 25": [{ start_datetime: "2024-01-01T25:00:00Z" }, "/start_datetime", TIME_RULE],
  "an end that is now": [
    {
      start_datetime: "2024-06-01T00:00:00Z",
      end_datetime: NOW,
    },
    "/end_datetime",
    "end_datetime must be in the past",
  ],
  "an end that is today": [
    { start_datetime: "2024-05-01", end_datetime: "2024-06-01" },
    "/end_datetime",
    "end_datetime must be in the past; a date ends at 23:59:59.999 UTC",
  ],
  "30 February as a date": [{ start_datetime: "2024-02-30" }, "/start_datetime", TIME_RULE],
  "a month": [{ start_datetime: "2024-01" }, "/start_datetime", TIME_RULE],
  "367 days as dates": [
    // 2023 has 365 days; with 1 and 2 January 2024 these are 367.
    { start_datetime: "2023-01-01", end_datetime: "2024-01-02" },
    "/end_datetime",
    "Maximum date range is 1 year",
  ],
  "an end before the start": [
    {
      end_datetime: "2023-12-31T23:59:59Z",
    },
    "/end_datetime",
    "end_datetime must be after start_datetime",
  ],
  "an end that is the start": [
    {
      end_datetime: "2024-01-01T01:00:00+01:00",
    },
    "/end_datetime",
    "end_datetime must be after start_datetime",
  ],
  "59.999 seconds": [
    {
      end_datetime: "2024-01-01T00:00:59.999Z",
    },
    "/end_datetime",
    "Minimum date range is 1 minute",
  ],
  "366 days and a second": [
    {
      start_datetime: "2023-01-01T00:00:00Z",
      end_datetime: "2024-01-02T00:00:01Z",
    },
    "/end_datetime",
    "Maximum date range is 1 year",
  ],
  "another format": [{ format: "xml" }, "/format", "format must be csv"],
  "a format in capitals": [{ format: "CSV" }, "/format", "format must be csv"],
  "a format of null": [{ format: null }, "/format", "format must be csv"],
  "an unknown property": [{ colour: "red" }, "/colour", "Unknown property 'colour'"],
  // RFC 6901 §3: ~ is written ~0, / is written ~1.
  "a property like a path": [{ "a/b~c": 1 }, "/a~1b~0c", "Unknown property 'a/b~c'"],
};

for (const [what, [changes, pointer, detail]] of Object.entries(BROKEN)) {
  Deno.test(`an export with ${what} is refused with the rule that it breaks`, async () => {
    await using service = await startTestService({ role: "api", now: () => NOW_MS });
    assertProblem(await postExport(service.url, changes), {
      status: 400,
      code: "INVALID_REQUEST",
      detail,
      errors: [[pointer, detail]],
    });
  });
}

const TAKEN: Record<string, Record<string, unknown>> = {
  "exactly 1 minute": { end_datetime: "2024-01-01T00:01:00Z" },
  "exactly 366 days": {
    start_datetime: "2023-01-01T00:00:00Z",
    end_datetime: "2024-01-02T00:00:00Z",
  },
  "a whole leap year": {
    start_datetime: "2020-01-01T00:00:00Z",
    end_datetime: "2020-12-31T23:59:59.999Z",
  },
  "an end a millisecond ago": { start_datetime: "2024-06-01T00:00:00Z", end_datetime: JUST_PAST },
  "an end in the past by its offset": {
    start_datetime: "2024-06-01T00:00:00Z",
    // 11:30Z, although the local time is later than NOW.
    end_datetime: "2024-06-01T13:30:00+02:00",
  },
  "an id of 64": { smart_meter_id: "a".repeat(64) },
  "an id of 1": { smart_meter_id: "7" },
  "an id of every character": { smart_meter_id: "Az0_9.b:c-d" },
  "29 February of a leap year": { start_datetime: "2024-01-30T00:00:00Z" },
  "366 days as dates": { start_datetime: "2023-01-01", end_datetime: "2024-01-01" },
  "one day": { start_datetime: "2024-01-31", end_datetime: "2024-01-31" },
  "times without an offset": {
    start_datetime: "2024-01-01T00:00:00",
    end_datetime: "2024-01-01T00:01:00",
  },
};

for (const [what, changes] of Object.entries(TAKEN)) {
  Deno.test(`an export with ${what} is accepted`, async () => {
    await using service = await startTestService({ role: "api", now: () => NOW_MS });
    const { status, body } = await postExport(service.url, changes);
    assertEquals([status, body.status], [200, "pending"]);
  });
}

Deno.test("a start that is now is not in the past, and neither is the end after it", async () => {
  await using service = await startTestService({ role: "api", now: () => NOW_MS });
  const changes = { start_datetime: NOW, end_datetime: "2024-06-01T12:10:00Z" };
  assertProblem(await postExport(service.url, changes), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "start_datetime must be in the past; end_datetime must be in the past",
    errors: [
      ["/start_datetime", "start_datetime must be in the past"],
      ["/end_datetime", "end_datetime must be in the past"],
    ],
  });
});

for (const zone of ["Australia/Sydney", "Europe/London", "America/Chicago"]) {
  Deno.test(`a time without an offset is UTC, even on a machine in ${zone}`, async () => {
    await using service = await startTestService({ role: "api", now: () => NOW_MS });
    // In UTC it is 12:00:00.789; in Sydney 22:00, in London 13:00, in Chicago 07:00.
    const past = { start_datetime: "2024-06-01T00:00:00", end_datetime: "2024-06-01T12:00:00" };
    const future = { ...past, end_datetime: "2024-06-01T12:00:01" };
    const answers = await inZone(zone, async () => [
      await postExport(service.url, past),
      await postExport(service.url, future),
    ]);
    assertEquals(answers.map(({ status }) => status), [200, 400]);
  });
}

Deno.test("every error is listed, not just the first", async () => {
  await using service = await startTestService({ role: "api", now: () => NOW_MS });
  const answer = await postJson(`${service.url}/api/export/csv`, {
    smart_meter_id: "a b",
    start_datetime: "2020-01-01T00:00:00Z",
    end_datetime: "2024-06-02T00:00:00Z",
    format: "xml",
    colour: "red",
    size: 3,
  });
  const errors: [string, string][] = answer.body.errors.map(
    (error: { pointer: string; detail: string }) => [error.pointer, error.detail],
  );
  assertEquals(errors.toSorted(), [
    ["/colour", "Unknown property 'colour'"],
    ["/end_datetime", "Maximum date range is 1 year"],
    ["/end_datetime", "end_datetime must be in the past"],
    ["/format", "format must be csv"],
    ["/size", "Unknown property 'size'"],
    ["/smart_meter_id", ID_RULE],
  ]);
  // Older clients read only the detail, so it names every error.
  assertProblem(answer, {
    status: 400,
    code: "INVALID_REQUEST",
    detail: errors.map(([, detail]) => detail).join("; "),
  });
});

Deno.test("an empty object lacks all four fields", async () => {
  await using service = await startTestService({ role: "api" });
  const names = Object.keys(EXAMPLE);
  assertProblem(await postJson(`${service.url}/api/export/csv`, {}), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: names.map((name) => `${name} is required`).join("; "),
    errors: names.map((name) => [`/${name}`, `${name} is required`] as const),
  });
});

for (const body of [[], [EXAMPLE], null, "csv", 5, true]) {
  Deno.test(`an export of ${JSON.stringify(body).slice(0, 30)} is refused`, async () => {
    await using service = await startTestService({ role: "api" });
    assertProblem(await postJson(`${service.url}/api/export/csv`, body), {
      status: 400,
      code: "INVALID_REQUEST",
      detail: "The body must be a JSON object",
      errors: [["", "The body must be a JSON object"]],
    });
  });
}

Deno.test("a property named __proto__ is unknown, too", async () => {
  await using service = await startTestService({ role: "api" });
  const text = JSON.stringify(EXAMPLE).replace("{", '{"__proto__":{"format":"csv"},');
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: text };
  const response = await fetch(`${service.url}/api/export/csv`, init);
  const { detail } = await response.json();
  assertEquals([response.status, detail], [400, "Unknown property '__proto__'"]);
});

Deno.test("a request that the record of a job cannot hold is refused", () => {
  const plain = exportSpecOf({ meterId: "1", fromMs: 0, toMs: 60_000, format: "csv" });
  // 40,000 characters of ids are allowed, 200 columns, and aggregates of 64 metrics.
  const ids = Array.from({ length: 625 }, (_, index) => `m${index}`.padEnd(64, "_"));
  const metrics = Array.from({ length: 64 }, (_, index) => `c${index}`.padEnd(64, "_"));
  const columns = metrics.flatMap((name) => ["mean", "min", "max"].map((one) => `${name}_${one}`));
  const aggregates = Object.fromEntries(
    metrics.map((name) => [name, ["mean", "min", "max"] as const]),
  );
  const of = (most: number) =>
    exportParamsOf({ ...plain, ids, aggregates, columns: columns.slice(0, most) });
  // In JSON, ids have 41,875 bytes, aggregates some 5,700, and a column 72.
  requireShort(of(100));
  const { errors } = assertThrows(() => requireShort(of(192)), AppError);
  assertMatch(
    errors[0].detail,
    /^The request must be at most 58000 bytes in the record of its job, where it has 6[012]\d{3}: /,
  );
});
