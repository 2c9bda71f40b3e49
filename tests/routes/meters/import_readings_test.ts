import { AppError } from "../../../data/app_error.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, exportToEnd, importText, startTestService } from "../../support/service.ts";
import { createTestApp, emptySeries } from "../app_fixture.ts";
import { TEN_MINUTES } from "../exports/export_example.ts";
import { minuteLines, minuteText, UPLOAD_HEADER } from "./meter_csv.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";

const CSV_TYPE = { "content-type": "text/csv" };
const MEDIA_RULE = "Content-Type must be text/csv, application/x-ndjson, application/json, " +
  "application/xml, text/xml, application/zip, application/x-zip-compressed or " +
  "application/octet-stream";
const CODING_RULE = "Content-Encoding must be gzip or identity";
const NOTHING = { received: 0, inserted: 0, updated: 0, unchanged: 0, repeated: 0, rejected: 0 };

/** The report of an import with some counts. */
function report(counts: Partial<typeof NOTHING>, rest: Record<string, unknown> = {}): unknown {
  return {
    smart_meter_id: "123",
    dry_run: false,
    ...NOTHING,
    ...counts,
    rejects: [],
    repeats: [],
    ambiguous: 0,
    gaps: 0,
    resets: 0,
    rollovers: 0,
    jumps: 0,
    breaks: [],
    ignored_columns: [],
    left_out: [],
    preamble: [],
    ...rest,
  };
}

Deno.test("an import reports what it did: new, changed and unchanged times", async () => {
  await using service = await startTestService({ role: "api" });
  const first = UPLOAD_HEADER + minuteLines(0, 3);
  const answer = await importText(service.url, "123", first);
  assertEquals(answer.status, 200);
  assertEquals(answer.body, report({ received: 3, inserted: 3 }));
  const again = await importText(service.url, "123", first);
  assertEquals(again.body, report({ received: 3, unchanged: 3 }));
  const second = `${UPLOAD_HEADER}${minuteText(1)},9,9,9,9\n${minuteLines(2, 1)}` +
    `${minuteText(3)},,,,\n${minuteText(4)},1,1,-1,1\n`;
  const { body } = await importText(service.url, "123", second);
  const rejects = [{ line: 5, field: "voltage_v", value: "-1", rule: "0 to 1000000 V" }];
  const counts = { received: 4, inserted: 1, updated: 1, unchanged: 1, rejected: 1 };
  assertEquals(body, report(counts, { rejects }));
});

Deno.test("the same values written another way are unchanged", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(service.url, "123", UPLOAD_HEADER + "2024-01-01T00:00:00Z,0.5,30,230,1.25\n");
  const { body } = await importText(
    service.url,
    "123",
    UPLOAD_HEADER + "2024-01-01T01:00:00.000+01:00,0.50,3e1,230.0,+1.25\n",
  );
  assertEquals(body, report({ received: 1, unchanged: 1 }));
});

Deno.test("columns go by name, in any order, and unknown ones are listed", async () => {
  await using service = await startTestService();
  const csv = "note,current_a,timestamp,colour,energy_kwh,smart_meter_id\n" +
    "first,9.7,2024-01-01T00:00:00Z,red,0.78,123\n" +
    '"a, ""b""",9.9,2024-01-01T00:01:00Z,,0.66,123\n';
  const { body } = await importText(service.url, "123", csv);
  assertEquals(
    body,
    report({ received: 2, inserted: 2 }, { ignored_columns: ["note", "colour"] }),
  );
  const { file_info } = await exportToEnd(service.url, TEN_MINUTES);
  const file = await fetch(service.url + file_info.download_url);
  const lines = (await file.text()).split("\n");
  assertEquals(lines.slice(1), [
    "2024-01-01T00:00:00Z,123,0.78,,,9.7",
    "2024-01-01T00:01:00Z,123,0.66,,,9.9",
    "",
  ]);
});

Deno.test("each bad line is listed with line, field, value and rule, and stops no other", async () => {
  await using service = await startTestService({ role: "api" });
  const csv = "timestamp,smart_meter_id,power_kw,voltage_v\n" +
    "2024-01-01T00:00:00Z,123,1,230\n" +
    "yesterday,123,1,230\n" +
    "2024-01-01T00:02:00Z,124,1,230\n" +
    "2024-01-01T00:03:00Z,123,much,230\n" +
    "2024-01-01T00:04:00Z,123,1,-230\n" +
    "2024-01-01T00:05:00Z,123,1\n" +
    "\n" +
    "1969-12-31T23:59:59Z,123,1,230\n" +
    "2024-01-01T00:08:00Z,123,1,230";
  const { body } = await importText(service.url, "123", csv);
  const listed = body.rejects.map((
    { line, field, value }: { line: number; field: string | null; value: string },
  ) => [line, field, value]);
  assertEquals(listed, [
    [3, "timestamp", "yesterday"],
    [4, "smart_meter_id", "124"],
    [5, "power_kw", "much"],
    [6, "voltage_v", "-230"],
    [7, null, "2024-01-01T00:05:00Z,123,1"],
    [9, "timestamp", "1969-12-31T23:59:59Z"],
  ]);
  const rules = body.rejects.map(({ rule }: { rule: string }) => rule.length > 0);
  assertEquals(rules, Array(6).fill(true));
  assertEquals([body.received, body.inserted, body.rejected], [8, 2, 6]);
});

