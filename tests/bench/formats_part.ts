/**
 * Measures the export of a year in every format, side by side, compared with plain CSV, gzip and
 * DuckDB.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { CSV_DIALECTS } from "../../data/encoders/csv_dialect.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { Figure, Target } from "./figure.ts";
import { openOurStore, type OurStore } from "./ours.ts";
import { exists, findInPath, runProgram } from "./program.ts";
import { type Contestant, race, type RaceResult, timed } from "./race.ts";
import { median } from "./spread.ts";
import { resultsTable, table } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { YEAR } from "./year.ts";

const BERLIN = "Europe/Berlin";
const GZIP = "gzip -6 over the CSV";
/** The libraries that `xlsx_child.ts` knows. */
const XLSX_LIBRARIES = ["SheetJS", "exceljs"];

/** Our formats: a name, what the export is besides plain CSV, and the target relative to that. */
const OURS: readonly (readonly [name: string, form: Partial<ExportSpec>, target?: Target])[] = [
  ["csv", {}],
  ["csv, Berlin time", { zone: BERLIN }, TARGETS.localCsv],
  ["csv, excel-de", { zone: BERLIN, csv: CSV_DIALECTS["excel-de"] }, TARGETS.localCsv],
  ["csv, 15m in Berlin", { zone: BERLIN, interval: "15m" }, TARGETS.quarterTotals],
  ["csv.gz", { compression: "gzip" }],
  ["ndjson", { format: "ndjson" }, TARGETS.jsonFormats],
  ["json", { format: "json" }, TARGETS.jsonFormats],
  ["parquet", { format: "parquet" }],
  ["xml", { format: "xml" }, TARGETS.espi],
  ["xlsx", { format: "xlsx" }],
];

/** Our times against those of others: their name, ours, and the target. */
const RIVALS: readonly (readonly [theirs: string, ours: string, target: Target])[] = [
  [GZIP, "csv.gz", TARGETS.gzipProgram],
  ["DuckDB csv.gz", "csv.gz", TARGETS.duckdbText],
  ["DuckDB csv, 15m in Berlin", "csv, 15m in Berlin", TARGETS.duckdbTotals],
  ["DuckDB ndjson", "ndjson", TARGETS.duckdbText],
  ["DuckDB json", "json", TARGETS.duckdbText],
  ["DuckDB parquet", "parquet", TARGETS.duckdbParquet],
  ["DuckDB parquet zstd", "parquet", TARGETS.duckdbParquet],
];

/** Runs the measurement. */
export async function measureFormats(bench: Bench): Promise<Figure[]> {
  await using store = await openOurStore(await bench.folder("formats"));
  await store.load(YEAR.toMs);
  const sizes = new Map<string, number>();
  const peers = await bench.peers.open();
  const theirs = peers.flatMap(({ formats = {} }) => Object.entries(formats))
    .map(([format, contestant]) => measuredSize(`DuckDB ${format}`, contestant, sizes));
  const gzip = await gzipContestant(await bench.yearCsv());
  const results = await race([
    ...OURS.map(([name, form]) => ourContestant(store, { name, form, sizes })),
    ...(gzip === null ? [] : [gzip]),
    ...theirs,
  ], bench.options);
  console.log("\nExport of the year in every format, warm, ours synced and hashed.\n");
  console.log(resultsTable(results, { ratio: "× csv" }));
  const rows = [...sizes].map(([name, bytes]) => [name, (bytes / 1e6).toFixed(1)]);
  console.log(`\n${table([["file", "MB"], ...rows])}`);
  return [...figuresOf(results, sizes), ...await libraryFigures(bench, results)];
}

/** The libraries that write workbooks, once each: they take many times as long as everything else. */
async function libraryFigures(bench: Bench, results: readonly RaceResult[]): Promise<Figure[]> {
  const ours = results.find(({ contestant }) => contestant.name === "xlsx");
  const csvPath = await bench.yearCsv();
  const child = new URL("xlsx_child.ts", import.meta.url).pathname;
  const figures: Figure[] = [];
  for (const library of XLSX_LIBRARIES) {
    // Without configuration and lock: the libraries are dependencies of the bench alone.
    const options = ["--quiet", "-A", "--no-config", "--no-lock", "--node-modules-dir=none"];
    const args = ["run", ...options, child, library, csvPath, `${csvPath}.xlsx`];
    try {
      const ms = Number(await runProgram(Deno.execPath(), { args, signal: bench.options.signal }));
      figures.push({
        what: `formats, time of ${library}`,
        value: ms / median(ours?.runsMs ?? []),
        unit: "× xlsx",
        target: TARGETS.xlsxLibraries,
      });
    } catch (error) {
      bench.options.signal.throwIfAborted();
      bench.options.onDropped(library, error);
    }
  }
  return figures;
}

function figuresOf(results: readonly RaceResult[], sizes: ReadonlyMap<string, number>): Figure[] {
  const times = new Map(results.map(({ contestant, runsMs }) => [contestant.name, median(runsMs)]));
  const ratio = (values: ReadonlyMap<string, number>, name: string, to: string) =>
    (values.get(name) ?? NaN) / (values.get(to) ?? NaN);
  const own = OURS.flatMap(([name, , target]) =>
    target === undefined
      ? []
      : [{ what: `formats, ${name}`, value: ratio(times, name, "csv"), unit: "× csv", target }]
  );
  const others = RIVALS.filter(([theirs]) => times.has(theirs)).map(([theirs, ours, target]) => ({
    what: `formats, time of ${theirs}`,
    value: ratio(times, theirs, ours),
    unit: `× ${ours}`,
    target,
  }));
  const files = ["DuckDB parquet"].filter((name) => sizes.has(name)).map((name) => ({
    what: `formats, file of ${name}`,
    value: ratio(sizes, name, "parquet"),
    unit: "× parquet",
    target: TARGETS.duckdbParquetSize,
  }));
  return [...own, ...others, ...files];
}

function ourContestant(
  store: OurStore,
  { name, form, sizes }: {
    name: string;
    form: Partial<ExportSpec>;
    sizes: Map<string, number>;
  },
): Contestant {
  return {
    name,
    path: store.path,
    async run() {
      await store.removeFile();
      return await timed(async () => sizes.set(name, await store.exportYearAs(form)));
    },
  };
}

function measuredSize(
  name: string,
  contestant: Contestant,
  sizes: Map<string, number>,
): Contestant {
  return {
    ...contestant,
    name,
    async run() {
      const ms = await contestant.run();
      if (contestant.path !== null) sizes.set(name, (await Deno.stat(contestant.path)).size);
      return ms;
    },
  };
}

async function gzipContestant(csvPath: string): Promise<Contestant | null> {
  const gzip = await findInPath("gzip");
  if (gzip === null) return null;
  const path = `${csvPath}.gz`;
  const { signal } = new AbortController();
  return {
    name: GZIP,
    path,
    async run() {
      if (await exists(path)) await Deno.remove(path);
      return await timed(() => runProgram(gzip, { args: ["-6", "--keep", csvPath], signal }));
    },
  };
}
