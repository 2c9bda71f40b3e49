/**
 * Measures stores at full size: how long imports and reports take, compared with pandas.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { absolute, type Figure } from "./figure.ts";
import { watchHealth } from "./health_client.ts";
import { timed } from "./race.ts";
import { startService } from "./service.ts";
import { reportSkipped } from "./skipped.ts";
import { median, percentile } from "./spread.ts";
import { downloadReport, importStores, makeReport } from "./stores_client.ts";
import { type StoreFiles, STORES, writeStores } from "./stores_data.ts";
import { openPandas, type PandasRun } from "./stores_pandas.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** How many fresh databases the files are imported into. */
const MOST_IMPORTS = 3;

/** Durations of runs, and of other requests meanwhile, milliseconds. */
interface Measured {
  readonly runsMs: number[];
  readonly healthMs: number[];
}

/** Measures imports and reports. */
export async function measureStores(bench: Bench): Promise<Figure[]> {
  const files = await writeStores(await bench.folder("stores_files"));
  const { folder, imports } = await measureImports(bench, files);
  const { reports, peakMb, text } = await measureReports(bench, folder);
  const pandas = bench.alone ? null : await runPandas(bench, files, text);
  const rows = [
    rowOf("import of polls over HTTP", imports),
    rowOf("report, trigger to Complete", reports),
  ];
  bench.details(
    `\nStores at full size: ${STORES} stores, ${files.polls} polls, ${files.hours} rows of hours, ` +
      "25 zones.\nEach import goes into an empty database, while GET /health is sent every 10 ms.\n",
  );
  bench.details(table([["what", "runs", "median ms", "min", "max", "/health p99 ms"], ...rows]));
  if (pandas !== null) {
    const { readSeconds, reportSeconds, note } = pandas;
    bench.details(
      `\n${note}: ${readSeconds.toFixed(1)} s to read the files, ${
        reportSeconds.toFixed(1)
      } s to ` +
        "report from\nmemory. Its rows equal ours.\n",
    );
  }
  if (peakMb === null) reportSkipped("memory of reports", "/proc does not exist");
  return figuresOf({ imports, reports, peakMb, pandas });
}

function figuresOf({ imports, reports, peakMb, pandas }: {
  imports: Measured;
  reports: Measured;
  peakMb: number | null;
  pandas: PandasRun | null;
}): Figure[] {
  const { readSeconds = NaN, reportSeconds = NaN } = pandas ?? {};
  const beside = (name: string, value: number) => pandas === null ? null : { name, value };
  return [
    {
      what: "import of 1.85 M polls of 4,000 stores over HTTP",
      ours: median(imports.runsMs) / 1_000,
      unit: "s",
      as: "fast",
      other: beside("pandas reads the files", readSeconds),
      target: TARGETS.storesRead,
    },
    {
      what: "report on 4,000 stores, trigger to Complete",
      ours: median(reports.runsMs) / 1_000,
      unit: "s",
      as: "fast",
      other: beside("pandas from files to file", readSeconds + reportSeconds),
      target: TARGETS.storesPandas,
    },
    absolute("GET /health while reports are made, p99", {
      ours: percentile(reports.healthMs, 99),
      unit: "ms",
      target: TARGETS.storesHealthMs,
    }),
    ...(peakMb === null ? [] : [
      absolute("peak memory of a service that makes reports on 4,000 stores", {
        ours: peakMb,
        unit: "MB",
        target: TARGETS.storesPeakMb,
      }),
    ]),
  ];
}

/** Imports into fresh databases. Returns the folder of the last one. */
async function measureImports(
  bench: Bench,
  files: StoreFiles,
): Promise<{ folder: string; imports: Measured }> {
  const imports: Measured = { runsMs: [], healthMs: [] };
  let folder = "";
  for (let run = 0; run < Math.min(bench.options.repeats, MOST_IMPORTS); run++) {
    bench.options.signal.throwIfAborted();
    folder = await bench.folder(`stores_${run}`);
    await using service = await startService(folder, { demoData: false });
    const { signal } = bench.options;
    const upload = (kind: string, name: string) =>
      importStores(service.url, { kind, path: `${files.folder}/${name}`, signal });
    await upload("hours", "menu_hours.csv");
    await upload("timezones", "timezones.csv");
    const health = watchHealth(service.url);
    imports.runsMs.push(await timed(() => upload("status", "store_status.csv")));
    imports.healthMs.push(...await health.stop());
  }
  return { folder, imports };
}

/** Makes reports in a new process on an imported database. The first report warms it up. */
async function measureReports(
  bench: Bench,
  folder: string,
): Promise<{ reports: Measured; peakMb: number | null; text: string }> {
  await using service = await startService(folder, { demoData: false });
  const reports: Measured = { runsMs: [], healthMs: [] };
  let fileUrl = await makeReport(service.url);
  for (let run = 0; run < bench.options.repeats; run++) {
    bench.options.signal.throwIfAborted();
    const health = watchHealth(service.url);
    reports.runsMs.push(await timed(async () => fileUrl = await makeReport(service.url)));
    reports.healthMs.push(...await health.stop());
  }
  const peakMb = await service.peakMemoryMb();
  return { reports, peakMb, text: await downloadReport(fileUrl) };
}

async function runPandas(
  bench: Bench,
  { folder }: StoreFiles,
  ours: string,
): Promise<PandasRun | null> {
  const pandas = await openPandas(bench.options.signal).catch((error) => {
    reportSkipped("the report in pandas", error);
    return null;
  });
  if (pandas === null) return null;
  const run = await pandas.report(folder, `${folder}/pandas.csv`);
  const theirs = await Deno.readTextFile(`${folder}/pandas.csv`);
  if (theirs !== ours) throw new Error(`pandas wrote other rows: ${firstDifference(ours, theirs)}`);
  return run;
}

function firstDifference(ours: string, theirs: string): string {
  const [one, other] = [ours, theirs].map((text) => text.split("\n"));
  const at = one.findIndex((line, index) => line !== other[index]);
  return `${one[at]} is ${other[at]} (line ${at + 1} of ${one.length} and ${other.length})`;
}

function rowOf(what: string, { runsMs, healthMs }: Measured): string[] {
  const figures = [median(runsMs), Math.min(...runsMs), Math.max(...runsMs)];
  const waits = percentile(healthMs, 99).toFixed(1);
  return [what, String(runsMs.length), ...figures.map((ms) => ms.toFixed(0)), waits];
}