Deno.test("times before OLDEST_READING are rejected with its rule", async () => {
  const acceptedTimes = { oldestMs: Date.UTC(2024, 0, 1), futureToleranceMs: 0 };
  await using service = await startTestService({ role: "api", acceptedTimes });
  const csv = "timestamp,power_kw\n" +
    "1970-01-01T00:00:00Z,1\n" +
    "2023-12-31T23:59:59.999Z,1\n" +
    "2024-01-01T00:00:00Z,1\n" +
    // Times ahead of the clock are accepted: they may be forecasts.
    "2099-01-01T00:00:00Z,1\n";
  const { body } = await importText(service.url, "123", csv);
  assertEquals([body.inserted, body.rejected], [2, 2]);
  const rule = "2024-01-01T00:00:00Z or later";
  assertEquals(body.rejects, [
    { line: 2, field: "timestamp", value: "1970-01-01T00:00:00Z", rule },
    { line: 3, field: "timestamp", value: "2023-12-31T23:59:59.999Z", rule },
  ]);
});

Deno.test("the first 100 bad lines are listed, all are counted", async () => {
  await using service = await startTestService({ role: "api" });
  const bad = Array.from({ length: 150 }, (_, index) => `bad ${index},1,1,1,1\n`).join("");
  const { body } = await importText(service.url, "123", UPLOAD_HEADER + bad + minuteLines(0, 5));
  assertEquals([body.received, body.inserted, body.rejected], [155, 5, 150]);
  const values = body.rejects.map(({ value }: { value: string }) => value);
  assertEquals(values, Array.from({ length: 100 }, (_, index) => `bad ${index}`));
});

Deno.test("a header alone imports nothing and creates no meter", async () => {
  await using service = await startTestService({ role: "api" });
  const { status, body } = await importText(service.url, "123", UPLOAD_HEADER);
  assertEquals([status, body], [200, report({})]);
  assertEquals((await askJson(`${service.url}/api/meters/123`)).status, 404);
});

for (
  const [what, header, detail] of [
    ["that is empty", "", /timestamp/],
    ["of line ends alone", "\n\n", /timestamp/],
    ["without timestamp", "time,energy_kwh\n", /no timestamp column/],
    ["without a metric", "timestamp,smart_meter_id\n", /energy_kwh, power_kw, voltage_v/],
    ["with a column twice", "timestamp,power_kw,power_kw\n", /power_kw twice/],
    ["with neither", "a;b;c\n", /no timestamp column.*; .*energy_kwh/],
  ] as const
) {
  Deno.test(`an import of a file ${what} is refused and writes nothing`, async () => {
    await using service = await startTestService({ role: "api" });
    const csv = header === "" ? "" : header + "2024-01-01T00:00:00Z,1,1\n";
    const answer = await importText(service.url, "123", csv);
    assertProblem(answer, { status: 400, code: "INVALID_REQUEST", detail });
    assert(answer.body.errors.length > 0, "nothing is listed");
    assertEquals((await askJson(`${service.url}/api/meters/123`)).status, 404);
  });
}

Deno.test("an import without a body is refused like an empty file", async () => {
  await using service = await startTestService({ role: "api" });
  const init = { method: "POST", headers: CSV_TYPE };
  const answer = await askJson(`${service.url}/api/meters/123/readings`, init);
  assertProblem(answer, { status: 400, code: "INVALID_REQUEST", detail: /timestamp/ });
});

for (
  const [what, headers, detail] of [
    ["HTML", { "content-type": "text/html" }, MEDIA_RULE],
    ["a form", { "content-type": "multipart/form-data" }, MEDIA_RULE],
    ["no type", {}, MEDIA_RULE],
    ["Brotli", { ...CSV_TYPE, "content-encoding": "br" }, CODING_RULE],
    ["gzip twice", { ...CSV_TYPE, "content-encoding": "gzip, gzip" }, CODING_RULE],
    [
      "a form in Brotli",
      { "content-type": "multipart/form-data", "content-encoding": "br" },
      `${MEDIA_RULE}; ${CODING_RULE}`,
    ],
  ] as const
) {
  Deno.test(`an import as ${what} is refused`, async () => {
    await using service = await startTestService({ role: "api" });
    const body = new TextEncoder().encode(UPLOAD_HEADER + minuteLines(0, 1));
    const init: RequestInit = { method: "POST", headers, body };
    const answer = await askJson(`${service.url}/api/meters/123/readings`, init);
    assertProblem(answer, { status: 415, code: "UNSUPPORTED_MEDIA_TYPE", detail });
    assertEquals((await askJson(`${service.url}/api/meters/123`)).status, 404);
  });
}

Deno.test("the parameters of text/csv change nothing", async () => {
  await using service = await startTestService({ role: "api" });
  const headers = { "content-type": "Text/CSV; charset=utf-8; header=present" };
  const body = UPLOAD_HEADER + minuteLines(0, 1);
  const init = { method: "POST", headers, body };
  const answer = await askJson(`${service.url}/api/meters/123/readings`, init);
  assertEquals(answer.body, report({ received: 1, inserted: 1 }));
});

Deno.test("an error of the series store is not an error of the upload", async () => {
  const busy = new AppError("SERIES_BUSY", "Too many writes to '123' at once");
  const write = () => Promise.reject(busy);
  const { app } = createTestApp({ series: { ...emptySeries(), write } });
  const init = { method: "POST", headers: CSV_TYPE, body: UPLOAD_HEADER + minuteLines(0, 1) };
  assertProblem(await jsonAnswer(await app.request("/api/meters/123/readings", init)), {
    status: 503,
    code: "SERIES_BUSY",
    detail: "Too many writes to '123' at once",
  });
});
