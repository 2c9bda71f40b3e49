import fc from "fast-check";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import type { FileEncoder, FileHead, SourcePage } from "../../../data/encoders/encoder.ts";
import { createParquetEncoder } from "../../../data/encoders/parquet.ts";
import { createParquetFile, createParquetForm } from "../../../data/encoders/parquet_file.ts";
import { createParquetTools } from "../../../data/encoders/parquet_pages.ts";
import { type Page, slicePage } from "../../../data/readings/page.ts";
import { sortPage } from "../../../data/readings/page_merge.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { encodedParts, fileHead, joined, metricColumns } from "../../support/encoded.ts";
import { anyPage, pageOf, rowsOf } from "../../support/pages.ts";

async function fileOf(head: FileHead, pages: readonly SourcePage[]): Promise<ArrayBuffer> {
  const encoder: FileEncoder<Uint8Array> = createParquetEncoder(head);
  const parts = encodedParts(encoder, pages);
  return (await joined(ReadableStream.from(parts))).buffer;
}

/** A page of a meter, one reading a second, whose values repeat after `period` readings. */
function periodicPage(count: number, period: number): Page {
  return {
    timesMs: Float64Array.from({ length: count }, (_, row) => row * 1000),
    columns: [1, 2, 3, 4].map((column) => ({
      scale: 2,
      values: Float64Array.from({ length: count }, (_, row) => row % period * column),
    })),
  };
}

Deno.test("a file has the id, the values and the labels of each source, and says what they are", async () => {
  const columns = [
    ...metricColumns(PROFILES.meter).slice(0, 1),
    { ...metricColumns(PROFILES.site)[0], name: "on", kind: "boolean" as const, unit: null },
    { ...metricColumns(PROFILES.site)[0], name: "count", kind: "integer" as const, unit: null },
  ];
  const head = fileHead({
    sources: ["b", "a"],
    labels: ["place"],
    columns,
    zone: "Europe/Berlin",
    interval: "15m",
  });
  const file = await fileOf(head, [
    { source: 0, page: pageOf([[0, "0.25", "1", "7"], [1000, "", "", ""]]), labels: ["x"] },
    { source: 1, page: pageOf([[0, "-1", "0", "-8"]]), labels: [null] },
  ]);
  const at = (timestamp: number) => new Date(timestamp);
  assertEquals(await parquetReadObjects({ file }), [
    { timestamp: at(0), smart_meter_id: "b", place: "x", energy_kwh: 0.25, on: true, count: 7 },
    {
      timestamp: at(1000),
      smart_meter_id: "b",
      place: "x",
      energy_kwh: null,
      on: null,
      count: null,
    },
    { timestamp: at(0), smart_meter_id: "a", place: null, energy_kwh: -1, on: false, count: -8 },
  ]);
  const { key_value_metadata = [] } = parquetMetadata(file);
  assertEquals(Object.fromEntries(key_value_metadata.map(({ key, value }) => [key, value])), {
    "openwatts.profile": "meter",
    "openwatts.units": '{"energy_kwh":"kWh"}',
    "openwatts.sources": '["b","a"]',
    "openwatts.from": "2024-01-01T00:00:00Z",
    "openwatts.to": "2024-01-02T00:00:00Z",
    "openwatts.timezone": "Europe/Berlin",
    "openwatts.interval": "15m",
  });
});

Deno.test("values that repeat get a dictionary, which makes the column smaller; others do not", async () => {
  const encodings = async (period: number) => {
    const file = await fileOf(fileHead(), [{ source: 0, page: periodicPage(20_000, period) }]);
    return parquetMetadata(file).row_groups[0].columns.slice(2).map(({ meta_data }) =>
      meta_data?.encodings.join()
    );
  };
  assertEquals(await encodings(500), Array(4).fill("PLAIN,RLE_DICTIONARY"));
  // One value, which needs no bits at all.
  assertEquals(await encodings(1), Array(4).fill("PLAIN,RLE_DICTIONARY"));
  // 20,000 different values: 15 bits for each place and 64 for each value are more than 64.
  assertEquals(await encodings(20_000), Array(4).fill("PLAIN"));
});

Deno.test("the bytes depend neither on the cut of pages nor on the scale of columns", async () => {
  const page = periodicPage(123_000, 777);
  const finer = {
    ...page,
    columns: page.columns.map(({ values }) => ({ scale: 5, values: values.map((v) => v * 1000) })),
  };
  const whole = await fileOf(fileHead(), [{ source: 0, page }]);
  const starts = Array.from({ length: 86 }, (_, index) => index * 1_440);
  const pages = starts.map((start, index) => ({
    source: 0,
    page: slicePage(index % 2 === 0 ? page : finer, start, Math.min(start + 1_440, 123_000)),
  }));
  assertEquals(new Uint8Array(await fileOf(fileHead(), pages)), new Uint8Array(whole));
  assertEquals(parquetMetadata(whole).row_groups.map(({ num_rows }) => num_rows), [
    122_880n,
    120n,
  ]);
  const rows = await parquetReadObjects({ file: whole, columns: ["power_kw"] });
  assert(rows.every(({ power_kw }, row) => power_kw === row % 777 * 2 / 100));
  assertEquals(rows.length, 123_000);
});

Deno.test("hyparquet reads any readings back", async () => {
  const pages = anyPage({ columnCounts: [4], maxCount: 300 }).map(sortPage);
  await fc.assert(
    fc.asyncProperty(pages, async (page) => {
      const file = await fileOf(fileHead({ idColumn: null }), [{ source: 0, page }]);
      const rows = await parquetReadObjects({ file });
      assertEquals(
        rows.map(({ timestamp, ...values }) => [Number(timestamp), ...Object.values(values)]),
        rowsOf(page).map(([timeMs, ...texts]) => [
          timeMs,
          ...texts.map((text) => text === "" ? null : Number(text)),
        ]),
      );
    }),
    { numRuns: 40 },
  );
});

