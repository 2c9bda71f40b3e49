/**
 * The port to where artifacts are kept. A file is there whole or not at all.
 *
 * @module
 */

/** What was written. */
export interface WrittenFile {
  /** Its length, bytes. */
  readonly sizeBytes: number;
  /** SHA-256 of its bytes, lower-case hexadecimal. */
  readonly sha256: string;
}

/** A file that is there, or what an interrupted write left. */
export interface ListedFile {
  /** The name it was written under. */
  readonly name: string;
  /** Whether it is whole. */
  readonly isWhole: boolean;
}

/** Keeps files under plain names (`A-Z a-z 0-9 . _ -`). */
export interface FileStore {
  /**
   * Writes a stream to its end and only then shows the file, replacing one of the same name.
   * When the stream fails or the signal aborts, nothing is shown and the reason is thrown; but a
   * store over a network may show the whole file where that came while its last request was on its
   * way, as when the process dies then.
   *
   * @throws {AppError} STORAGE_FULL or STORAGE_UNAVAILABLE when the store cannot take it.
   */
  write(
    name: string,
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
    signal: AbortSignal,
  ): Promise<WrittenFile>;
  /**
   * The bytes `start` to `end` (exclusive) of a file, all of it by default; null where there is
   * none of that name. Cancelling the stream stops the read.
   */
  read(name: string, range?: { start: number; end: number }): Promise<
    ReadableStream<Uint8Array<ArrayBuffer>> | null
  >;
  /** Deletes a file; fine when there is none. */
  remove(name: string): Promise<void>;
  /** Deletes what an interrupted write left under a name; fine when there is nothing. */
  discard(name: string): Promise<void>;
  /** Every file, unfinished ones too. */
  list(): AsyncIterable<ListedFile>;
  /** Writes and deletes a small file. Throws as {@link FileStore.write} does. */
  probe(): Promise<void>;
}
