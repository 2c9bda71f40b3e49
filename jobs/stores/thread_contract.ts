/**
 * What a report that a worker writes is told, asks for and answers.
 *
 * @module
 */

import type { WrittenFile } from "../../data/files/file_store.ts";
import type { DamagedPlace } from "../../kv/series/damage.ts";
import type { SentError } from "../engine/thread_messages.ts";
import type { ReportSpec } from "./report_plan.ts";
import type { StoreBatch } from "./store_batch.ts";

/** What the worker must know. */
export interface ThreadReport {
  /** The report. */
  readonly spec: ReportSpec;
  /** The name of the file. */
  readonly name: string;
  /** The folder of files, where the worker writes by itself; null if the other thread writes. */
  readonly folder: string | null;
}

/** What the worker asks, and what it gets. The outcome is a `WrittenReport`. */
export interface ReportCalls {
  /** The next stores, with how many are done; null after the last ones. */
  stores: { readonly ask: number; readonly answer: StoreBatch | null };
  /** Reports that a block is damaged. This fails, and so does the report. */
  damaged: {
    readonly ask: { readonly place: DamagedPlace; readonly cause: SentError };
    readonly answer: null;
  };
  /** Writes bytes, where the other thread writes. */
  write: { readonly ask: Uint8Array<ArrayBuffer>; readonly answer: null };
  /** Ends the file, where the other thread writes. */
  finish: { readonly ask: null; readonly answer: WrittenFile };
}