Deno.test("columns in which no value is missing are read back, whatever their kind", async () => {
  const [energy, ...others] = metricColumns(PROFILES.meter, { isRequired: true });
  const columns = [
    energy,
    { ...others[0], name: "on", kind: "boolean" as const },
    { ...others[1], name: "count", kind: "integer" as const },
  ];
  const page = pageOf([[0, "0.25", "1", "7"], [1_000, "0.5", "0", "8"]]);
  const file = await fileOf(fileHead({ idColumn: null, columns }), [{ source: 0, page }]);
  const rows = await parquetReadObjects({ file });
  assertEquals(rows.map(({ timestamp: _, ...values }) => values), [
    { energy_kwh: 0.25, on: true, count: 7 },
    { energy_kwh: 0.5, on: false, count: 8 },
  ]);
});

Deno.test("hyparquet reads times with gaps of any length", async () => {
  const gaps = [1, 60_000, 2 ** 24 - 1, 2 ** 24, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 42];
  const timesMs = new Float64Array(400);
  for (let row = 1; row < timesMs.length; row++) {
    // Some blocks of 128 times are regular, the others have one of the gaps.
    timesMs[row] = timesMs[row - 1] + (row % 50 === 0 ? gaps[row / 50 - 1] : 1_000);
  }
  const page = { timesMs, columns: [] };
  const file = await fileOf(fileHead({ columns: [] }), [{ source: 0, page }]);
  const rows = await parquetReadObjects({ file });
  assertEquals(rows.map(({ timestamp }) => Number(timestamp)), [...timesMs]);
});

Deno.test("each of very many devices has one row, and the bounds are those of UTF-8", async () => {
  // In UTF-16, 😀 comes before ｡. To compare each id with all others takes ten seconds.
  const ids = Array.from({ length: 50_000 }, (_, source) => `id-${source * 7_919 % 50_000}`);
  const sources = [...ids, "｡", "😀", "Zoë"];
  const page = { timesMs: new Float64Array(1), columns: [] };
  const pages = sources.map((_, source) => ({ source, page }));
  const file = await fileOf(fileHead({ sources, columns: [] }), pages);
  const rows = await parquetReadObjects({ file });
  assertEquals(rows.map(({ smart_meter_id }) => smart_meter_id), sources);
  const [, { meta_data }] = parquetMetadata(file).row_groups[0].columns;
  const { min_value, max_value } = meta_data?.statistics ?? {};
  assertEquals([min_value, max_value], ["Zoë", "😀"]);
});

Deno.test("the memory of a long file is not kept for the next one", () => {
  const tools = createParquetTools();
  const form = createParquetForm(fileHead({ columns: metricColumns(PROFILES.meter) }));
  const lengths = [1_000, 1_000_000, 1_000].map((count) => {
    const file = createParquetFile(form, { tools });
    const values = Float64Array.from({ length: count }, (_, row) => Math.sin(row + 1));
    const columns = PROFILES.meter.metrics.map(() => ({ scale: -1, values }));
    file.add({ source: 0, page: { timesMs: values.map((_, row) => row * 1_000), columns } });
    const { length } = file.end([]);
    return [length > 4 * 2 ** 20, tools.file.bytes.length > 4 * 2 ** 20];
  });
  assertEquals(lengths, [[false, false], [true, false], [false, false]]);
});

Deno.test("a column is compressed where that makes it shorter", async () => {
  // Values that repeat; values whose bytes have nothing in common; ids that are a few bytes.
  const noise = Float64Array.from({ length: 2_000 }, (_, row) => Math.sin(row + 1) * 1e3);
  const page = periodicPage(2_000, 10);
  const columns = [...page.columns.slice(0, 3), { scale: -1, values: noise }];
  const file = await fileOf(fileHead(), [{ source: 0, page: { ...page, columns } }]);
  const codecs = parquetMetadata(file).row_groups[0].columns.map(({ meta_data }) =>
    meta_data?.codec
  );
  const expected = ["SNAPPY", "UNCOMPRESSED", "SNAPPY", "SNAPPY", "SNAPPY", "UNCOMPRESSED"];
  assertEquals(codecs.map(String), expected);
  const rows = await parquetReadObjects({ file });
  assert(rows.every((row, index) => Object.values(row)[5] === noise[index]));
});

Deno.test("values that stay for long take a few bytes each", async () => {
  // Every fourth value is missing in the first half; 40 values of 100 readings each.
  const values = Float64Array.from(
    { length: 4_000 },
    (_, row) => row < 2_000 && row % 4 === 0 ? NaN : Math.floor(row / 100),
  );
  const timesMs = values.map((_, row) => row * 1_000);
  const columns = [{ scale: 1, values }];
  const head = fileHead({ columns: metricColumns(PROFILES.meter).slice(0, 1) });
  const file = await fileOf(head, [{ source: 0, page: { timesMs, columns } }]);
  const [, , { meta_data }] = parquetMetadata(file).row_groups[0].columns;
  // 40 runs of 3 bytes, a dictionary of 320, 250 bytes of levels, and two headers.
  assert(Number(meta_data?.total_uncompressed_size) < 40 * 3 + 320 + 250 + 60);
  const rows = await parquetReadObjects({ file });
  const expected = [...values].map((value) => value === value ? value / 10 : null);
  assertEquals(rows.map(({ energy_kwh }) => energy_kwh), expected);
});
