import { assertEquals } from "../../support/assert.ts";
import { importText, postJson, startTestService, type TestService } from "../../support/service.ts";
import { minuteLines, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { NOW_MS } from "./export_example.ts";

const RIGHT = { smart_meter_id: "123", start_datetime: "2024-01-01", end_datetime: "2024-01-31" };

function service(): Promise<TestService> {
  return startTestService({ role: "api", now: () => NOW_MS });
}

/** Field, value and rule of each error. */
type Refused = [field: string, value: unknown, rule: string];

const REFUSED: Record<string, [changes: Record<string, unknown>, ...errors: Refused[]]> = {
  "two sources": [
    { device_id: "b" },
    ["/device_id", "b", "must not be there with smart_meter_id: name the sources once"],
  ],
  "no source": [
    { smart_meter_id: undefined },
    ["/smart_meter_id", undefined, "is required, or device_id, or a list of ids"],
  ],
  "the same meter twice": [
    { smart_meter_id: undefined, smart_meter_ids: ["1", "1"] },
    ["/smart_meter_ids", ["1", "1"], "ids that all differ"],
  ],
  "an unknown device": [
    { smart_meter_id: undefined, device_ids: ["nobody"] },
    ["/device_ids", "nobody", "must name devices that have sent readings"],
  ],
  "a period and a start": [
    { period: "last_month", end_datetime: undefined },
    ["/start_datetime", "2024-01-01", "must not be there with period: name the range once"],
  ],
  "no range": [
    { start_datetime: undefined, end_datetime: undefined },
    ["/start_datetime", undefined, "is required, or period"],
    ["/end_datetime", undefined, "is required, or period"],
  ],
  "a zone that does not exist": [
    { timezone: "Europe/Bonn" },
    ["/timezone", "Europe/Bonn", "an IANA time zone or an offset such as +05:30"],
  ],
  "367 days of readings": [
    { start_datetime: "2023-01-01", end_datetime: "2024-01-02" },
    [
      "/end_datetime",
      "2024-01-02",
      "at most 366 days after start_datetime, or 10 years with an interval of 1h or more",
    ],
  ],
  "eleven years of days": [
    { start_datetime: "2013-01-01", interval: "1d" },
    ["/end_datetime", "2024-01-31", "at most 10 years after start_datetime"],
  ],
  "an end that is today in the zone": [
    { start_datetime: "2024-05-01", end_datetime: "2024-06-01", timezone: "Asia/Tokyo" },
    ["/end_datetime", "2024-06-01", "in the past; a date ends at 23:59:59.999 Asia/Tokyo"],
  ],
  "aggregates without an interval": [
    { aggregates: { power_kw: ["max"] } },
    ["/aggregates", { power_kw: ["max"] }, "must have an interval such as 15m, or be left out"],
  ],
  "an aggregate of a metric that is not there": [
    { interval: "15m", aggregates: { soc_percent: ["max"] } },
    [
      "/aggregates",
      "soc_percent",
      "for metrics of the source: energy_kwh, power_kw, voltage_v, current_a",
    ],
  ],
  "a column that is not there": [
    { columns: ["timestamp", "completeness", "power_kw"] },
    [
      "/columns/1",
      "completeness",
      "one of timestamp, smart_meter_id, energy_kwh, power_kw, voltage_v, current_a",
    ],
  ],
  "the time in the middle": [
    { columns: ["power_kw", "timestamp"] },
    ["/columns", ["power_kw", "timestamp"], "must have timestamp first"],
  ],
  "several meters without ids": [
    { smart_meter_id: undefined, smart_meter_ids: ["1", "2"], columns: ["power_kw"] },
    ["/columns", ["power_kw"], "must have smart_meter_id with several sources in one file"],
  ],
  "a wide file of four metrics": [
    { layout: "wide" },
    [
      "/columns",
      undefined,
      'one metric with layout wide, such as ["timestamp","energy_kwh"]',
    ],
  ],
  "a gzip of several files": [
    { layout: "per_source", compression: "gzip" },
    ["/compression", "gzip", "zip with layout per_source, such as zip"],
  ],
  "ESPI of months": [
    { format: "xml", interval: "1mo" },
    ["/interval", "1mo", "raw or at most 1d with format xml, such as 1d"],
  ],
  "a dialect of CSV for JSON": [
    { format: "json", csv: "excel-de" },
    ["/csv", "excel-de", "left out with format json"],
  ],
  "a comma for both": [
    { csv: { decimal: "," } },
    ["/csv/decimal", ",", "must differ from csv.delimiter"],
  ],
};

for (const [what, [changes, ...expected]] of Object.entries(REFUSED)) {
  Deno.test(`an export of ${what} is refused with field, value and rule`, async () => {
    await using api = await service();
    const { status, body } = await postJson(`${api.url}/api/exports`, { ...RIGHT, ...changes });
    assertEquals(status, 400);
    const errors: { pointer: string; value: unknown; rule: string }[] = body.errors;
    assertEquals(errors.map(({ pointer, value, rule }) => [pointer, value, rule]), expected);
  });
}

Deno.test("every problem of an export is reported at once", async () => {
  await using api = await service();
  const { body } = await postJson(`${api.url}/api/exports`, {
    smart_meter_id: "a b",
    start_datetime: "2024-02-30",
    end_datetime: "2030-01-01",
    timezone: "Mars/Olympus",
    interval: "7m",
    aggregates: { power_kw: ["median"] },
    gaps: "fill",
    columns: [],
    format: "pdf",
    csv: "excel-jp",
    compression: "rar",
    layout: "deep",
    colour: "red",
  });
  const errors: { pointer: string }[] = body.errors;
  assertEquals(errors.map(({ pointer }) => pointer).toSorted(), [
    "/aggregates/power_kw/0",
    "/colour",
    "/columns",
    "/compression",
    "/csv",
    "/format",
    "/gaps",
    "/interval",
    "/layout",
    "/smart_meter_id",
    "/start_datetime",
    "/timezone",
  ]);
});

Deno.test("the first contract's path takes the new fields, and keeps its words for bodies of its own", async () => {
  await using api = await service();
  const path = `${api.url}/api/export/csv`;
  const local = await postJson(path, { ...RIGHT, timezone: "Europe/Berlin" });
  assertEquals([local.status, local.headers.get("location")], [
    200,
    `/api/export/status/${local.body.job_id}`,
  ]);
  const old = await postJson(path, { ...RIGHT, format: "json" });
  assertEquals([old.status, old.body.detail], [400, "format must be csv"]);
  const other = await postJson(`${api.url}/api/exports`, { ...RIGHT, format: "json" });
  assertEquals([other.status, other.headers.get("location")], [
    200,
    `/api/exports/${other.body.job_id}`,
  ]);
});

/** At NOW_MS it is Saturday, 2024-06-01, 14:00:00.789 in Berlin, and 22:00 in Sydney. */
const PERIODS: Record<string, [zone: string, start: string, end: string]> = {
  today: ["Europe/Berlin", "2024-05-31T22:00:00Z", "2024-06-01T12:00:00.788Z"],
  yesterday: ["Europe/Berlin", "2024-05-30T22:00:00Z", "2024-05-31T21:59:59.999Z"],
  last_7_days: ["Europe/Berlin", "2024-05-24T22:00:00Z", "2024-05-31T21:59:59.999Z"],
  this_month: ["Australia/Sydney", "2024-05-31T14:00:00Z", "2024-06-01T12:00:00.788Z"],
  last_month: ["Europe/Berlin", "2024-04-30T22:00:00Z", "2024-05-31T21:59:59.999Z"],
  // From winter time to summer time.
  last_quarter: ["Europe/Berlin", "2023-12-31T23:00:00Z", "2024-03-31T21:59:59.999Z"],
  last_year: ["Europe/Berlin", "2022-12-31T23:00:00Z", "2023-12-31T22:59:59.999Z"],
};

for (const [period, [timezone, start, end]] of Object.entries(PERIODS)) {
  Deno.test(`period: ${period} is on the clock of the zone`, async () => {
    await using api = await service();
    const { body } = await postJson(`${api.url}/api/exports`, {
      smart_meter_id: "123",
      period,
      timezone,
    });
    const { range, request } = await (await fetch(`${api.url}/api/exports/${body.job_id}`)).json();
    assertEquals(range, { start, end });
    assertEquals(request, { smart_meter_id: "123", period, timezone, format: "csv" });
  });
}

Deno.test("a workbook of more rows than five sheets have is refused, with what works", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 2));
  const path = `${service.url}/api/exports`;
  const body = {
    smart_meter_ids: ["123", ...Array.from({ length: 9 }, (_, index) => `m${index}`)],
    start_datetime: "2023-01-02",
    end_datetime: "2024-01-02",
    gaps: "null",
    format: "xlsx",
  };
  // Ten meters, of which one is there: 366 days of minutes are 527,040 rows.
  assertEquals((await postJson(path, body)).status, 200);
  for (const id of body.smart_meter_ids.slice(1)) {
    await importText(service.url, id, UPLOAD_HEADER + minuteLines(0, 2));
  }
  const { status, body: refused } = await postJson(path, body);
  assertEquals([status, refused.errors[0].pointer], [400, "/format"]);
  assertEquals(
    refused.errors[0].rule,
    "parquet or csv for about 5270400 rows, as xlsx has at most 5000000; or name a longer interval",
  );
  assertEquals((await postJson(path, { ...body, interval: "15m" })).status, 200);
});
