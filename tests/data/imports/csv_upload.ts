/**
 * Reading a CSV upload in tests.
 *
 * @module
 */

import { createCsvReader } from "../../../data/imports/csv_read.ts";
import type { LeftOut } from "../../../data/imports/left_out.ts";
import type { ManyMetersReader } from "../../../data/imports/upload_reader.ts";
import type { RowProblem } from "../../../data/text/upload_reader.ts";
import { readAll, type ReadUpload, type UploadOptions } from "./upload.ts";

/** A rejected record and its line. */
export type LineReject = { readonly line: number } & RowProblem;

/** The result of reading an upload. */
export interface Upload extends ReadUpload {
  readonly rejects: readonly LineReject[];
}

/** What an upload has besides its readings. */
export interface UploadNotes {
  /** The lines before its header. */
  readonly preamble: readonly string[];
  /** The columns that are left out, each with a reason. */
  readonly leftOut: readonly LeftOut[];
  /** How many readings had two instants and nothing that told which it was. */
  readonly ambiguous: number;
}

/** Reads an upload to its end, also what it has besides its readings. */
export function readWithNotes(
  csv: string | Uint8Array,
  options?: UploadOptions,
): Upload & UploadNotes {
  const readers: ManyMetersReader[] = [];
  const upload = readUpload(csv, options, (options) => {
    const reader = createCsvReader(options);
    readers.push(reader);
    return reader;
  });
  const [{ preamble, leftOut, meters }] = readers;
  const ambiguous = meters().reduce((sum, { ambiguous }) => sum + ambiguous, 0);
  return { ...upload, preamble: preamble?.() ?? [], leftOut: leftOut?.() ?? [], ambiguous };
}

/** Reads an upload to its end. */
export function readUpload(
  csv: string | Uint8Array,
  options?: UploadOptions,
  createReader = createCsvReader,
): Upload {
  const read = readAll(createReader, csv, options);
  return {
    ...read,
    rejects: read.rejects.map((reject) => {
      if ("line" in reject) return reject;
      throw new Error(`a record of a CSV has no line: ${JSON.stringify(reject)}`);
    }),
  };
}
