/**
 * What a worker that makes windows gets, asks for and returns.
 *
 * @module
 */

import type { WrittenFile } from "../../data/files/file_store.ts";
import type { DamagedPlace } from "../../kv/series/damage.ts";
import type { PackedChunk } from "../../kv/series/packed_read.ts";
import type { SentError } from "../engine/thread_messages.ts";
import type { PackedHead } from "./packed_source.ts";
import type { RunEnd, WindowOutcome, WindowRun } from "./window_run.ts";

/** What the worker must know. */
export interface ThreadWindows {
  /** The windows to write. */
  readonly run: Omit<WindowRun, "known">;
  /** The windows that have been written, as a manifest: thousands of objects would take long to copy. */
  readonly known: Uint8Array<ArrayBuffer>;
  /** What their readings have in common. */
  readonly head: PackedHead;
  /** The first chunk of readings. */
  readonly first: PackedChunk;
  /** Whether it is the only one. */
  readonly isAll: boolean;
  /** The folder, where the worker puts objects by itself; null if this thread puts them. */
  readonly folder: string | null;
  /** Marks the files there that are not whole yet. */
  readonly mark: string;
}

/** How the run ended. */
export interface ThreadWindowsEnd extends RunEnd {
  /** Outcomes that are not reported yet. */
  readonly outcomes: readonly WindowOutcome[];
  /** How many readings were decoded. */
  readonly readings: number;
}

/** The next chunk of readings. */
export interface ChunkAnswer {
  /** The chunk; null after the last one. */
  readonly chunk: PackedChunk | null;
  /** Whether to start nothing more. */
  readonly isTimeUp: boolean;
}

/** What the worker asks, and what it gets. */
export interface WindowCalls {
  /** The next chunk of readings. */
  chunk: { readonly ask: null; readonly answer: ChunkAnswer };
  /** Reports outcomes. Whether more may follow. */
  report: { readonly ask: readonly WindowOutcome[]; readonly answer: boolean };
  /** Puts an object. */
  put: {
    readonly ask: { readonly key: string; readonly bytes: Uint8Array<ArrayBuffer> };
    readonly answer: WrittenFile;
  };
  /** Readings are damaged, where and how. */
  damaged: {
    readonly ask: { readonly place: DamagedPlace; readonly cause: SentError };
    readonly answer: null;
  };
}
