/**
 * Figures about this process and its disk, for `GET /metrics`.
 *
 * @module
 */

import process from "node:process";
import type { Recorder } from "../../data/metrics/recorder.ts";

/** How often the delay of the event loop is measured, milliseconds. */
const LOOP_MS = 500;

/** Measures the delay of the event loop from now on. Disposing of it ends that. */
export function watchEventLoop(record: Pick<Recorder, "observe">): Disposable {
  let dueMs = performance.now() + LOOP_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const lateMs = Math.max(0, nowMs - dueMs);
    record.observe("openwatts_event_loop_delay_seconds", [], lateMs / 1_000);
    dueMs = nowMs + LOOP_MS;
  }, LOOP_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** What the figures need. */
export interface ProcessFiguresDeps {
  /** Where the figures go. */
  readonly record: Pick<Recorder, "set" | "add">;
  /** The release. */
  readonly version: string;
  /** When the process started, epoch milliseconds. */
  readonly startedMs: number;
  /** Bytes of the journal; null without one. */
  readonly journalBytes: () => number | null;
  /** The room on the disk; null if that is not known. */
  readonly diskSpace: () => Promise<{ readonly freeBytes: number } | null>;
  /** Bytes of the database; null if it is no file. */
  readonly kvBytes: () => Promise<number | null>;
}

/** Creates a function that brings the figures up to date. */
export function processFigures(deps: ProcessFiguresDeps): () => Promise<void> {
  const { record, version, startedMs } = deps;
  let cpuSeconds = 0;
  return async () => {
    record.set("openwatts_build_info", [version, Deno.version.deno], 1);
    record.set("process_start_time_seconds", [], startedMs / 1_000);
    const { rss, heapUsed, heapTotal, external } = Deno.memoryUsage();
    record.set("process_resident_memory_bytes", [], rss);
    record.set("openwatts_heap_used_bytes", [], heapUsed);
    record.set("openwatts_heap_total_bytes", [], heapTotal);
    record.set("openwatts_external_memory_bytes", [], external);
    const { user, system } = process.cpuUsage();
    const usedSeconds = (user + system) / 1e6;
    record.add("process_cpu_seconds_total", [], Math.max(0, usedSeconds - cpuSeconds));
    cpuSeconds = usedSeconds;
    const journalBytes = deps.journalBytes();
    if (journalBytes !== null) record.set("openwatts_journal_bytes", [], journalBytes);
    const [disk, kvBytes] = await Promise.all([deps.diskSpace(), deps.kvBytes()]);
    if (disk !== null) record.set("openwatts_disk_free_bytes", [], disk.freeBytes);
    if (kvBytes !== null) record.set("openwatts_kv_bytes", [], kvBytes);
  };
}
