/**
 * What the thread that serves and a worker say to each other about an upload.
 *
 * @module
 */

import type { MeterRefusal } from "../../data/imports/meter_rows.ts";
import type { NotesChange } from "../../data/imports/notes_change.ts";
import type { PackedBatches } from "../../data/imports/packed_batches.ts";
import type { UploadSummary } from "../../data/imports/upload_summary.ts";
import type { ReaderPlan } from "../../data/meter_files/open_reader.ts";
import type { Profile } from "../../data/readings/profile.ts";

/** What the worker asks, and the answers. */
export interface ReadingCalls {
  /** The next bytes; null at the end. */
  readonly bytes: { readonly ask: NotesChange | null; readonly answer: Uint8Array | null };
  /** How to read an upload that begins with these bytes. */
  readonly plan: { readonly ask: Uint8Array; readonly answer: ReaderPlan };
  /** The profiles of meters. */
  readonly profiles: {
    readonly ask: readonly string[];
    readonly answer: readonly (Profile | MeterRefusal)[];
  };
  /** Stores readings. */
  readonly store: {
    readonly ask: { readonly batches: PackedBatches; readonly change: NotesChange };
    readonly answer: null;
  };
  /** Takes in the counts of an upload that failed. */
  readonly counts: { readonly ask: NotesChange; readonly answer: null };
}

/** An upload that was read to its end. */
export interface ReadingOutcome {
  /** What there is to say about it. */
  readonly summary: UploadSummary;
  /** What there is to say about its meters. */
  readonly change: NotesChange;
}
