/**
 * Readings from the bytes of a CSV upload (RFC 4180; LF or CRLF; columns by header name).
 *
 * A record of plain fields is read straight from its bytes. Any other one (quotes, an offset in the
 * time, an exponent, a wrong value) is cut into fields and looked at again, which also finds what
 * to say about it. A record that is no reading is counted and told; it never stops the others.
 *
 * @module
 */

import { AppError } from "./app_error.ts";
import { type CsvHeader, readHeader } from "./csv_header.ts";
import { createRecordSplitter } from "./csv_records.ts";
import { createRowReader, type CsvRowReader, type RowProblem } from "./csv_row.ts";
import { CSV_RECORD_MAX_BYTES, QUOTED_VALUE_MAX, REJECTS_LISTED } from "./limits.ts";
import type { Page } from "./page.ts";
import { createPageBuilder } from "./page_builder.ts";
import type { Profile } from "./profile.ts";

const CR = 13;

/** A record that was not taken; its value is shortened to 100 characters. */
export interface Reject extends RowProblem {
  /** Its line in the upload; the header is line 1. */
  readonly line: number;
}

/** Reads one upload, chunk by chunk. */
export interface CsvReader {
  /** Reads what a chunk completes. Throws AppError INVALID_REQUEST where the header is wrong. */
  push(chunk: Uint8Array): void;
  /** Reads the last record, which may lack its line end. Throws as {@link CsvReader.push} does. */
  end(): void;
  /** How many readings wait to be taken. */
  waiting(): number;
  /** The readings since the call before, in the order of the upload. */
  take(): Page;
  /** How many records were not taken so far, and the first 100 of them. */
  rejected(): { readonly count: number; readonly first: readonly Reject[] };
  /** Columns of the upload that mean nothing here. */
  ignoredColumns(): readonly string[];
}

/** A reader of the readings of one series. */
export function createCsvReader(profile: Profile, id: string): CsvReader {
  const builder = createPageBuilder(profile.metrics.length, 16_384);
  const decoder = new TextDecoder("utf-8");
  const rejects: Reject[] = [];
  let rejectCount = 0;
  let header: CsvHeader | null = null;
  let row: CsvRowReader | null = null;

  function reject(line: number, { field, value, rule }: RowProblem): void {
    rejectCount++;
    if (rejects.length >= REJECTS_LISTED) return;
    rejects.push({ line, field, value: value.slice(0, QUOTED_VALUE_MAX), rule });
  }

  function onRecord(bytes: Uint8Array, range: { start: number; end: number }, line: number): void {
    const { start } = range;
    const end = range.end > start && bytes[range.end - 1] === CR ? range.end - 1 : range.end;
    if (row === null) {
      header = readHeader(decoder.decode(bytes.subarray(start, end)), profile);
      row = createRowReader({ profile, id, header, builder });
      return;
    }
    if (start === end || row.readPlain(bytes, start, end)) return;
    const problem = row.readFields(decoder.decode(bytes.subarray(start, end)));
    if (problem !== null) reject(line, problem);
  }

  const splitter = createRecordSplitter({
    maxBytes: CSV_RECORD_MAX_BYTES,
    onRecord,
    onTooLong(text, line) {
      if (row === null) throw longHeader(text);
      reject(line, { field: null, value: text, rule: `at most ${CSV_RECORD_MAX_BYTES} bytes` });
    },
  });

  return {
    push: (chunk) => splitter.push(chunk),
    end() {
      splitter.end();
      // An upload without a byte has an empty header.
      if (row === null) readHeader("", profile);
    },
    waiting: () => builder.length(),
    take: () => builder.take(),
    rejected: () => ({ count: rejectCount, first: rejects }),
    ignoredColumns: () => header?.ignored ?? [],
  };
}

function longHeader(text: string): AppError {
  const detail = `The header must have at most ${CSV_RECORD_MAX_BYTES} bytes`;
  const value = text.slice(0, QUOTED_VALUE_MAX);
  return new AppError("INVALID_REQUEST", detail, {
    errors: [{ pointer: "#line=1", detail, value, rule: `at most ${CSV_RECORD_MAX_BYTES} bytes` }],
  });
}
