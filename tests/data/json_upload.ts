/**
 * Reading a JSON upload in tests, as one object a line or as an array.
 *
 * @module
 */

import type { UploadOptions } from "../../data/csv_read.ts";
import { createDialect, type DialectOptions } from "../../data/dialect_options.ts";
import { createJsonArrayReader, createNdjsonReader } from "../../data/json_read.ts";
import { PROFILES } from "../../data/profile.ts";
import type { Reject, UploadReader } from "../../data/upload_reader.ts";
import { type Row, rowsOf } from "../support/pages.ts";
import { chunksOf } from "./csv_upload.ts";

/** What came of an upload. */
export interface JsonUpload {
  readonly rows: Row[];
  readonly rejectedCount: number;
  readonly rejects: readonly Reject[];
  readonly ignored: readonly string[];
}

/** How an upload is read. */
export interface JsonUploadOptions {
  readonly id?: string;
  readonly dialect?: DialectOptions;
  /** Lengths of the chunks, over and over; one chunk by default. */
  readonly sizes?: readonly number[];
}

/** Reads one object a line. */
export function readNdjson(body: string | Uint8Array, options?: JsonUploadOptions): JsonUpload {
  return readBody(createNdjsonReader, body, options);
}

/** Reads an array. */
export function readArray(body: string | Uint8Array, options?: JsonUploadOptions): JsonUpload {
  return readBody(createJsonArrayReader, body, options);
}

function readBody(
  createReader: (options: UploadOptions) => UploadReader,
  body: string | Uint8Array,
  { id = "m1", dialect = {}, sizes }: JsonUploadOptions = {},
): JsonUpload {
  const result = createDialect(PROFILES.meter, dialect);
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  const reader = createReader({ profile: PROFILES.meter, id, dialect: result.dialect });
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  for (const chunk of chunksOf(bytes, sizes ?? [Math.max(1, bytes.length)])) reader.push(chunk);
  reader.end();
  const { count, first } = reader.rejected();
  return {
    rows: rowsOf(reader.take()),
    rejectedCount: count,
    rejects: first,
    ignored: reader.ignored(),
  };
}
