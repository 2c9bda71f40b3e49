/**
 * Measures whether an export of ten years needs more memory than one of a year. Each runs in its own
 * process, over the same database.
 *
 * @module
 */

import { z } from "zod";
import { DAY_MS } from "../../data/limits.ts";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { openOurStore } from "./ours.ts";
import { runProgram } from "./program.ts";
import { median } from "./spread.ts";
import { START_FLAGS } from "./start_flags.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { YEAR } from "./year.ts";

const TEN_YEARS = { fromMs: YEAR.fromMs, toMs: YEAR.fromMs + 3_650 * DAY_MS };

const report = z.object({ peakMb: z.number(), sizeBytes: z.int() });
type Report = z.infer<typeof report>;

/** Runs the measurement with a number of processes for each length. */
export async function measureLengths(bench: Bench, processes: number): Promise<Figure> {
  const folder = await bench.folder("ten_years");
  {
    await using store = await openOurStore(folder);
    await store.load(TEN_YEARS.toMs);
  }
  const year: Report[] = [], tenYears: Report[] = [];
  for (let index = 0; index < processes; index++) {
    year.push(await exportInProcess(folder, YEAR, bench.options.signal));
    tenYears.push(await exportInProcess(folder, TEN_YEARS, bench.options.signal));
  }
  bench.details(
    "\nPeak memory (VmHWM) of a process that only exports, from ten years of minutes.\n",
  );
  bench.details(table([
    ["span", "processes", "file MB", "median MB", "min", "max"],
    rowOf("one year", year),
    rowOf("ten years", tenYears),
  ]));
  return {
    what: "peak memory of exporting ten years",
    ours: peakOf(tenYears),
    unit: "MB",
    as: "much",
    other: { name: "one year", value: peakOf(year) },
    target: TARGETS.tenYearsPeak,
  };
}

async function exportInProcess(
  folder: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  signal: AbortSignal,
): Promise<Report> {
  const child = new URL("memory_child.ts", import.meta.url).pathname;
  const args = [
    "run",
    "--quiet",
    "-A",
    ...START_FLAGS,
    child,
    folder,
    String(fromMs),
    String(toMs),
  ];
  const cwd = new URL("../..", import.meta.url);
  return report.parse(JSON.parse(await runProgram(Deno.execPath(), { args, signal, cwd })));
}

function peakOf(reports: readonly Report[]): number {
  return median(reports.map(({ peakMb }) => peakMb));
}

function rowOf(span: string, reports: readonly Report[]): string[] {
  const peaks = reports.map(({ peakMb }) => peakMb);
  const figures = [peakOf(reports), Math.min(...peaks), Math.max(...peaks)];
  const fileMb = (reports[0].sizeBytes / 1e6).toFixed(0);
  return [span, String(peaks.length), fileMb, ...figures.map((mb) => mb.toFixed(0))];
}
