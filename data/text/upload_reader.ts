/**
 * What readers of uploads have in common, whatever the form of the upload.
 *
 * @module
 */

import { QUOTED_VALUE_MAX, REJECTS_LISTED } from "../limits.ts";

/** What is wrong with a record. */
export interface RowProblem {
  /** The column or property that is wrong, or null where the whole record is. */
  readonly field: string | null;
  /** What stands there. */
  readonly value: string;
  /** The rule that it breaks. */
  readonly rule: string;
}

/** Where a record is: its line, the first being 1, or its index in an array, the first being 0. */
export type Place = { readonly line: number } | { readonly index: number };

/** A record that was not taken; its value is shortened to 100 characters. */
export type Reject = Place & RowProblem;

/** Reads the records of one upload, chunk by chunk. */
export interface RecordReader {
  /** Reads what a chunk completes. Throws AppError INVALID_REQUEST or MALFORMED_BODY. */
  push(chunk: Uint8Array): void;
  /** Reads the last record, which may lack its end. Throws as {@link RecordReader.push} does. */
  end(): void;
  /** How many records were not taken so far, and the first 100 of them. */
  rejected(): RejectedRecords;
  /** Columns or properties of the upload that mean nothing here; the first 100. */
  ignored(): readonly string[];
}

/** Records that were not taken. */
export interface RejectedRecords {
  /** How many there are. */
  readonly count: number;
  /** The first 100. */
  readonly first: readonly Reject[];
}

/** Counts records that were not taken, and keeps the first ones. */
export interface Rejects {
  /** Takes one. */
  add(place: Place, problem: RowProblem): void;
  /** What was taken so far. */
  all(): RejectedRecords;
}

/** A count at zero. */
export function createRejects(): Rejects {
  const first: Reject[] = [];
  let count = 0;
  return {
    add(place, { field, value, rule }) {
      count++;
      if (first.length >= REJECTS_LISTED) return;
      first.push({ ...place, field, value: value.slice(0, QUOTED_VALUE_MAX), rule });
    },
    all: () => ({ count, first }),
  };
}
