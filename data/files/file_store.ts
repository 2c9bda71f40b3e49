/**
 * The port to the place where artifacts are stored. A file is visible whole or not at all.
 *
 * @module
 */

import type { DiskSpace } from "./disk_space.ts";

/** A written file. */
export interface WrittenFile {
  /** Its length, bytes. */
  readonly sizeBytes: number;
  /** SHA-256 of its bytes, lower-case hexadecimal. */
  readonly sha256: string;
}

/** A file in the store, finished or left by an interrupted write. */
export interface ListedFile {
  /** Its name. */
  readonly name: string;
  /** Whether the write finished. */
  readonly isWhole: boolean;
}

/** How a stream is written. */
export interface WriteOptions {
  /**
   * Called with a chunk that is written, so that its memory can be used again or freed. A store may leave
   * some to the garbage collector.
   */
  readonly release?: (chunk: Uint8Array<ArrayBuffer>) => void;
}

/** What a store has kept of a file that is being written, as a value that can be stored. */
export interface KeptFile {
  /** The name under which it was written. */
  readonly name: string;
  /** How many bytes of it are kept. */
  readonly sizeBytes: number;
  /** SHA-256 of these bytes, lower-case hexadecimal. */
  readonly sha256: string;
  /** What else the store must know to go on: JSON of at most 100 KB. */
  readonly more: unknown;
}

/** What was kept of a file has changed or is gone, so the file must be written anew. */
export class KeptFileLost extends Error {}

/** How a file is opened for writing. */
export interface WriterOptions extends WriteOptions {
  /** Aborts the writing. */
  readonly signal: AbortSignal;
  /** What was kept of the file, after which it goes on; by default, it begins. */
  readonly kept?: KeptFile;
}

/**
 * A file that is being written. End it with `finish()` or `close()`. Its calls throw the errors of
 * {@link FileStore.write}, and the reason of the signal.
 */
export interface FileWriter {
  /** The name that the file gets. A store may go on under the name of what was kept. */
  readonly name: string;
  /** Adds bytes. Resolves when the next ones may come. */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /**
   * Sees to it that everything written so far survives the process, and resolves then; with null if the
   * store cannot. Meanwhile more bytes may be written, but this must not be called again.
   */
  keep(): Promise<KeptFile | null>;
  /**
   * Shows the file, whole, replacing any of the same name. A file that went on after what was kept may be
   * refused here with {@link KeptFileLost}, by a store that cannot read what it has not shown.
   */
  finish(): Promise<WrittenFile>;
  /** Gives up, or does nothing after `finish()`. Deletes what was written unless some of it was kept. */
  close(): Promise<void>;
}

/** Stores files under plain names (`A-Z a-z 0-9 . _ -`). */
export interface FileStore {
  /**
   * The folder with the files, where another thread may write with a disk writer of its own. Absent where
   * files are elsewhere.
   */
  readonly folder?: string;
  /**
   * Writes a stream to its end and only then shows the file, replacing any of the same name. If the
   * stream fails or the signal aborts, the file is not shown and the reason is thrown. Exception: a
   * store over a network may show the whole file if its last request was already on its way, as it
   * may if the process dies at that moment.
   *
   * @throws {AppError} STORAGE_FULL or STORAGE_UNAVAILABLE if the store cannot write the file.
   */
  write(
    name: string,
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
    signal: AbortSignal,
    options?: WriteOptions,
  ): Promise<WrittenFile>;
  /**
   * Opens a file for writing. With `kept`, it goes on after that, and the run that wrote it cannot change
   * it any more. Null if what was kept is not there, or its checksum differs. Throws the reason of the
   * signal; what was kept stays then.
   */
  openWriter(name: string, options: WriterOptions): Promise<FileWriter | null>;
  /**
   * Reads the bytes `start` to `end` (exclusive) of a file, by default all of it. Returns null if
   * there is no such file. Cancelling the stream stops the read.
   */
  read(name: string, range?: { start: number; end: number }): Promise<
    ReadableStream<Uint8Array<ArrayBuffer>> | null
  >;
  /** Deletes a file; does nothing if there is none. */
  remove(name: string): Promise<void>;
  /** Deletes what an interrupted write left under a name; does nothing if there is nothing. */
  discard(name: string): Promise<void>;
  /** Lists every file, including unfinished ones. */
  list(): AsyncIterable<ListedFile>;
  /** Writes and deletes a small file to check the store. Throws like {@link FileStore.write}. */
  probe(): Promise<void>;
  /** Deletes what interrupted deletions left. Absent where a deletion cannot be interrupted. */
  tidy?(signal: AbortSignal): Promise<void>;
  /** The room that the store allows. Absent where its disk or its bucket decides. */
  room?(): Promise<DiskSpace>;
}
