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
  const gzip = bench.alone ? null : await gzipContestant(await bench.yearCsv());
  const results = await race([
    ...OURS.map(([name, form]) => ourContestant(store, { name, form, sizes })),
    ...(gzip === null ? [] : [gzip]),
    ...theirs,
  ], bench.options);
  bench.details("\nExport of the year in every format, warm, ours synced and hashed.\n");
  bench.details(resultsTable(results, { ratio: "× csv" }));
  const rows = [...sizes].map(([name, bytes]) => [name, (bytes / 1e6).toFixed(1)]);
  bench.details(`\n${table([["file", "MB"], ...rows])}`);
  const libraries = bench.alone ? [] : await libraryFigures(bench, results);
  return [...figuresOf(results, sizes), ...libraries];
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
        what: "a year as xlsx",
        ours: median(ours?.runsMs ?? []),
        unit: "ms",
        as: "fast",
        other: { name: library, value: ms },
        target: TARGETS.xlsxLibraries,
      });
    } catch (error) {
      bench.options.signal.throwIfAborted();
      bench.options.onDropped(library, error);
    }
  }
  return figures;
}

/** Ours next to plain CSV where that has a target, and next to others. */
function figuresOf(results: readonly RaceResult[], sizes: ReadonlyMap<string, number>): Figure[] {
  const times = new Map(results.map(({ contestant, runsMs }) => [contestant.name, median(runsMs)]));
  const timeOf = (name: string) => times.get(name) ?? NaN;
  const own = OURS.map(([name, , target = null]) => ({
    what: `a year as ${name}`,
    ours: timeOf(name),
    unit: "ms",
    as: "long" as const,
    other: target === null ? null : { name: "plain CSV", value: timeOf("csv") },
    target,
  }));
  const others = RIVALS.filter(([theirs]) => times.has(theirs)).map(([theirs, ours, target]) => ({
    what: `a year as ${ours}`,
    ours: timeOf(ours),
    unit: "ms",
    as: "fast" as const,
    other: { name: theirs, value: timeOf(theirs) },
    target,
  }));
  const theirMb = (sizes.get("DuckDB parquet") ?? NaN) / 1e6;
  const file = {
    what: "a year as parquet, size",
    ours: (sizes.get("parquet") ?? NaN) / 1e6,
    unit: "MB",
    as: "much" as const,
    other: Number.isNaN(theirMb) ? null : { name: "DuckDB parquet", value: theirMb },
    target: TARGETS.duckdbParquetSize,
  };
  const compared = new Set(others.map(({ what }) => what));
  // A row without another is left out where a row with a rival has the same value.
  return [
    ...own.filter(({ other, what }) => other !== null || !compared.has(what)),
    ...others,
    file,
  ];
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
