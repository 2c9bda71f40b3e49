/**
 * Reading a CSV upload in tests: as one chunk or cut into chunks of given sizes.
 *
 * @module
 */

import { createCsvReader } from "../../data/csv_read.ts";
import { createDialect, type DialectOptions } from "../../data/dialect_options.ts";
import { type Profile, PROFILES } from "../../data/profile.ts";
import type { RowProblem } from "../../data/upload_reader.ts";
import { type Row, rowsOf } from "../support/pages.ts";

/** A record that was not taken, and its line. */
export type LineReject = { readonly line: number } & RowProblem;

/** What came of an upload. */
export interface Upload {
  /** Its readings, every value as its shortest decimal. */
  readonly rows: Row[];
  /** How many records were not taken. */
  readonly rejectedCount: number;
  /** Those of them that are listed. */
  readonly rejects: readonly LineReject[];
  /** The columns that were read past. */
  readonly ignored: readonly string[];
}

/** How an upload is read. */
export interface UploadOptions {
  readonly profile?: Profile;
  readonly id?: string;
  /** What is said about the upload; nothing by default. */
  readonly dialect?: DialectOptions;
  /** Lengths of the chunks, over and over; one chunk by default. */
  readonly sizes?: readonly number[];
}

/** Reads an upload to its end. */
export function readUpload(csv: string | Uint8Array, options: UploadOptions = {}): Upload {
  const { profile = PROFILES.meter, id = "m1", sizes } = options;
  const result = createDialect(profile, options.dialect ?? {});
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  const reader = createCsvReader({ profile, id, dialect: result.dialect });
  const bytes = typeof csv === "string" ? new TextEncoder().encode(csv) : csv;
  for (const chunk of chunksOf(bytes, sizes ?? [Math.max(1, bytes.length)])) reader.push(chunk);
  reader.end();
  const { count, first } = reader.rejected();
  return {
    rows: rowsOf(reader.take()),
    rejectedCount: count,
    rejects: first.map((reject) => {
      if ("line" in reject) return reject;
      throw new Error(`a record of a CSV has no line: ${JSON.stringify(reject)}`);
    }),
    ignored: reader.ignored(),
  };
}

/** The bytes in chunks of the given lengths, over and over; each chunk has memory of its own. */
export function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const end = at + sizes[index % sizes.length];
    yield bytes.slice(at, end);
    at = end;
  }
}
