/**
 * Reading a CSV upload in tests.
 *
 * @module
 */

import { createCsvReader } from "../../../data/imports/csv_read.ts";
import type { RowProblem } from "../../../data/text/upload_reader.ts";
import { readAll, type ReadUpload, type UploadOptions } from "./upload.ts";

/** A rejected record and its line. */
export type LineReject = { readonly line: number } & RowProblem;

/** The result of reading an upload. */
export interface Upload extends ReadUpload {
  readonly rejects: readonly LineReject[];
}

/** Reads an upload to its end. */
export function readUpload(csv: string | Uint8Array, options?: UploadOptions): Upload {
  const read = readAll(createCsvReader, csv, options);
  return {
    ...read,
    rejects: read.rejects.map((reject) => {
      if ("line" in reject) return reject;
      throw new Error(`a record of a CSV has no line: ${JSON.stringify(reject)}`);
    }),
  };
}
