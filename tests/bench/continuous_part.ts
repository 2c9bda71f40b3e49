/**
 * Measures continuous export: how fast it catches up with a month, which is over before the code is
 * compiled, and with a year; and how long a cycle of many devices takes. Each run is its own process,
 * with a copy of one database.
 *
 * @module
 */

import { z } from "zod";
import { EXPORT_FORMATS } from "../../data/continuous/object_key.ts";
import type { Bench } from "./bench.ts";
import { absolute, type Figure } from "./figure.ts";
import { bareWrite } from "./limits.ts";
import { runProgram } from "./program.ts";
import { race } from "./race.ts";
import { reportSkipped } from "./skipped.ts";
import { median } from "./spread.ts";
import { START_FLAGS } from "./start_flags.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** What a catch-up exports: days of minutes of ten devices. */
const SPANS = [{ name: "a month", days: 30 }, { name: "a year", days: 365 }] as const;
/** Runs for a year at most, as one writes 500 MB. */
const YEAR_RUNS = 2;
const READINGS_A_DAY = 10 * 1_440;
/** Devices of a cycle, and about the bytes of a file of six readings. */
const STEADY_DEVICES = 1_000, WINDOW_BYTES = 2_000;

const catchUpReport = z.object({ readingsPerSecond: z.number(), peakMb: z.number().nullable() });
const steadyReport = z.object({ cyclesMs: z.array(z.number()), peakMb: z.number().nullable() });

/** Runs the measurement. */
export async function measureContinuous(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  const peaks: (number | null)[] = [];
  for (const span of SPANS) {
    const filled = await bench.folder(`export_filled_${span.days}`);
    await runChild(bench, ["fill", filled, String(span.days)]);
    for (const format of EXPORT_FORMATS) {
      figures.push(await measureCatchUp(bench, { ...span, filled, format, peaks }));
    }
    await Deno.remove(filled, { recursive: true });
  }
  const steady = steadyReport.parse(
    await runChild(bench, ["steady", await bench.folder("export_steady")]),
  );
  const cycles = steady.cyclesMs.map((ms) => (ms / 1_000).toFixed(2)).join(", ");
  bench.details(`\n1,000 devices, windows of a minute, Parquet: cycles of ${cycles} s.\n`);
  const cycle = { files: STEADY_DEVICES, sizeBytes: STEADY_DEVICES * WINDOW_BYTES };
  const cycleMs = await bareMs(bench, "bare_cycle", cycle);
  figures.push({
    what: "cycle of 1,000 devices, windows of a minute",
    ours: Math.max(...steady.cyclesMs) / 1_000,
    unit: "s",
    as: "long",
    other: cycleMs === null
      ? null
      : { name: `${STEADY_DEVICES} files written, hashed, synced`, value: cycleMs / 1_000 },
    target: TARGETS.continuousCycle,
  });
  const known = [...peaks, steady.peakMb].filter((peak) => peak !== null);
  if (known.length === 0) {
    reportSkipped("memory of continuous export", "there is no /proc here");
    return figures;
  }
  bench.details(`\nPeaks: ${known.map((peak) => peak.toFixed(0)).join(", ")} MB.\n`);
  const peak = { ours: Math.max(...known), unit: "MB", target: TARGETS.continuousPeakMb };
  return [...figures, absolute("peak memory of continuous export", peak)];
}

/** Measures how fast a process exports what another one has stored. Adds its peaks of memory. */
async function measureCatchUp(
  bench: Bench,
  { name, days, filled, format, peaks }: (typeof SPANS)[number] & {
    filled: string;
    format: (typeof EXPORT_FORMATS)[number];
    peaks: (number | null)[];
  },
): Promise<Figure> {
  const rates: number[] = [];
  let written: Written = { files: 0, sizeBytes: 0 };
  const { repeats, signal } = bench.options;
  for (let run = 0; run < (days > 31 ? Math.min(repeats, YEAR_RUNS) : repeats); run++) {
    signal.throwIfAborted();
    const folder = await copyOf(filled, await bench.folder(`export_${days}_${format}_${run}`));
    const report = catchUpReport.parse(
      await runChild(bench, ["catch-up", folder, format, String(days)]),
    );
    rates.push(report.readingsPerSecond / 1e6);
    peaks.push(report.peakMb);
    written = await writtenIn(folder, format);
    await Deno.remove(folder, { recursive: true });
  }
  const spread = [median(rates), Math.min(...rates), Math.max(...rates)];
  const row = [format, String(rates.length), ...spread.map((rate) => rate.toFixed(2))];
  bench.details(`\nContinuous export: ${name} of ten devices, a file of each day.\n`);
  bench.details(table([["format", "runs", "median M readings/s", "min", "max"], row]));
  const limitMs = await bareMs(bench, `bare_${days}_${format}`, written);
  const limit = `${written.files} files written, hashed, synced`;
  return {
    what: `catch-up of ${name} of 10 devices to a folder, ${format}`,
    ours: spread[0],
    unit: "M readings/s",
    as: "fast",
    other: limitMs === null ? null : { name: limit, value: days * READINGS_A_DAY / 1e3 / limitMs },
    target: format === "csv" ? TARGETS.continuousCsv : TARGETS.continuousParquet,
  };
}

/** Files of an export. */
interface Written {
  readonly files: number;
  readonly sizeBytes: number;
}

/** The files of a format below a folder. */
async function writtenIn(folder: string, format: string): Promise<Written> {
  let files = 0, sizeBytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) {
      const inner = await writtenIn(path, format);
      files += inner.files;
      sizeBytes += inner.sizeBytes;
    } else if (name.endsWith(`.${format}`)) {
      files++;
      sizeBytes += (await Deno.stat(path)).size;
    }
  }
  return { files, sizeBytes };
}

/**
 * How long a bare script takes for such files, milliseconds; null if limits are not measured. Once is
 * enough for thousands of them.
 */
async function bareMs(bench: Bench, name: string, written: Written): Promise<number | null> {
  if (bench.alone) return null;
  const limit = bareWrite(await bench.folder(name), { ...written, target: TARGETS.continuousCsv });
  if (written.files > STEADY_DEVICES) return await limit.run();
  const [{ runsMs }] = await race([limit], bench.options);
  return median(runsMs);
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
