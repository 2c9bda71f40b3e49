/**
 * What all readers of uploads have in common.
 *
 * @module
 */

import { QUOTED_VALUE_MAX, REJECTS_LISTED } from "../limits.ts";

/** What is wrong with a record. */
export interface RowProblem {
  /** The wrong column or property, or null if the whole record is wrong. */
  readonly field: string | null;
  /** Its value. */
  readonly value: string;
  /** The rule it breaks. */
  readonly rule: string;
}

/** Where a record is: its line, counted from 1, or its index in an array, counted from 0. */
export type Place = { readonly line: number } | { readonly index: number };

/** A rejected record. Its value is cut to 100 characters. */
export type Reject = Place & RowProblem;

/** Reads the records of one upload, chunk by chunk. */
export interface RecordReader {
  /** Reads what a chunk completes. Throws AppError INVALID_REQUEST or MALFORMED_BODY. */
  push(chunk: Uint8Array): void;
  /** Reads the last record, which may lack its end. Throws as {@link RecordReader.push} does. */
  end(): void;
  /** How many records were rejected so far, and the first 100 of them. */
  rejected(): RejectedRecords;
  /** Ignored columns or properties of the upload; the first 100. */
  ignored(): readonly string[];
}

/** The rejected records. */
export interface RejectedRecords {
  /** How many there are. */
  readonly count: number;
  /** The first 100. */
  readonly first: readonly Reject[];
}

/** Counts rejected records and keeps the first ones. */
export interface Rejects {
  /** Adds one. */
  add(place: Place, problem: RowProblem): void;
  /** All so far. */
  all(): RejectedRecords;
}

/** A list without rejects. */
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
