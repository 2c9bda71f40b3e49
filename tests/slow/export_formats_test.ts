import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import type { CsvDialectName } from "../../data/encoders/csv_dialect.ts";
import { exportOf, linesOf } from "../routes/exports/export_of.ts";
import { assertEquals } from "../support/assert.ts";
import { decimalTexts, plainDecimal, type Row } from "../support/pages.ts";
import { putJson } from "../support/profiles.ts";
import { askJson, startTestService, type TestService } from "../support/service.ts";
import { amount } from "../support/thorough.ts";
import { unzip } from "../support/unzip.ts";

/** Readings of a meter of one profile. */
interface Series {
  readonly profile: string;
  readonly metrics: readonly string[];
  readonly rows: readonly Row[];
}

interface Case extends Series {
  readonly zone: string;
  readonly dialect: CsvDialectName;
}

const METER = ["energy_kwh", "power_kw", "voltage_v", "current_a"];
/** A profile of a user without any range. */
const PROBE = ["level", "total_kwh", "drift"];
const PROBE_METRICS = PROBE.map((name) => ({
  name,
  unit: name === "total_kwh" ? "kWh" : "1",
  aggregate: "mean",
}));

/** Any decimal of up to 15 digits: these are stored exactly. */
const anyDecimal = decimalTexts();
/** Decimals within the ranges of a meter, which is never below 0 V. */
const inRange = (sign: boolean) =>
  fc.tuple(fc.nat(999_999_999), fc.integer({ min: 4, max: 12 }), fc.boolean())
    .map(([digits, scale, isNegative]) =>
      `${sign && isNegative ? "-" : ""}${plainDecimal(`${digits}e-${scale}`)}`
    );
/** Few digits, so that all values of a column fit into the integers of ESPI. */
const short = (sign: boolean) =>
  fc.tuple(fc.nat(999_999), fc.nat(5), fc.boolean()).map(([digits, scale, isNegative]) =>
    `${sign && isNegative ? "-" : ""}${plainDecimal(`${digits}e-${scale}`)}`
  );

/** Ascending times of 2024 with the steps of a meter, some missing, over a clock change or not. */
const times = fc.record({
  day: fc.constantFrom("2024-03-30T22:00:00Z", "2024-10-26T22:00:00Z", "2024-06-01T00:00:07Z"),
  stepMs: fc.constantFrom(1_000, 60_000, 900_000, 1_800_000),
  taken: fc.uniqueArray(fc.nat(120), { minLength: 1, maxLength: 60 }),
}).map(({ day, stepMs, taken }) =>
  taken.toSorted((one, other) => one - other).map((step) => Date.parse(day) + step * stepMs)
);

function rowsOf(values: readonly fc.Arbitrary<string>[]): fc.Arbitrary<Row[]> {
  const texts = fc.tuple(
    ...values.map((value) =>
      fc.oneof({ weight: 1, arbitrary: fc.constant("") }, { weight: 4, arbitrary: value })
    ),
  );
  return times.chain((all) =>
    fc.array(texts, { minLength: all.length, maxLength: all.length }).map((rows) =>
      all.map((timeMs, index): Row => [timeMs, ...withOneValue(rows[index])])
    )
  );
}

/** ESPI has no reading without a value, so that each row has one. */
function withOneValue(texts: readonly string[]): readonly string[] {
  return texts.some((text) => text !== "") ? texts.map(plainDecimal) : ["0", ...texts.slice(1)];
}

const series: fc.Arbitrary<Series> = fc.oneof(
  rowsOf([inRange(true), inRange(true), inRange(false), inRange(true)])
    .map((rows) => ({ profile: "meter", metrics: METER, rows })),
  rowsOf([short(true), short(true), short(false), short(true)])
    .map((rows) => ({ profile: "meter_short", metrics: METER, rows })),
  rowsOf([anyDecimal, anyDecimal, anyDecimal])
    .map((rows) => ({ profile: "probe", metrics: PROBE, rows })),
);

const anyCase: fc.Arbitrary<Case> = fc.tuple(
  series,
  fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "-08:00"),
  fc.constantFrom<CsvDialectName>("rfc4180", "tsv"),
).map(([one, zone, dialect]) => ({ ...one, zone, dialect }));

/** A service that knows the profile of a user. */
async function startWithProfile(): Promise<TestService> {
  const service = await startTestService();
  const { status } = await putJson(`${service.url}/api/profiles/probe`, { metrics: PROBE_METRICS });
  assertEquals(status, 201);
  return service;
}

