import { gzipSync } from "node:zlib";
import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, exportToEnd, type JsonAnswer, startTestService } from "../../support/service.ts";
import { isThorough } from "../../support/thorough.ts";
import { createTestApp } from "../app_fixture.ts";
import { TEN_MINUTES } from "../exports/export_example.ts";
import { holdUpload } from "./held_upload.ts";
import { FILE_HEADER, minuteLines, minuteText, UPLOAD_HEADER } from "./meter_csv.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";

const CSV = "text/csv", NDJSON = "application/x-ndjson", JSON_ARRAY = "application/json";
const PATH = "/api/meters/123/readings";

interface Sent {
  readonly type: string;
  readonly query?: string;
  readonly isGzip?: boolean;
}

function send(
  url: string,
  body: string | Uint8Array,
  { type, query = "", isGzip = false }: Sent,
): Promise<JsonAnswer> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return askJson(`${url}${PATH}?${query}`, {
    method: "POST",
    headers: { "content-type": type, ...(isGzip ? { "content-encoding": "gzip" } : {}) },
    body: new Uint8Array(isGzip && typeof body === "string" ? gzipSync(bytes) : bytes),
  });
}

/** The minutes of `minuteLines()` as objects. */
function minuteObjects(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, offset) => {
    const index = first + offset;
    return `{"timestamp":"${minuteText(index)}","energy_kwh":0.05,"power_kw":3,` +
      `"voltage_v":${220 + index % 20}.5,"current_a":${index % 10}}`;
  });
}

/** The counts of a report. */
function counts({ body }: JsonAnswer): number[] {
  return [body.received, body.inserted, body.updated, body.unchanged, body.rejected];
}

Deno.test("the same readings are the same in every form, with gzip or without", async () => {
  await using service = await startTestService({ role: "api" });
  const objects = minuteObjects(0, 50);
  const forms: [type: string, body: string][] = [
    [CSV, UPLOAD_HEADER + minuteLines(0, 50)],
    [NDJSON, objects.join("\n")],
    [JSON_ARRAY, `[${objects.join(",\n")}]`],
  ];
  for (const [index, [type, body]] of forms.entries()) {
    for (const isGzip of [false, true]) {
      const answer = await send(service.url, body, { type, isGzip });
      const isFirst = index === 0 && !isGzip;
      assertEquals([answer.status, ...counts(answer)], [
        200,
        50,
        isFirst ? 50 : 0,
        0,
        isFirst ? 0 : 50,
        0,
      ]);
    }
  }
});

Deno.test("rejected lines have a line, rejected elements of an array have an index", async () => {
  await using service = await startTestService({ role: "api" });
  const [good] = minuteObjects(0, 1);
  const expected = { field: null, value: "7", rule: "a JSON object" };
  const lines = await send(service.url, `${good}\n\n7\n`, { type: NDJSON });
  assertEquals(lines.body.rejects, [{ line: 3, ...expected }]);
  const array = await send(service.url, `[${good},7]`, { type: JSON_ARRAY });
  assertEquals(array.body.rejects, [{ index: 1, ...expected }]);
});

Deno.test("a file with semicolons, decimal commas, local times and watts comes out like any other", async () => {
  await using service = await startTestService();
  const csv = "\ufeffDatum;Uhrzeit;Leistung;Spannung\r\n" +
    "01.01.2024;01:00;1500,5;230,10\r\n" +
    '01.01.2024;01:01;"-";"231"\r\n';
  const query = new URLSearchParams({
    delimiter: ";",
    decimal: ",",
    timestamp: "Datum,Uhrzeit",
    timestamp_format: "dd.MM.yyyy HH:mm",
    timezone: "Europe/Berlin",
    map: "Leistung:power_kw:W,Spannung:voltage_v",
    missing: "-",
  });
  const answer = await send(service.url, csv, { type: CSV, query: String(query), isGzip: true });
  assertEquals(counts(answer), [2, 2, 0, 0, 0]);
  const { file_info } = await exportToEnd(service.url, TEN_MINUTES);
  const file = await fetch(service.url + file_info.download_url);
  assertEquals(
    await file.text(),
    `${FILE_HEADER}2024-01-01T00:00:00Z,123,,1.5005,230.1,\n2024-01-01T00:01:00Z,123,,,231,\n`,
  );
});

Deno.test("wrong parameters are listed all at once, before the body is read", async () => {
  const { app } = createTestApp();
  const body = new ReadableStream({ pull: () => Promise.reject(new Error("it was read")) });
  const query = "delimiter=ab&timezone=Mars&dry_run=1&colour=red";
  const init = { method: "POST", headers: { "content-type": CSV }, body };
  const answer = await jsonAnswer(await app.request(`${PATH}?${query}`, init));
  const { errors } = answer.body;
  assertProblem(answer, {
    status: 400,
    code: "INVALID_REQUEST",
    detail: /dry_run must be true or false/,
  });
  const pointers = errors.map(({ pointer }: { pointer: string }) => pointer);
  assertEquals(pointers.sort(), ["#colour", "#delimiter", "#dry_run", "#timezone"]);
});

Deno.test("an upload without readings is accepted if its form allows it", async () => {
  await using service = await startTestService({ role: "api" });
  const forms: [body: string, type: string, status: number][] = [
    [UPLOAD_HEADER, CSV, 200],
    [UPLOAD_HEADER.replace("\n", "\r\n"), CSV, 200],
    ["", NDJSON, 200],
    ["\n\r\n", NDJSON, 200],
    ["[]", JSON_ARRAY, 200],
    ["", CSV, 400],
    [" \n", CSV, 400],
    ["", JSON_ARRAY, 400],
    [" ", JSON_ARRAY, 400],
    ["{}", JSON_ARRAY, 400],
  ];
  for (const [body, type, status] of forms) {
    for (const isGzip of [false, true]) {
      const answer = await send(service.url, body, { type, isGzip });
      assertEquals(answer.status, status, `${JSON.stringify(body)} as ${type}`);
      if (status === 200) assertEquals(counts(answer), [0, 0, 0, 0, 0]);
    }
  }
  assertEquals((await askJson(`${service.url}/api/meters/123`)).status, 404);
});

