import type { FormatName, SourcePage } from "../../data/encoders/encoder.ts";
import { fileBytes } from "../../data/encoders/file_bytes.ts";
import { formatNamed } from "../../data/encoders/formats.ts";
import { gzipBytes } from "../../data/encoders/gzip.ts";
import { zipBytes, type ZipEntry } from "../../data/encoders/zip.ts";
import type { Page } from "../../data/readings/page.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { createDeflaters, type FileDeflater } from "../../jobs/engine/deflaters.ts";
import { runProgram } from "../bench/program.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { fileHead, metricColumns } from "../support/encoded.ts";
import { never } from "../support/file_store_box.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { isThorough } from "../support/thorough.ts";

// Needs LibreOffice and a Python with openpyxl, pyarrow and duckdb: READERS_PYTHON names it.
const ignore = !Deno.env.has("REQUIRE_ALL");
const DAY = 1_440, DAYS = 90;
const START_MS = Date.UTC(2024, 2, 1);
const GIB = 2 ** 30;

/** A day of minutes: energy 0.000 to 1.439, power -0.5 with every tenth missing. */
function dayPage(day: number): Page {
  const values = (of: (row: number) => number) =>
    Float64Array.from({ length: DAY }, (_, row) => of(row));
  return {
    timesMs: values((row) => START_MS + (day * DAY + row) * 60_000),
    columns: [
      { scale: 3, values: values((row) => row) },
      { scale: 1, values: values((row) => row % 10 === 0 ? NaN : -5) },
    ],
  };
}

async function* pages(): AsyncGenerator<SourcePage> {
  for (let day = 0; day < DAYS; day++) {
    yield { source: 0, page: dayPage(day) };
    await Promise.resolve();
  }
}

function bytesOf(
  format: FormatName,
  deflater: FileDeflater,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const head = fileHead({
    columns: metricColumns(PROFILES.meter).slice(0, 2),
    zone: "Europe/Berlin",
    span: { fromMs: START_MS, toMs: START_MS + DAYS * DAY * 60_000 },
  });
  const gaps = [{ source: "123", fromMs: START_MS, toMs: START_MS + 600_000, missing: 10 }];
  return fileBytes(formatNamed(format), { head, pages: pages(), end: () => ({ gaps }), deflater });
}

async function write(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  using file = await Deno.create(path);
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
  }
}

/** An empty file, a short one and, in the whole proof, one that needs ZIP64. */
async function* archived(): AsyncGenerator<ZipEntry> {
  yield { name: "empty.csv", bytes: zeros(0), isLarge: true };
  yield { name: "Zähler.csv", bytes: zeros(1) };
  if (isThorough) yield { name: "large.csv", bytes: zeros(5 * GIB), isLarge: true };
  await Promise.resolve();
  yield { name: "last.csv", bytes: zeros(2) };
}

async function* zeros(count: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(1 << 20);
  for (let left = count; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
  await Promise.resolve();
}

Deno.test({
  name: "openpyxl, LibreOffice, pyarrow, DuckDB and Python's gzip and zipfile read exported files",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    const { path } = folder;
    const deflaters = createDeflaters();
    {
      using deflater = deflaters.open();
      await write(`${path}/year.xlsx`, bytesOf("xlsx", deflater));
      await write(`${path}/year.parquet`, bytesOf("parquet", deflater));
      await write(`${path}/year.csv.gz`, gzipBytes(bytesOf("csv", deflater), deflater));
      await write(`${path}/files.zip`, zipBytes(archived(), deflater));
    }
    const program = new URL("../support/read_exported_files.py", import.meta.url).pathname;
    const python = Deno.env.get("READERS_PYTHON") ?? "python3";
    const found = JSON.parse(await runProgram(python, { args: [program, path], signal: never }));
    const count = DAYS * DAY;

    assertEquals(found.xlsx.sheets, ["Readings", "Info"]);
    assertEquals([found.xlsx.frozen, found.xlsx.isBold, found.xlsx.count], ["A2", true, count + 1]);
    assertEquals(found.xlsx.formats, [
      "yyyy\\-mm\\-dd\\ hh:mm:ss",
      "General",
      "0.000",
      "General",
    ]);
    assertEquals(found.xlsx.rows, [
      ["timestamp", "smart_meter_id", "energy_kwh", "power_kw"],
      ["date 2024-03-01 01:00:00", "123", 0, null],
      ["date 2024-03-01 01:01:00", "123", 0.001, -0.5],
      // Berlin is two hours ahead of UTC from 31 March on; 90 days after 1 March is 30 May.
      ["date 2024-05-30 01:59:00", "123", 1.439, -0.5],
    ]);
    const info = new Map<string, unknown>(found.xlsx.info);
    assertEquals(
      ["time zone", "from", "rows", "source", "123"].map((name) => info.get(name)),
      ["Europe/Berlin", "date 2024-03-01 01:00:00", count, "123", "date 2024-03-01 01:00:00"],
    );

    // The sum of 0 to 1439 is 1,036,080.
    const sum = 1036.08 * DAYS;
    const { metadata, ...parquet } = found.parquet;
    assertEquals(parquet, {
      schema: {
        timestamp: "timestamp[ms, tz=UTC]",
        smart_meter_id: "string",
        energy_kwh: "double",
        power_kw: "double",
      },
      rows: count,
      sum,
      missing: count / 10,
      isSorted: true,
      groups: [122_880, count - 122_880],
      bounds: [0, 1.439, 0],
      duckdb: [count, sum, "2024-03-01 00:00:00+00", count * 9 / 10],
    });
    assertEquals(metadata["openwatts.units"], '{"energy_kwh":"kWh","power_kw":"kW"}');
    assertEquals(metadata["openwatts.timezone"], "Europe/Berlin");

    assertEquals(found.gzip, {
      count: count + 1,
      first: ["2024-03-01T01:00:00+01:00", "123", "0", ""],
    });
    assertEquals(found.zip, {
      broken: null,
      files: {
        "empty.csv": 0,
        "Zähler.csv": 1,
        ...(isThorough ? { "large.csv": 5 * GIB } : {}),
        "last.csv": 2,
      },
      dates: ["(1980, 1, 1, 0, 0, 0)"],
    });
  },
});

Deno.test({
  name: "LibreOffice opens a workbook and shows its dates and numbers",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    const { path } = folder;
    {
      using deflater = createDeflaters().open();
      await write(`${path}/year.xlsx`, bytesOf("xlsx", deflater));
    }
    await runProgram("soffice", {
      args: [
        `-env:UserInstallation=file://${path}/profile`,
        "--headless",
        "--convert-to",
        // Separator, quote, UTF-8, first line, columns, language, quoting, and: as cells show them.
        "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true",
        "--outdir",
        path,
        `${path}/year.xlsx`,
      ],
      signal: never,
    });
    const lines = (await Deno.readTextFile(`${path}/year.csv`)).trimEnd().split("\n");
    assertEquals(lines.length, DAYS * DAY + 1);
    assertEquals(lines.slice(0, 3), [
      "timestamp,smart_meter_id,energy_kwh,power_kw",
      "2024-03-01 01:00:00,123,0.000,",
      "2024-03-01 01:01:00,123,0.001,-0.5",
    ]);
    assert(lines.includes("2024-03-31 03:00:00,123,0.060,"));
  },
});
