/**
 * What a report that a worker writes is told, asks for and answers.
 *
 * @module
 */

import type { WrittenFile } from "../../data/files/file_store.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import type { DamagedPlace } from "../../kv/series/damage.ts";
import type { UnfoldedSeries } from "../../kv/series/scan_file.ts";
import type { SentError } from "../engine/thread_messages.ts";
import type { ReportTimes } from "./open_report.ts";
import type { StoreReportParams } from "./report_contract.ts";
import type { ReportSpec } from "./report_plan.ts";
import type { StoreBatch } from "./store_batch.ts";

/** What the worker must know. */
export interface ThreadReport {
  /** The name of the file. */
  readonly name: string;
  /** The folder of files, where the worker writes by itself; null if the other thread writes. */
  readonly folder: string | null;
  /** What it is about: a report that is opened, or how to open it. */
  readonly source: { readonly spec: ReportSpec } | FileReport;
}

/** A report whose worker reads the file of the database. */
export interface FileReport extends ReportTimes {
  /** The request. */
  readonly params: StoreReportParams;
  /** The path of the database. */
  readonly path: string;
  /** The stores with polls that the file does not have in blocks. */
  readonly unfolded: readonly UnfoldedSeries[];
}

/** The outcome if the worker cannot read the file of the database, and so has written no file. */
export interface UnreadableDatabase {
  /** Why. */
  readonly unreadable: string;
}

/** What the worker asks, and what it gets. The outcome is a `WrittenReport`, or an {@link UnreadableDatabase}. */
export interface ReportCalls {
  /** The next stores, with how many are done; null after the last ones. */
  stores: { readonly ask: number; readonly answer: StoreBatch | null };
  /** Shows how far it is, if the worker reads by itself. */
  progress: { readonly ask: ReportProgress; readonly answer: null };
  /** The polls of a store that the file does not have in blocks: those in a span, and the last one before. */
  unfolded: { readonly ask: { readonly id: string; readonly span: Span }; readonly answer: Page };
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

/** How far a report is. */
export interface ReportProgress {
  /** Stores with rows. */
  readonly done: number;
  /** Which part of the work is done, 0 to 1. */
  readonly share: number;
}
