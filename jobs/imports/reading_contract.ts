/**
 * Reading uploads of readings, for the routes.
 *
 * @module
 */

import type { CountedReader } from "../../data/imports/notes_change.ts";
import type { UploadSummary } from "../../data/imports/upload_summary.ts";
import type { PackedUpload, ReadingParts } from "../../data/meter_files/read_upload.ts";

/** An upload to read. */
export interface UploadToRead extends PackedUpload {
  /** Names it, also when it is sent again. */
  readonly name: string;
  /** How many bytes were sent; null if the request has no length. */
  readonly totalBytes: number | null;
}

/** What reading it needs of the thread that serves. */
export interface UploadSide extends Omit<ReadingParts, "begin" | "release"> {
  /** Called with what will count the records of the upload. */
  begin(reader: CountedReader): void;
  /** Frees a chunk that was copied to hand it over to a worker. */
  freeCopied?(chunk: Uint8Array): void;
}

/** Reads uploads. */
export interface UploadReading {
  /**
   * Reads an upload to its end, a long one in a worker if there is one. When it ends, nothing is being
   * stored any more.
   *
   * @throws {AppError} as `readUpload()` does; INTERNAL_ERROR if the worker died.
   */
  read(upload: UploadToRead, side: UploadSide): Promise<UploadSummary>;
}
