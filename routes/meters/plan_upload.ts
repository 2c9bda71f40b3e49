/**
 * What reads an upload of readings: a reader of its format, set up as the query says.
 *
 * @module
 */

import { presetNamed } from "../../data/imports/presets.ts";
import type { ReaderPlan, UploadFormat } from "../../data/meter_files/open_reader.ts";
import { type Profile, PROFILES } from "../../data/readings/profile.ts";
import type { OpenOptions } from "../../data/unpack/open_upload.ts";
import { type ImportQuery, readImportQuery } from "./import_query.ts";
import { formatOf, knownFormat, type UploadType } from "./upload_format.ts";

/** What an upload is read into. */
export interface ReaderOptions {
  /** The meter in the address; null if the records or the file name theirs. */
  readonly id: string | null;
  /** Earlier times are rejected, epoch milliseconds. */
  readonly oldestMs: number;
  /** The profile of the meter; of many, the one that most have. By default `meter`. */
  readonly profile?: Profile;
  /** The zone of the meter; by default none. */
  readonly timezone?: string | null;
}

/** An upload that may begin. */
export interface UploadPlan {
  /** Whether nothing is to be written. */
  readonly isDryRun: boolean;
  /** How to open it. */
  readonly opening: OpenOptions;
  /** What reads an upload that begins with these bytes. @throws {AppError} INVALID_REQUEST. */
  readonly planOf: (head: Uint8Array) => ReaderPlan;
}

type Queries = Readonly<Record<string, string[]>>;

/**
 * Plans an upload from its query and media type.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong with the query, as far as it does not
 * depend on a format that only the first bytes say.
 */
export function planUpload(
  queries: Queries,
  { mediaType, ...options }: ReaderOptions & { readonly mediaType: UploadType },
): UploadPlan {
  const { format, headBytes, mayBeZip } = knownFormat(mediaType, formatParameter(queries));
  const { isDryRun } = readQuery(queries, format ?? "csv", options);
  return {
    isDryRun,
    opening: { mayBeZip, headBytes },
    planOf: (head) => planReader(queries, format ?? formatOf(head, mediaType), options),
  };
}

/** The format that the query or its preset says. */
function formatParameter({ format, preset }: Queries): string | undefined {
  const own = presetNamed(preset?.[0] ?? "")?.options.format;
  return format?.[0] ?? (typeof own === "string" ? own : undefined);
}

function readQuery(
  queries: Queries,
  format: UploadFormat,
  { id, profile = PROFILES.meter, timezone = null }: ReaderOptions,
): ImportQuery {
  // The times of files of meters are in UTC or UTC+10, wherever the meter is.
  const zone = format === "nem12" || format === "espi" ? null : timezone;
  return readImportQuery(queries, { format, isOfManyMeters: id === null, profile, timezone: zone });
}

/** A reader of a format, set up as the query says. @throws {AppError} INVALID_REQUEST. */
export function planReader(
  queries: Queries,
  format: UploadFormat,
  options: ReaderOptions,
): ReaderPlan {
  const { plan, register } = readQuery(queries, format, options);
  return { ...plan, format, register, id: options.id, oldestMs: options.oldestMs };
}
