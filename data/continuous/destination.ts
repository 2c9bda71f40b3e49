/**
 * The port to the place where continuous export stores its objects.
 *
 * @module
 */

import type { WrittenFile } from "../files/file_store.ts";

/**
 * Stores objects under keys, which are names joined by `/`. An object is visible whole or not at all.
 * Calls throw AppError (STORAGE_UNAVAILABLE, STORAGE_FULL), or the reason of their signal.
 */
export interface ExportDestination {
  /** The kind of destination. */
  readonly kind: "folder" | "s3";
  /** The folder, if workers may open it and put objects by themselves. */
  readonly folder?: string;
  /**
   * Stores an object, replacing any with the same key. In a folder, the file has the mark in its name until
   * it is whole, so that a sweep finds it. Resolves when its length and checksum are
   * confirmed: in a folder when the disk has synced the bytes and the name, in S3 by the answer
   * (`data/s3/client.ts`).
   */
  put(
    key: string,
    object: { bytes: Uint8Array<ArrayBuffer>; contentType: string; mark?: string },
    signal: AbortSignal,
  ): Promise<WrittenFile>;
  /**
   * Stores an object as {@link ExportDestination.put} does, from a stream of unknown length that is
   * never in memory as a whole. If the stream fails, nothing changes and its error is thrown.
   */
  putStream(
    key: string,
    object: { body: ReadableStream<Uint8Array<ArrayBuffer>>; contentType: string },
    signal: AbortSignal,
  ): Promise<WrittenFile>;
  /** Deletes an object; does nothing if there is none. */
  remove(key: string, signal: AbortSignal): Promise<void>;
  /**
   * The keys in a folder (a key up to one of its `/`, without it), in any order; none if there is no
   * such folder. Keys with a further `/` are left out.
   */
  list(folder: string, signal: AbortSignal): AsyncIterable<string>;
  /** Writes and deletes a small object, to check that the destination works. */
  probe(signal: AbortSignal): Promise<void>;
  /**
   * Deletes unfinished objects of killed processes and returns their number. It may make puts fail
   * that are running.
   */
  sweep(signal: AbortSignal): Promise<number>;
  /** Deletes unfinished objects with a mark; only where workers put objects by themselves. */
  sweepMarked?(mark: string): Promise<void>;
}
