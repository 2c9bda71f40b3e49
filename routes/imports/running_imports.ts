/**
 * The imports that are running in this process, so that users can watch them.
 *
 * @module
 */

import { instantText } from "../../data/time/time_text.ts";
import type { RunningImport } from "./schemas.ts";

/** How far an import is. Its counts are those of {@link RunningImport}. */
export interface ImportProgress {
  /** Who requested it. */
  readonly owner: string;
  /** When it began, epoch milliseconds. */
  readonly startedMs: number;
  /** Whether it writes nothing. */
  readonly isDryRun: boolean;
  /** Length of the body before decompression, bytes; null if the request has no length. */
  readonly totalBytes: number | null;
  /** How much of the body arrived, bytes. */
  receivedBytes: number;
  /** Times that were new: durable, or in a dry run those that would be. */
  inserted: number;
  /** Times that were stored with other values. */
  updated: number;
  /** Times that were stored with the same values. */
  unchanged: number;
  /** Records whose time occurred earlier in the upload. */
  repeated: number;
  /** Records that were rejected. */
  rejected: number;
}

/** The running imports. */
export interface RunningImports {
  /** Lists an import under an id until the result is disposed of. */
  track(id: string, progress: ImportProgress): Disposable;
  /** The imports under an id, the oldest first. */
  of(id: string): ImportProgress[];
}

/** A list without imports. */
export function createRunningImports(): RunningImports {
  const running = new Map<string, Set<ImportProgress>>();
  return {
    track(id, progress) {
      const ofId = running.get(id) ?? new Set();
      running.set(id, ofId.add(progress));
      return {
        [Symbol.dispose]() {
          ofId.delete(progress);
          if (ofId.size === 0 && running.get(id) === ofId) running.delete(id);
        },
      };
    },
    of: (id) => [...running.get(id) ?? []],
  };
}

/** A running import as an answer shows it. It never says 100 percent: then it has ended. */
export function importBody(progress: ImportProgress): RunningImport {
  const { inserted, updated, unchanged, repeated, rejected, receivedBytes, totalBytes } = progress;
  const percent = totalBytes === null
    ? null
    : Math.min(99, Math.floor(receivedBytes / Math.max(totalBytes, 1) * 100));
  return {
    started_at: instantText(progress.startedMs),
    dry_run: progress.isDryRun,
    received: inserted + updated + unchanged + repeated + rejected,
    inserted,
    updated,
    unchanged,
    repeated,
    rejected,
    bytes_received: receivedBytes,
    bytes_total: totalBytes,
    percent,
  };
}
