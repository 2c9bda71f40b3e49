/**
 * Measures the memory of exports: of a service with many clients, and of one export by its length.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { downloadByFetch } from "./download_clients.ts";
import { exportToEnd, YEAR_EXPORT } from "./export_client.ts";
import { absolute, type Figure } from "./figure.ts";
import { measureLengths } from "./memory_by_length.ts";
import { readPeakMb } from "./peak_memory.ts";
import { startService } from "./service.ts";
import { reportSkipped } from "./skipped.ts";
import { median } from "./spread.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** How many clients request a year at once. */
const CLIENTS = 8;
/** Pause between an answer and the next poll, milliseconds. */
const POLL_MS = 10;
/** Repeats of the bench per process here, because each process takes seconds. */
const REPEATS_A_PROCESS = 3;

/** Peaks of one service process, MB. */
interface Peaks {
  readonly idleMb: number;
  readonly peakMb: number;
}

/** Runs both measurements. */
export async function measureMemory(bench: Bench): Promise<Figure[]> {
  if (await readPeakMb("self") === null) {
    reportSkipped("memory", "there is no /proc here");
    return [];
  }
  const processes = Math.ceil(bench.options.repeats / REPEATS_A_PROCESS);
  const folder = await bench.demoFolder("memory");
  const peaks: Peaks[] = [];
  for (let index = 0; index < processes; index++) {
    bench.options.signal.throwIfAborted();
    peaks.push(await servicePeaks(folder));
  }
  const idle = peaks.map(({ idleMb }) => idleMb);
  const busy = peaks.map(({ peakMb }) => peakMb);
  bench.details(
    "\nPeak memory (VmHWM, MB of 10^6 bytes) of a service in a fresh process, demo data there.\n",
  );
  bench.details(table([
    ["when", "processes", "median MB", "min", "max"],
    rowOf("before any export", idle),
    rowOf(`after ${CLIENTS} clients got a year each, downloaded`, busy),
  ]));
  const what = `peak memory of the service, ${CLIENTS} year exports and downloads at once`;
  const figure = { ours: median(busy), unit: "MB", target: TARGETS.servicePeakMb };
  return [absolute(what, figure), await measureLengths(bench, processes)];
}

/** Starts a process on the folder of an earlier one and runs the clients. */
async function servicePeaks(folder: string): Promise<Peaks> {
  await using service = await startService(folder, { demoData: true });
  const idleMb = await service.peakMemoryMb() ?? NaN;
  await Promise.all(Array.from({ length: CLIENTS }, () => exportAndDownload(service.url)));
  return { idleMb, peakMb: await service.peakMemoryMb() ?? NaN };
}

async function exportAndDownload(url: string): Promise<void> {
  await downloadByFetch(await exportToEnd(url, YEAR_EXPORT, POLL_MS));
}

function rowOf(when: string, values: readonly number[]): string[] {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)];
  return [when, String(values.length), ...[middle, least, most].map((mb) => mb.toFixed(0))];
}