/** Uploads a file to a new meter. */
async function upload(
  { url }: TestService,
  { id, profile }: { id: string; profile: string },
  { contentType, query = "", body: file }: { contentType: string; query?: string; body: BodyInit },
): Promise<void> {
  if (profile === "probe") {
    assertEquals((await putJson(`${url}/api/meters/${id}`, { profile })).status, 201);
  }
  const { status, body } = await askJson(`${url}/api/meters/${id}/readings${query}`, {
    method: "POST",
    headers: { "content-type": contentType },
    body: file,
  });
  assertEquals([status, body.rejected], [200, 0], JSON.stringify(body));
}

/** The readings of a meter in plain CSV, which the test compares with texts of its own. */
async function stored({ url }: TestService, id: string): Promise<string[]> {
  return linesOf((await exportOf(url, { smart_meter_id: id, ...YEAR })).text).slice(1);
}

const YEAR = { start_datetime: "2024-01-01", end_datetime: "2024-12-31" };

function linesFor(id: string, rows: readonly Row[]): string[] {
  return rows.map(([timeMs, ...texts]) =>
    [new Date(timeMs).toISOString().replace(".000Z", "Z"), id, ...texts].join()
  );
}

/** What other programs see: epoch milliseconds and the nearest double of each value. */
function numbersOf(rows: readonly Row[]): (number | null)[][] {
  return rows.map(([timeMs, ...texts]) => [
    timeMs,
    ...texts.map((text) => text === "" ? null : Number(text)),
  ]);
}

/** The cells of the first sheet of a workbook as numbers; its times are UTC. */
function cellsOf(workbook: Uint8Array<ArrayBuffer>): (number | null)[][] {
  const sheet = new TextDecoder().decode(unzip(workbook)["xl/worksheets/sheet1.xml"]);
  const [, ...rows] = [...sheet.matchAll(/<row[^>]*>(.*?)<\/row>/g)].map(([, cells]) => cells);
  return rows.map((row) => {
    const [time, ...values] = [...row.matchAll(/<c[^>]*?(?:\/>|>(.*?)<\/c>)/g)].map(([, cell]) => {
      const number = /^<v>(.*)<\/v>$/.exec(cell ?? "");
      return number === null ? null : Number(number[1]);
    });
    // Day 25569 of Excel is 1 January 1970.
    return [Math.round(((time ?? NaN) - 25_569) * 86_400) * 1_000, ...values];
  });
}

Deno.test("what is read back from files of every format equals the readings", async () => {
  await using service = await startWithProfile();
  await using csv = await startWithProfile();
  await using json = await startWithProfile();
  await using ndjson = await startWithProfile();
  await using xml = await startWithProfile();
  let cases = 0;

  async function check({ profile, metrics, rows, zone, dialect }: Case): Promise<void> {
    const id = `m${cases++}`;
    const text = [["timestamp", ...metrics].join(), ...rows.map(isoRow)].join("\n");
    const meter = { id, profile };
    await upload(service, meter, { contentType: "text/csv", body: `${text}\n` });
    assertEquals(await stored(service, id), linesFor(id, rows));
    const plain = { smart_meter_id: id, ...YEAR };
    const file = async (form: Record<string, unknown>) =>
      (await exportOf(service.url, { ...plain, ...form })).bytes;

    async function expectSame(
      into: TestService,
      form: Record<string, unknown>,
      about: { contentType: string; query?: string },
    ): Promise<void> {
      await upload(into, meter, { ...about, body: await file({ timezone: zone, ...form }) });
      assertEquals(await stored(into, id), linesFor(id, rows), JSON.stringify(form));
    }
    const query = dialect === "tsv" ? "?delimiter=tab" : "";
    await expectSame(csv, { csv: dialect }, { contentType: "text/csv", query });
    await expectSame(json, { format: "json" }, { contentType: "application/json" });
    await expectSame(ndjson, { format: "ndjson" }, { contentType: "application/x-ndjson" });
    if (profile === "meter_short") {
      await expectSame(xml, { format: "xml" }, { contentType: "application/xml" });
    }

    const columns = ["timestamp", ...metrics];
    const parquet = await file({ columns, format: "parquet" });
    const objects = await parquetReadObjects({ file: parquet.buffer });
    assertEquals(
      objects.map(({ timestamp, ...values }) => [Number(timestamp), ...Object.values(values)]),
      numbersOf(rows),
    );
    assertEquals(cellsOf(await file({ columns, format: "xlsx" })), numbersOf(rows));
  }

  const numRuns = amount({ quick: 10, thorough: 75 });
  await fc.assert(fc.asyncProperty(anyCase, check), { numRuns });
});

function isoRow([timeMs, ...texts]: Row): string {
  return [new Date(timeMs).toISOString(), ...texts].join();
}
