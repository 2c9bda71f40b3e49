import { gzipSync, zipSync } from "fflate";
import { createTestApp } from "../app_fixture.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import type { InspectionBody, PresetListBody } from "../../../routes/meters/inspect_schemas.ts";
import { assertProblem } from "../problem_assert.ts";

const { app } = createTestApp();

async function inspect(body: BodyInit, headers: Record<string, string> = {}) {
  const answer = await app.request("/api/readings/inspect", { method: "POST", headers, body });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** The answer about a file; every file has one. */
async function inspected(
  body: BodyInit,
  headers?: Record<string, string>,
): Promise<InspectionBody> {
  const answer = await inspect(body, headers);
  assertEquals(answer.status, 200);
  return answer.body;
}

const LINES = [
  "Messzeitpunkt;Verbrauch (kWh);Power (kW)",
  "01.02.2024 00:00;0,063;0,252",
  "01.02.2024 00:15;0,083;0,332",
  "01.02.2024 00:30;;0,368",
  "Summe;0,146;",
];
const TEXT = `${LINES.join("\n")}\n`;

Deno.test("a table of which nothing is known: what it is, its import, and the first readings", async () => {
  const body = await inspected(TEXT);
  assertEquals([body.format, body.importable, body.encoding], ["csv", true, "utf-8"]);
  assertEquals([body.delimiter, body.decimal, body.header_line], [";", ",", 1]);
  assertEquals([body.interval, body.layout, body.zone_needed], ["15m", "long", true]);
  assertEquals(body.columns.map(({ role, metric, unit }) => [role, metric, unit]), [
    ["time", null, null],
    ["metric", "energy_kwh", "kWh"],
    ["metric", "power_kw", "kW"],
  ]);
  assertEquals(body.import?.path, "/api/meters/{id}/readings");
  assertEquals(body.import?.headers, { "content-type": "text/csv" });
  assertEquals(body.readings.map((reading) => Object.values(reading)), [
    [null, "2024-02-01T00:00:00Z", 0.063, 0.252, null, null],
    [null, "2024-02-01T00:15:00Z", 0.083, 0.332, null, null],
    [null, "2024-02-01T00:30:00Z", null, 0.368, null, null],
  ]);
  assertEquals([body.rejected, body.rejects[0].line, body.rejects[0].value], [1, 5, "Summe"]);
  assert(body.doubts.some(({ about }) => about === "timezone"));
});

Deno.test("the query is that of the parameters, and a list of values is sent as such", async () => {
  const { import: call } = await inspected(TEXT);
  const query = new URLSearchParams(call?.query);
  for (const [name, values] of Object.entries(call?.parameters ?? {})) {
    assertEquals(query.getAll(name), values);
  }
  assertEquals(query.getAll("map"), ["Verbrauch (kWh):energy_kwh", "Power (kW):power_kw"]);
});

Deno.test("gzip and ZIP are seen through, by their content or by Content-Encoding", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  const gzip = gzipSync(bytes);
  for (const headers of [{}, { "content-encoding": "gzip" }] as Record<string, string>[]) {
    const body = await inspected(gzip, headers);
    assertEquals([body.compression, body.columns.length], ["gzip", 3]);
    assertEquals(body.import?.headers["content-encoding"], "gzip");
  }
  const zip = await inspected(zipSync({ "data.csv": bytes }));
  assertEquals([zip.compression, zip.columns.length], ["zip", 3]);
});

Deno.test("only the beginning of a long file is read, and the rest is not waited for", async () => {
  const row = new TextEncoder().encode("01.02.2024 00:15;0,083;0,332\n".repeat(2_000));
  let sent = 0, isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(sent === 0 ? new TextEncoder().encode(`${LINES[0]}\n`) : row);
      sent += row.length;
      // The stream never ends.
    },
    cancel() {
      isCancelled = true;
    },
  });
  const answer = await inspected(body);
  assertEquals([answer.bytes_read, answer.is_whole], [1_048_576, false]);
  assert(isCancelled && sent < 1_300_000, String(sent));
});

Deno.test("files that cannot be imported are answered with what they are and what to do", async () => {
  const cases: [BodyInit, string][] = [
    ["", "empty"],
    ["%PDF-1.7", "pdf"],
    ["<!doctype html><html></html>", "html"],
    [zipSync({ "xl/workbook.xml": new Uint8Array(10) }), "xlsx"],
    [new Uint8Array(70_000).map((_, index) => index * 7919 % 251), "binary"],
    ["x".repeat(1_100_000), "text"],
  ];
  for (const [body, format] of cases) {
    const answer = await inspected(body);
    assertEquals([answer.format, answer.importable, answer.import], [format, false, null]);
    assertMatch(answer.advice ?? "", /\w+ \w+/);
    assertEquals([answer.readings, answer.doubts], [[], []]);
  }
});

