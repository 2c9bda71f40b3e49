/**
 * What an export that a worker writes is told, asks for and answers.
 *
 * @module
 */

import type { ExportSpec } from "../../data/exports/spec.ts";
import type { KeptFile, WrittenFile } from "../../data/files/file_store.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import type { DamagedPlace } from "../../kv/series/damage.ts";
import type { HeadEntry } from "../../kv/series/heads.ts";
import type { PackedChunk } from "../../kv/series/packed_read.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SentError } from "../engine/thread_messages.ts";
import type { ExportCut, ExportPlace } from "./export_file.ts";
import type { SavedTally } from "./export_tally.ts";

/** What the worker must know. */
export interface ThreadExport {
  /** The export. */
  readonly spec: ExportSpec;
  /** The profile of its sources. */
  readonly profile: Profile;
  /** How often each source measures, milliseconds; null where unknown. */
  readonly cadencesMs: readonly (number | null)[];
  /** What was counted of the file before it goes on. */
  readonly tally: SavedTally;
  /** From where the file goes on; null for its beginning. */
  readonly from: { readonly place: ExportPlace; readonly kept: KeptFile } | null;
  /** The name of the file. */
  readonly name: string;
  /** The folder of files, where the worker writes by itself; null if this thread writes. */
  readonly folder: string | null;
  /** The file of the database, which the worker reads by itself; null if this thread reads. */
  readonly database: ReadableDatabase | null;
}

/** A file of a database that a worker reads. */
export interface ReadableDatabase {
  /** Its path. */
  readonly path: string;
  /** The sources that have segments, which are not in the file. All others had none before it is read. */
  readonly unfolded: readonly string[];
}

/** What became of the file. */
export type ThreadOutcome =
  | {
    readonly kind: "written";
    readonly file: WrittenFile & { readonly name: string };
    readonly tally: SavedTally;
  }
  /** What was kept of the file is not there any more. */
  | { readonly kind: "gone" }
  /** Rows have changed whose bytes are written already. */
  | { readonly kind: "changed" };

/** Asks for the next chunk of a read. The first time, it begins the read. */
export interface ChunkRequest {
  /** The number of the read. */
  readonly read: number;
  /** What is read, the first time; of which life, if the worker has read what is before. */
  readonly begin?: { readonly ref: SeriesRef; readonly span: Span; readonly life?: number };
  /** How far the file is: its rows, and the share of the work. */
  readonly progress: { readonly done: number; readonly share: number };
}

/** The answer. */
export interface ChunkAnswer {
  /** The chunk; null after the last one. */
  readonly chunk: PackedChunk | null;
  /** Whether a checkpoint should be saved. */
  readonly isCutDue: boolean;
}

/** Asks for the readings in segments of a series. */
export interface OverlayRequest {
  /** The series. */
  readonly ref: SeriesRef;
  /** Its head. */
  readonly head: HeadEntry;
}

/** Reports that a read has ended. */
export interface ReadEnd {
  /** The number of the read. */
  readonly read: number;
  /** What was read. */
  readonly ref: SeriesRef;
  /** How many readings were decoded. */
  readonly readings: number;
  /** Where data is damaged, and how; null if none is. */
  readonly damage: { readonly place: DamagedPlace; readonly cause: SentError } | null;
}

/** What the worker asks, and what it gets. */
export interface ExportCalls {
  /** The next chunk of a read. */
  chunk: { readonly ask: ChunkRequest; readonly answer: ChunkAnswer };
  /** The readings of a series that are not in the file of the database, which the worker reads. */
  overlay: { readonly ask: OverlayRequest; readonly answer: Page };
  /** The file of the database cannot be read, and why. What is left is asked for. */
  unreadable: { readonly ask: string; readonly answer: null };
  /** Whether a checkpoint should be saved, where no chunk is asked for. */
  look: { readonly ask: ChunkRequest["progress"]; readonly answer: boolean };
  /** A read has ended. */
  ended: { readonly ask: ReadEnd; readonly answer: null };
  /** A cut is kept, and may become a checkpoint. */
  save: {
    readonly ask: { readonly cut: ExportCut; readonly kept: KeptFile };
    readonly answer: null;
  };
  /** A cut could not be kept. */
  unkept: { readonly ask: SentError; readonly answer: null };
  /** Opens the file, where this thread writes. */
  open: { readonly ask: null; readonly answer: { readonly name: string } | null };
  /** Writes bytes. */
  write: { readonly ask: Uint8Array<ArrayBuffer>; readonly answer: null };
  /** Keeps what is written so far. */
  keep: { readonly ask: null; readonly answer: KeptFile | null };
  /** Ends the file. */
  finish: { readonly ask: null; readonly answer: WrittenFile };
  /** Gives the file up, unless it has ended. */
  close: { readonly ask: null; readonly answer: null };
}