const lines = UPLOAD_HEADER + minuteLines(0, 80_000);
const cutGzip = new Uint8Array(gzipSync(lines)).subarray(0, -5);
const openArray = `[${minuteObjects(0, 80_000).join()}`;

for (
  const [what, body, sent, whole] of [
    ["gzip that is cut off", cutGzip, { type: CSV, isGzip: true }, lines],
    ["an array that is not closed", openArray, { type: JSON_ARRAY }, `${openArray}]`],
    ["an array of two parts", `${openArray}[]`, { type: JSON_ARRAY }, `${openArray}]`],
  ] as const
) {
  const name = `${what} stores a beginning, and sending all of it completes it`;
  Deno.test({ name, ignore: sent.type !== CSV && !isThorough }, async () => {
    await using service = await startTestService({ role: "api" });
    const answer = await send(service.url, body, sent);
    assertProblem(answer, { status: 400, code: "MALFORMED_BODY", detail: /gzip|]/ });
    const { body: meter } = await askJson(`${service.url}/api/meters/123`);
    assert(meter.count > 0 && meter.count < 80_000, `${meter.count} are stored`);
    assertEquals([meter.last_reading, meter.imports], [minuteText(meter.count - 1), []]);
    const again = await send(service.url, whole, { type: sent.type });
    assertEquals(counts(again), [80_000, 80_000 - meter.count, 0, meter.count, 0]);
  });
}

Deno.test("a short upload that breaks off stores nothing and creates no meter", async () => {
  await using service = await startTestService({ role: "api" });
  const answers = [
    await send(service.url, `[${minuteObjects(0, 9)}`, { type: JSON_ARRAY }),
    await send(service.url, minuteObjects(0, 9).join("\n"), { type: JSON_ARRAY }),
    await send(service.url, new Uint8Array(gzipSync(lines)).subarray(0, 5), {
      type: CSV,
      isGzip: true,
    }),
    await send(service.url, new TextEncoder().encode(lines), { type: CSV, isGzip: true }),
  ];
  assertEquals(answers.map(({ status }) => status), [400, 400, 400, 400]);
  assertEquals((await askJson(`${service.url}/api/meters/123`)).status, 404);
});

Deno.test("gzip that decompresses to one endless record costs only that record", async () => {
  await using service = await startTestService({ role: "api" });
  const endless = "x".repeat(32 << 20);
  const [good] = minuteObjects(0, 1);
  const csv = `${UPLOAD_HEADER}${endless}\n${minuteLines(0, 1)}`;
  const forms: [type: string, body: string][] = [
    [CSV, csv],
    [NDJSON, `${endless}\n${good}`],
    [JSON_ARRAY, `["${endless}",${good}]`],
  ];
  for (const [type, body] of forms) {
    const { status, body: report } = await send(service.url, body, { type, isGzip: true });
    assertEquals([status, report.received, report.rejected], [200, 2, 1], type);
    assertEquals(report.rejects[0].rule, "at most 65536 bytes");
    assertEquals(report.rejects[0].value.length, 100);
  }
});

Deno.test("simultaneous imports of one meter in all forms are stored whole, each reading once", async () => {
  await using service = await startTestService({ role: "api" });
  const objects = minuteObjects(0, 40_000);
  const answers = await Promise.all([
    send(service.url, UPLOAD_HEADER + minuteLines(0, 40_000), { type: CSV, isGzip: true }),
    send(service.url, objects.join("\n"), { type: NDJSON }),
    send(service.url, `[${objects}]`, { type: JSON_ARRAY }),
  ]);
  const sums = answers.map(counts).reduce((sum, row) => sum.map((value, at) => value + row[at]));
  assertEquals(sums, [120_000, 40_000, 0, 80_000, 0]);
  assertEquals((await askJson(`${service.url}/api/meters/123`)).body.count, 40_000);
});

Deno.test("a meter that is deleted during an import has what came after, and says so", async () => {
  await using service = await startTestService();
  const text = UPLOAD_HEADER + minuteLines(0, 40_000);
  const rest = minuteLines(40_000, 10);
  const headers = { "content-type": CSV, "content-length": String(text.length + rest.length) };
  using upload = await holdUpload(service.url, PATH, headers);
  await upload.send(text);
  const stored = await untilStored(service.url);
  const removed = await askJson(`${service.url}/api/meters/123`, {
    method: "DELETE",
    headers: { prefer: "wait=10" },
  });
  assertEquals([removed.status, removed.body.deleted_readings], [200, stored]);
  const { body } = await askJson(`${service.url}/api/meters/123`);
  assertEquals([body.count, body.imports.length], [0, 1], "the import is still running");
  await upload.send(rest);
  assertEquals((await upload.answer()).body.inserted, 40_010);
  const after = await askJson(`${service.url}/api/meters/123`);
  assertEquals([after.body.count, after.body.first_reading], [40_010 - stored, minuteText(stored)]);
});

/** How many readings the meter has once the first ones are stored. */
async function untilStored(url: string): Promise<number> {
  const endMs = Date.now() + 20_000;
  for (;;) {
    const { body } = await askJson(`${url}/api/meters/123`);
    if (body.count > 0 && body.imports[0].inserted === body.count) return body.count;
    assert(Date.now() < endMs, "nothing of a long upload is stored before its end");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
