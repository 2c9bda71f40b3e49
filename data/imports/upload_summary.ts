/**
 * What there is to say about an upload that was read to its end, as a value that a message can carry.
 *
 * @module
 */

import type { Place } from "../text/upload_reader.ts";
import type { FileNotes } from "./file_notes.ts";
import type { LeftOut } from "./left_out.ts";
import type { MeterReject, RegisterBreak } from "./meter_rows.ts";
import type { ManyMetersReader } from "./upload_reader.ts";

/** What a reader says at the end. */
export interface UploadSummary {
  /** The first 100 records that were rejected. */
  readonly rejects: readonly MeterReject[];
  /** Ignored columns or properties; the first 100. */
  readonly ignored: readonly string[];
  /** The first 100 intervals for which a register has no energy. */
  readonly breaks: readonly RegisterBreak[];
  /** The lines before a header, each cut to 100 characters. */
  readonly preamble: readonly string[];
  /** Ignored columns whose names say why they are; the first 100. */
  readonly leftOut: readonly LeftOut[];
  /** What the upload says about its readings. */
  readonly notes: FileNotes;
  /** Whether a place is the index of a record, from 0; else it is its line, from 1. */
  readonly hasIndexes: boolean;
}

/** The summary of a reader that has read everything. */
export function summaryOf(reader: ManyMetersReader): UploadSummary {
  return {
    rejects: [...reader.rejected().first],
    ignored: [...reader.ignored()],
    breaks: [...reader.breaks?.() ?? []],
    preamble: [...reader.preamble?.() ?? []],
    leftOut: [...reader.leftOut?.() ?? []],
    notes: reader.notes?.() ?? { quality: {}, leftOut: [], doubts: [] },
    hasIndexes: "index" in reader.placeOf(0),
  };
}

/** A place of a batch as an answer shows it. */
export function placeIn({ hasIndexes }: Pick<UploadSummary, "hasIndexes">, place: number): Place {
  return hasIndexes ? { index: place } : { line: place };
}
