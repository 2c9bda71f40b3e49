/**
 * Reading an upload of any form in tests: as one chunk or cut into chunks of given sizes.
 *
 * @module
 */

import type { UploadOptions as ReaderOptions } from "../../../data/imports/upload_options.ts";
import type { Dialect } from "../../../data/imports/dialect.ts";
import { createDialect, type DialectOptions } from "../../../data/imports/dialect_options.ts";
import { type Profile, PROFILES } from "../../../data/readings/profile.ts";
import type { ManyMetersReader } from "../../../data/imports/upload_reader.ts";
import type { UploadBatch } from "../../../data/imports/repeats.ts";
import type { Reject } from "../../../data/text/upload_reader.ts";
import { type Row, rowsOf } from "../../support/pages.ts";

/** The result of reading an upload. */
export interface ReadUpload {
  /** Its readings, every value as its shortest decimal. */
  readonly rows: Row[];
  /** How many records were rejected. */
  readonly rejectedCount: number;
  /** The listed ones. */
  readonly rejects: readonly Reject[];
  /** The ignored columns or properties. */
  readonly ignored: readonly string[];
}

/** How to read an upload. */
export interface UploadOptions {
  readonly profile?: Profile;
  readonly id?: string;
  /** The options of the upload; none by default. */
  readonly dialect?: DialectOptions;
  /** Earlier times are rejected, epoch milliseconds; 1970 by default. */
  readonly oldestMs?: number;
  /** Lengths of the chunks, over and over; one chunk by default. */
  readonly sizes?: readonly number[];
}

/** The dialect of an upload without options. */
export function plainDialect(profile: Profile): Dialect {
  return dialectOf(profile, {});
}

/** Reads an upload to its end. */
export function readAll(
  createReader: (options: ReaderOptions) => ManyMetersReader,
  body: string | Uint8Array,
  { profile = PROFILES.meter, id = "m1", dialect = {}, oldestMs = 0, sizes }: UploadOptions = {},
): ReadUpload {
  const reader = createReader({
    profile,
    id,
    dialect: dialectOf(profile, dialect),
    dialectOf: (other) => dialectOf(other, dialect),
    oldestMs,
  });
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  for (const chunk of chunksOf(bytes, sizes ?? [Math.max(1, bytes.length)])) reader.push(chunk);
  reader.end();
  const { count, first } = reader.rejected();
  return {
    rows: takenRows(reader),
    rejectedCount: count,
    rejects: first.map(({ meterId: _meterId, ...reject }) => reject),
    ignored: reader.ignored(),
  };
}

/** The readings that wait in a row or reader, every value as its shortest decimal. */
export function takenRows(waiting: { take(): readonly { batch: UploadBatch }[] }): Row[] {
  return waiting.take().flatMap(({ batch }) => rowsOf(batch.page));
}

/** The bytes in chunks of the given lengths, over and over; each chunk has memory of its own. */
export function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const end = at + sizes[index % sizes.length];
    yield bytes.slice(at, end);
    at = end;
  }
}

/** The dialect of options for a profile. */
export function dialectOf(profile: Profile, options: DialectOptions): Dialect {
  const result = createDialect(profile, options);
  if ("dialect" in result) return result.dialect;
  throw new Error(JSON.stringify(result.problems));
}

/** What is wrong with options for a profile: `option value: rule`. */
export function optionProblems(profile: Profile, options: DialectOptions): string[] {
  const result = createDialect(profile, options);
  if ("dialect" in result) return [];
  return result.problems.map(({ option, value, detail }) => `${option} ${value}: ${detail}`);
}
