/**
 * The port to where continuous export puts its objects.
 *
 * @module
 */

import type { WrittenFile } from "../files/file_store.ts";

/**
 * Keeps objects under keys of names with `/` between. An object is there whole or not at all.
 * Calls throw AppError (STORAGE_UNAVAILABLE, STORAGE_FULL), or the reason of their signal.
 */
export interface ExportDestination {
  /** What it is. */
  readonly kind: "folder" | "s3";
  /**
   * Puts an object, in the place of one that has its key. Resolves when length and checksum are
   * proven: in a folder by the disk's word for bytes and name, in S3 by its answer (`s3_client.ts`).
   */
  put(
    key: string,
    object: { bytes: Uint8Array<ArrayBuffer>; contentType: string },
    signal: AbortSignal,
  ): Promise<WrittenFile>;
  /** Deletes an object; fine when there is none. */
  remove(key: string, signal: AbortSignal): Promise<void>;
  /** Writes and deletes something small. */
  probe(signal: AbortSignal): Promise<void>;
  /** Deletes what killed processes left unfinished; how many. Puts that run may fail by it. */
  sweep(signal: AbortSignal): Promise<number>;
}