Deno.test("a ZIP that no upload can have is refused as an upload refuses it", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  const code = "MALFORMED_BODY";
  const several = await inspect(zipSync({ "a.csv": bytes, "b.csv": bytes }));
  const detail = "The ZIP has several files; send each of them alone: a.csv, b.csv";
  assertProblem(several, { status: 400, code, detail });
  const encrypted = zipSync({ "a.csv": bytes });
  // Bit 0 of the general purpose flags (PKWARE APPNOTE 4.4.4).
  encrypted[6] |= 1;
  const locked = await inspect(encrypted);
  assertProblem(locked, { status: 400, code, detail: "The ZIP is encrypted: a.csv" });
});

Deno.test("what is not gzip, and a coding that is not known, are problems", async () => {
  const code = "MALFORMED_BODY";
  const plain = await inspect(TEXT, { "content-encoding": "gzip" });
  assertProblem(plain, { status: 400, code, detail: "The body is not valid gzip" });
  const damaged = gzipSync(new TextEncoder().encode(TEXT));
  damaged.fill(255, 10);
  const broken = await inspect(damaged);
  assertProblem(broken, { status: 400, code, detail: "The gzip file is damaged" });
  assertProblem(await inspect(TEXT, { "content-encoding": "br" }), {
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
    detail: "Content-Encoding must be gzip or identity",
    errors: [["#content-encoding", "Content-Encoding must be gzip or identity"]],
  });
});

Deno.test("GET /api/presets lists every preset with its signature, options and source", async () => {
  const response = await app.request("/api/presets");
  const { presets }: PresetListBody = await response.json();
  assert(presets.length >= 20);
  const preset = presets.find(({ name }) => name === "household-power");
  assertEquals(preset?.options.timestamp, ["Date", "Time"]);
  assertEquals(preset?.signature.columns.includes("Global_active_power"), true);
  assertMatch(preset?.source.url ?? "", /archive\.ics\.uci\.edu/);
});

Deno.test("NEM12 names its meters, and a file of two goes to the route for many", async () => {
  const bytes = await Deno.readFile(
    new URL("../../data/meter_files/cases/04_nem12.csv", import.meta.url),
  );
  const body = await inspected(bytes);
  assertEquals([body.format, body.import?.path], ["nem12", "/api/readings"]);
  assertEquals([body.meters?.count, body.meters?.column], [2, null]);
  // The first interval of 1 January 2024 at UTC+10.
  assertEquals(body.readings[0].timestamp, "2023-12-31T14:00:00Z");
});

async function inspectedWith(query: Record<string, string>): Promise<InspectionBody> {
  const url = `/api/readings/inspect?${new URLSearchParams(query)}`;
  const answer = await app.request(url, { method: "POST", body: TEXT });
  assertEquals(answer.status, 200);
  return await answer.json();
}

const GIVEN = "delimiter=;&decimal=,&timestamp=Messzeitpunkt&timestamp_format=dd.MM.yyyy HH:mm&" +
  "map=Verbrauch (kWh):energy_kwh";

Deno.test("an import that the request names is tried instead of the proposed one", async () => {
  const body = await inspectedWith({ import: `${GIVEN}&timezone=Europe/Vienna`, rows: "1" });
  // Vienna is an hour ahead of UTC in February.
  assertEquals(body.readings.map(({ timestamp }) => timestamp), ["2024-01-31T23:00:00Z"]);
  assertEquals(body.reading_lines, [2]);
  assertEquals(body.import?.parameters.timezone, ["Europe/Vienna"]);
  assertEquals(body.rejects.map(({ line }) => line), [5]);
});

Deno.test("an import that would be refused is none, and the advice says why", async () => {
  const body = await inspectedWith({ import: `${GIVEN}&timezone=Mars` });
  assertEquals([body.importable, body.import, body.readings], [false, null, []]);
  assertMatch(body.advice ?? "", /timezone must be an IANA time zone/);
});

Deno.test("one meter or many is a choice, and wrong values of the query are named", async () => {
  assertEquals((await inspectedWith({ into: "many" })).importable, false);
  assertEquals((await inspectedWith({ into: "one" })).import?.path, "/api/meters/{id}/readings");
  const answer = await app.request("/api/readings/inspect?rows=0&into=two", {
    method: "POST",
    body: TEXT,
  });
  const { errors } = await answer.json();
  assertEquals(errors.map(({ pointer }: { pointer: string }) => pointer), ["#into", "#rows"]);
});
