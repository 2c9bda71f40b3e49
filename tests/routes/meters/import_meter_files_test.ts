import { gzipSync } from "node:zlib";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import { caseFile, expectedRows } from "../../data/meter_files/case_rows.ts";
import { feed, point, type Reading, series } from "../../data/meter_files/espi_file.ts";
import { dayRecord, nem12File, seriesRecord } from "../../data/meter_files/nem12_file.ts";
import { bytesOf, REFUSED_ZIP_FILES, ZIP_FILES } from "../http/zip_files.ts";
import { zipOf } from "../http/zip_of.ts";

const NOTHING = { received: 0, inserted: 0, updated: 0, unchanged: 0, repeated: 0, rejected: 0 };

interface Sent {
  readonly type: string;
  readonly path?: string;
  readonly isGzip?: boolean;
}

function send(
  url: string,
  body: string | Uint8Array,
  { type, path = "/api/readings", isGzip = false }: Sent,
): Promise<JsonAnswer> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return askJson(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": type, ...(isGzip ? { "content-encoding": "gzip" } : {}) },
    body: new Uint8Array(isGzip ? gzipSync(bytes) : bytes),
  });
}

/** The stored readings of a meter: time and four values. */
async function storedRows(url: string, id: string): Promise<unknown[][]> {
  const { status, body } = await askJson(
    `${url}/api/meters/${id}/readings?start_time=2023-12-31&end_time=2024-01-04`,
  );
  if (status === 404) return [];
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.data.map((row: Record<string, unknown>) => [
    Date.parse(String(row.timestamp)),
    ...["energy_kwh", "power_kw", "voltage_v", "current_a"].map((name) => row[name]),
  ]);
}

/** Rows of a case as the service answers them. */
function answeredRows(name: string): unknown[][] {
  return expectedRows(name).map(([timeMs, energy]) => [timeMs, Number(energy), null, null, null]);
}

/** Everything that the two cases must store. */
async function assertCases(url: string): Promise<void> {
  for (const register of ["E1", "B1"]) {
    const rows = await storedRows(url, `VABD000163_${register}`);
    assertEquals(rows, answeredRows(`04_expected_${register}.csv`));
  }
  assertEquals(await storedRows(url, "01"), answeredRows("05_expected.csv"));
}

Deno.test("NEM12 and Green Button files are stored under their own ids, by type or by looking", async () => {
  const nem12 = caseFile("04_nem12.csv"), espi = caseFile("05_green_button.xml");
  const ways: [nem12: Sent, espi: Sent][] = [
    [{ type: "text/csv" }, { type: "application/xml" }],
    [{ type: "application/octet-stream" }, { type: "application/octet-stream" }],
    [{ type: "text/csv", isGzip: true }, { type: "text/xml", isGzip: true }],
    [
      { type: "text/csv", path: "/api/readings?format=nem12" },
      { type: "text/csv", path: "/api/readings?format=espi" },
    ],
  ];
  for (const [nem12As, espiAs] of ways) {
    await using service = await startTestService({ role: "api" });
    const first = await send(service.url, nem12, nem12As);
    const breaks = { gaps: 0, resets: 0, rollovers: 0, jumps: 0 };
    const meter = { ...breaks, left_out: [], problem: null, rejects: [] };
    assertEquals([first.status, first.body], [200, {
      dry_run: false,
      ...NOTHING,
      received: 144,
      inserted: 144,
      meters: [
        {
          smart_meter_id: "VABD000163_E1",
          ...NOTHING,
          received: 96,
          inserted: 96,
          ambiguous: 0,
          ...meter,
        },
        {
          smart_meter_id: "VABD000163_B1",
          ...NOTHING,
          received: 48,
          inserted: 48,
          ambiguous: 0,
          ...meter,
        },
      ],
      rejects: [],
      repeats: [],
      breaks: [],
      ignored_columns: [],
      left_out: [],
      preamble: [],
      quality: { actual: 116, estimated: 28 },
    }]);
    const second = await send(service.url, espi, espiAs);
    assertEquals([second.status, second.body.inserted, second.body.meters.length], [200, 24, 1]);
    await assertCases(service.url);
  }
});

Deno.test("a ZIP with one file is read as that file", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const packed = {
    nem12: zipOf(caseFile("04_nem12.csv")),
    espi: zipOf(caseFile("05_green_button.xml")),
  };
  for (const type of ["application/zip", "application/octet-stream", "text/csv"]) {
    const { status, body } = await send(url, packed.nem12, { type });
    assertEquals([status, body.received], [200, 144], type);
  }
  assertEquals(
    (await send(url, packed.espi, { type: "application/x-zip-compressed" })).body.received,
    24,
  );
  await assertCases(url);
  const [zip] = Object.values(ZIP_FILES).map(bytesOf);
  const csv = await send(url, zip, { type: "application/zip", path: "/api/meters/m1/readings" });
  assertEquals([csv.status, csv.body.inserted], [200, 24]);
  const several = bytesOf(REFUSED_ZIP_FILES["two files"]);
  const refused = await send(url, several, {
    type: "application/zip",
    path: "/api/meters/m2/readings",
  });
  assertEquals([refused.status, refused.body.code], [400, "MALFORMED_BODY"]);
  assertStringIncludes(refused.body.detail, "several files; send each of them alone: a.csv, b.csv");
  assertEquals((await askJson(`${url}/api/meters/m2`)).status, 404);
});

