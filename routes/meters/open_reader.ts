/**
 * The reader of an upload of readings, by its media type and query. It stores nothing.
 *
 * @module
 */

import { createCsvReader } from "../../data/imports/csv_read.ts";
import { createJsonArrayReader, createNdjsonReader } from "../../data/imports/json_read.ts";
import type { UploadOptions } from "../../data/imports/upload_options.ts";
import type { ManyMetersReader } from "../../data/imports/upload_reader.ts";
import { type Profile, PROFILES } from "../../data/readings/profile.ts";
import { readImportQuery, type UploadType } from "./import_query.ts";

/** The reader of uploads of each media type. */
const READERS: Readonly<Record<UploadType, (options: UploadOptions) => ManyMetersReader>> = {
  "text/csv": createCsvReader,
  "application/x-ndjson": createNdjsonReader,
  "application/json": createJsonArrayReader,
};

/** What a request says about its upload. */
export interface UploadRequest {
  /** The query. */
  readonly queries: Readonly<Record<string, string[]>>;
  /** The media type. */
  readonly mediaType: UploadType;
  /** The meter in the address; null if the records name theirs. */
  readonly id: string | null;
  /** Earlier times are rejected, epoch milliseconds. */
  readonly oldestMs: number;
  /** The profile of the meter; of many, the one that most have. By default `meter`. */
  readonly profile?: Profile;
  /** The zone of the meter; by default none. */
  readonly timezone?: string | null;
}

/** A reader, and what else the query says. */
export interface OpenedUpload {
  /** The reader. */
  readonly reader: ManyMetersReader;
  /** Whether nothing is to be written. */
  readonly isDryRun: boolean;
}

/**
 * Opens the reader of an upload.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong with the query.
 */
export function openReader(
  { queries, mediaType, id, oldestMs, profile = PROFILES.meter, timezone = null }: UploadRequest,
): OpenedUpload {
  const { dialect, dialectOf, isDryRun } = readImportQuery(queries, {
    mediaType,
    isOfManyMeters: id === null,
    profile,
    timezone,
  });
  const options = { profile, id, dialect, dialectOf, oldestMs };
  return { reader: READERS[mediaType](options), isDryRun };
}
