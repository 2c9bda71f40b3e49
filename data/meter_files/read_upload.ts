/**
 * Reading an upload of readings from its first byte to its last: bytes in, batches of pages out. It is the
 * same on the thread that serves and in a worker, and stores nothing.
 *
 * @module
 */

import type { MeterBatch, MeterRefusal } from "../imports/meter_rows.ts";
import { summaryOf, type UploadSummary } from "../imports/upload_summary.ts";
import type { ManyMetersReader } from "../imports/upload_reader.ts";
import type { Profile } from "../readings/profile.ts";
import { plainBytes } from "../unpack/gunzip.ts";
import { type OpenOptions, openUpload } from "../unpack/open_upload.ts";
import { openReader, type ReaderPlan } from "./open_reader.ts";

/** Readings written at once: some weeks of minutes of a meter, one or two commits. */
const BATCH_READINGS = 32_768;
/**
 * With many meters, so many readings of each are written at once if possible: every batch reads and
 * writes the last block of each of its meters again. Measured on a busy machine with 10,000 meters,
 * each row another one: 4 thousand readings a second with batches of 32,768, and 6 times as many so.
 */
const METER_READINGS = 64;
/** Most readings of a batch: 15 MB, twice. */
const BATCH_MAX_READINGS = 262_144;

/** How an upload is packed, as a value that a message can carry. */
export interface PackedUpload {
  /** Whether its bytes are compressed with gzip. */
  readonly isGzip: boolean;
  /** How it is opened. */
  readonly opening: OpenOptions;
  /** How many bytes it may be unpacked to. */
  readonly maxBytes: number;
}

/** What reading an upload needs. */
export interface ReadingParts {
  /** The bytes as they were sent. A chunk is valid until the next one is read. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /**
   * How to read an upload that begins with these bytes, as many as `opening` asks for.
   *
   * @throws {AppError} INVALID_REQUEST.
   */
  planOf(head: Uint8Array): ReaderPlan | Promise<ReaderPlan>;
  /** Called with what will read the upload. */
  begin(reader: ManyMetersReader): void;
  /** The profiles of some meters, or why they take no readings. */
  profilesOf(meterIds: readonly string[]): Promise<readonly (Profile | MeterRefusal)[]>;
  /** Called when the reader may have met more meters, before their readings are stored. */
  met(): void;
  /** Stores readings. Meanwhile the next ones are read; the next call waits for this one. */
  store(batches: readonly MeterBatch[]): Promise<void>;
  /** Called with a chunk that was read, also one of an upload that was packed, so that it can be freed. */
  release?(chunk: Uint8Array): void;
}

/**
 * Reads an upload to its end and hands on each batch. While one batch is stored the next one is read, so
 * at most two are in memory.
 *
 * @throws {AppError} MALFORMED_BODY or INVALID_REQUEST if the upload cannot be read, what is stored then
 * stays; BODY_TOO_LARGE. Also what the parts throw.
 */
export async function readUpload(
  { isGzip, opening, maxBytes }: PackedUpload,
  parts: ReadingParts,
): Promise<UploadSummary> {
  const bytes = plainBytes(parts.chunks, isGzip, maxBytes);
  const { head, chunks, close } = await openUpload(bytes, opening, maxBytes);
  let reader: ManyMetersReader;
  try {
    reader = openReader(await parts.planOf(head));
  } catch (error) {
    await close();
    throw error;
  }
  parts.begin(reader);
  await readAll(reader, chunks, parts);
  return summaryOf(reader);
}

async function readAll(
  reader: ManyMetersReader,
  chunks: AsyncIterable<Uint8Array>,
  { profilesOf, met, store, release }: ReadingParts,
): Promise<void> {
  let storing = Promise.resolve();

  /** Reads what waits for the profile of its meter. */
  async function resume(): Promise<void> {
    for (let ids = reader.unknown(); ids.length > 0; ids = reader.unknown()) {
      const profiles = await profilesOf(ids);
      ids.forEach((id, index) => reader.know(id, profiles[index]));
      reader.resume();
    }
    met();
  }

  async function flush(): Promise<void> {
    await storing;
    storing = store(reader.take());
    // Whoever awaits it gets its error; until then it is not an unhandled one.
    storing.catch(() => {});
  }

  try {
    for await (const chunk of chunks) {
      reader.push(chunk);
      release?.(chunk);
      await resume();
      if (reader.waiting() >= batchReadings(reader.meters().length)) await flush();
    }
    try {
      reader.end();
      await resume();
    } catch (error) {
      if (reader.keepsBeginning) await flush();
      throw error;
    }
    await flush();
  } finally {
    await storing;
  }
}

function batchReadings(meters: number): number {
  return Math.min(BATCH_MAX_READINGS, Math.max(BATCH_READINGS, meters * METER_READINGS));
}