Deno.test("an upload for one meter takes one series of a file and names the others", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const nem12 = caseFile("04_nem12.csv");
  const first = await send(url, nem12, { type: "text/csv", path: "/api/meters/home/readings" });
  assertEquals([first.status, first.body.inserted], [200, 96]);
  const [{ series, readings, reason }] = first.body.left_out;
  assertEquals([first.body.left_out.length, series, readings], [1, "VABD000163_B1", 48]);
  assertStringIncludes(reason, "register=VABD000163_B1");
  assertEquals(await storedRows(url, "home"), answeredRows("04_expected_E1.csv"));
  const path = "/api/meters/solar/readings?register=VABD000163_B1";
  assertEquals((await send(url, nem12, { type: "text/csv", path })).body.inserted, 48);
  assertEquals(await storedRows(url, "solar"), answeredRows("04_expected_B1.csv"));
});

Deno.test("energy and power of one usage point become readings of one meter, each counted once", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const startSeconds = Date.UTC(2024, 0, 1) / 1000;
  const values = (first: number, count: number) =>
    Array.from({ length: count }, (_, i): Reading => [startSeconds + i * 3600, first + i]);
  const energy = series({ id: "1", blocks: [values(100, 3)] });
  const power = series({ id: "2", type: { uom: 38 }, blocks: [values(5000, 2), values(5000, 4)] });
  const xml = feed(
    point(),
    energy.reading,
    energy.type,
    ...energy.blocks,
    power.reading,
    power.type,
    ...power.blocks,
  );
  // Four times; two values of power are sent twice.
  const counts = { ...NOTHING, received: 6, repeated: 2 };
  const dry = await send(url, xml, { type: "application/xml", path: "/api/readings?dry_run=true" });
  assertEquals(pick(dry.body), { ...counts, inserted: 4 });
  const { body } = await send(url, xml, { type: "application/xml" });
  assertEquals(pick(body), { ...counts, inserted: 4 });
  assertEquals(body.repeats.map((repeat: { smart_meter_id: string }) => repeat.smart_meter_id), [
    "01",
    "01",
  ]);
  const rows = (await storedRows(url, "01")).map((row) => row.slice(1));
  assertEquals(rows, [
    [0.1, 5, null, null],
    [0.101, 5.001, null, null],
    [0.102, 5.002, null, null],
    [null, 5.003, null, null],
  ]);
  assertEquals(pick((await send(url, xml, { type: "application/xml" })).body), {
    ...counts,
    unchanged: 4,
  });
});

function pick(body: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.keys(NOTHING).map((name) => [name, body[name]]));
}

Deno.test("what came before the end of a file that was cut is stored, and the error says how much", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const cut = nem12File(seriesRecord(), dayRecord("20240101", Array(48).fill("1"))).replace(
    "900\n",
    "",
  );
  const { status, body } = await send(url, cut, { type: "text/csv" });
  assertEquals([status, body.code, body.stored], [400, "MALFORMED_BODY", {
    ...NOTHING,
    received: 48,
    inserted: 48,
  }]);
  assertEquals((await storedRows(url, "VABD000163_E1")).length, 48);
  const xml = new TextDecoder().decode(caseFile("05_green_button.xml"));
  const cutXml = await send(url, xml.slice(0, xml.indexOf("<value>344")), {
    type: "application/xml",
  });
  assertEquals([cutXml.status, cutXml.body.stored.inserted], [400, 4]);
});

Deno.test("a DOCTYPE, parameters that a format does not take, and unknown formats are refused", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const bomb = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><a>&b;</a>';
  const refused = await send(url, bomb, { type: "application/xml" });
  assertEquals([refused.status, refused.body.code], [400, "INVALID_REQUEST"]);
  const nem12 = caseFile("04_nem12.csv");
  for (const format of ["&format=nem12", ""]) {
    const path = `/api/readings?delimiter=;&timezone=Australia/Sydney${format}`;
    const { status, body } = await send(url, nem12, { type: "text/csv", path });
    assertEquals([status, body.errors.map(({ pointer }: { pointer: string }) => pointer)], [400, [
      "#delimiter",
      "#timezone",
    ]]);
  }
  const unknown = await send(url, nem12, { type: "text/csv", path: "/api/readings?format=nem13" });
  assertEquals([unknown.status, unknown.body.errors[0].pointer], [400, "#format"]);
  assertEquals((await askJson(`${url}/api/meters`)).body.meters, []);
});
