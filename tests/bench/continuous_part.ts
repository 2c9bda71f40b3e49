/**
 * Measures continuous export: how fast it catches up with a month, and how long a cycle of many
 * devices takes. Each run is its own process, with a copy of one database.
 *
 * @module
 */

import { z } from "zod";
import config from "../../deno.json" with { type: "json" };
import { EXPORT_FORMATS } from "../../data/continuous/object_key.ts";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { runProgram } from "./program.ts";
import { reportSkipped } from "./skipped.ts";
import { median } from "./spread.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** The V8 flags with which the service starts. */
const START_FLAGS = config.tasks.start.command.split(" ")
  .filter((word) => word.startsWith("--v8-flags="));

const catchUpReport = z.object({ readingsPerSecond: z.number(), peakMb: z.number().nullable() });
const steadyReport = z.object({ cyclesMs: z.array(z.number()), peakMb: z.number().nullable() });

/** Runs the measurement. */
export async function measureContinuous(bench: Bench): Promise<Figure[]> {
  const filled = await bench.folder("export_filled");
  await runChild(bench, ["fill", filled]);
  const rows: string[][] = [];
  const figures: Figure[] = [];
  const peaks: (number | null)[] = [];
  for (const format of EXPORT_FORMATS) {
    const rates: number[] = [];
    for (let run = 0; run < bench.options.repeats; run++) {
      bench.options.signal.throwIfAborted();
      const folder = await copyOf(filled, await bench.folder(`export_${format}_${run}`));
      const report = catchUpReport.parse(await runChild(bench, ["catch-up", folder, format]));
      rates.push(report.readingsPerSecond / 1e6);
      peaks.push(report.peakMb);
      await Deno.remove(folder, { recursive: true });
    }
    const [middle, least, most] = [median(rates), Math.min(...rates), Math.max(...rates)];
    rows.push([format, String(rates.length), ...[middle, least, most].map((r) => r.toFixed(2))]);
    figures.push({
      what: `catch-up of a month of 10 devices to a folder, ${format}`,
      value: middle,
      unit: "M readings/s",
      target: format === "csv" ? TARGETS.continuousCsv : TARGETS.continuousParquet,
    });
  }
  console.log("\nContinuous export: 10 devices, 30 days of minutes, 300 files of one day.\n");
  console.log(table([["format", "runs", "median M readings/s", "min", "max"], ...rows]));
  const steady = steadyReport.parse(
    await runChild(bench, ["steady", await bench.folder("export_steady")]),
  );
  const cycles = steady.cyclesMs.map((ms) => (ms / 1_000).toFixed(2)).join(", ");
  console.log(`\n1,000 devices, windows of a minute, Parquet: cycles of ${cycles} s.\n`);
  figures.push({
    what: "cycle of 1,000 devices, windows of a minute",
    value: Math.max(...steady.cyclesMs) / 1_000,
    unit: "s",
    target: TARGETS.continuousCycleSeconds,
  });
  const known = [...peaks, steady.peakMb].filter((peak) => peak !== null);
  if (known.length === 0) {
    reportSkipped("memory of continuous export", "there is no /proc here");
    return figures;
  }
  return [...figures, {
    what: "peak memory of continuous export",
    value: Math.max(...known),
    unit: "MB",
    target: TARGETS.continuousPeakMb,
  }];
}

async function runChild({ options }: Bench, words: readonly string[]): Promise<unknown> {
  const child = new URL("continuous_child.ts", import.meta.url).pathname;
  const args = ["run", "--quiet", "-A", ...START_FLAGS, child, ...words];
  const cwd = new URL("../..", import.meta.url);
  const text = await runProgram(Deno.execPath(), { args, signal: options.signal, cwd });
  return text.trim() === "" ? null : JSON.parse(text);
}

async function copyOf(from: string, to: string): Promise<string> {
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (isFile) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
  return to;
}
