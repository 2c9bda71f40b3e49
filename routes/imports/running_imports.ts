/**
 * The imports that run in this process, so that users can watch them.
 *
 * @module
 */

import { instantText } from "../../data/time/time_text.ts";

/** How far an import is. */
export interface ImportProgress {
  /** When it began, epoch milliseconds. */
  readonly startedMs: number;
  /** Whether it writes nothing. */
  readonly isDryRun: boolean;
  /** How long the body is, bytes as they are sent; null where the request does not say. */
  readonly totalBytes: number | null;
  /** How much of it came in, bytes. */
  receivedBytes: number;
  /** Times that were new: durable ones, or in a dry run such as would be. */
  inserted: number;
  /** Times that had other values. */
  updated: number;
  /** Records that changed nothing. */
  unchanged: number;
  /** Records that were not taken. */
  rejected: number;
}

/** The imports that run. */
export interface RunningImports {
  /** Counts an import in until the result is disposed of. */
  track(id: string, progress: ImportProgress): Disposable;
  /** Those of a meter, the oldest first. */
  of(id: string): ImportProgress[];
}

/** No imports. */
export function createRunningImports(): RunningImports {
  const running = new Map<string, Set<ImportProgress>>();
  return {
    track(id, progress) {
      const ofMeter = running.get(id) ?? new Set();
      running.set(id, ofMeter.add(progress));
      return {
        [Symbol.dispose]() {
          ofMeter.delete(progress);
          if (ofMeter.size === 0 && running.get(id) === ofMeter) running.delete(id);
        },
      };
    },
    of: (id) => [...running.get(id) ?? []],
  };
}

/** An import on its way as an answer tells it. */
export function importBody(progress: ImportProgress): Record<string, unknown> {
  const { inserted, updated, unchanged, rejected, receivedBytes, totalBytes } = progress;
  const percent = totalBytes === null
    ? null
    : Math.min(99, Math.floor(receivedBytes / Math.max(totalBytes, 1) * 100));
  return {
    started_at: instantText(progress.startedMs),
    dry_run: progress.isDryRun,
    received: inserted + updated + unchanged + rejected,
    inserted,
    updated,
    unchanged,
    rejected,
    bytes_received: receivedBytes,
    bytes_total: totalBytes,
    percent,
  };
}
