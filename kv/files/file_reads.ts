/**
 * Reads files, ahead of those who take them.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { type Bytes, CHUNK_BYTES, type FilesKv, findFile, readChunks } from "./generations.ts";
import { onKv } from "./on_kv.ts";

/** Chunks of the first read of a file. Each further read has twice as many. */
const FIRST_CHUNKS = 4;
/** Most chunks of one read: 4 MiB. Measured: larger reads gain nothing. */
const READ_MAX_CHUNKS = 64;
/** Chunks that all reads of this process may have in memory, as long as each has its share: 32 MiB. */
const ALL_CHUNKS = 512;
/** Chunks that a read has in memory at least, however many others there are. */
const SHARE_MIN_CHUNKS = 2;

/** The reads of this process. */
export interface FileReads {
  /** Opens a file, or the bytes `start` to `end` (exclusive) of it; null if there is none. */
  open(
    name: string,
    range?: { start: number; end: number },
  ): Promise<ReadableStream<Bytes> | null>;
  /**
   * Runs `erase` as soon as nobody in this process reads a dropped generation: now, or when the last
   * read ends.
   */
  whenUnread(generation: string, erase: () => Promise<void>): Promise<void>;
  /** Whether somebody in this process reads a generation. */
  isRead(generation: string): boolean;
}

/** How a generation is read. */
interface Reading {
  count: number;
  erase: (() => Promise<void>) | null;
}

/** Creates the reads of this process. */
export function createFileReads(kv: Pick<FilesKv, "get" | "list">): FileReads {
  const readings = new Map<string, Reading>();
  let open = 0;

  function begin(generation: string): () => Promise<void> {
    const reading = readings.get(generation) ?? { count: 0, erase: null };
    readings.set(generation, reading);
    reading.count++;
    open++;
    let isOver = false;
    return async () => {
      if (isOver) return;
      isOver = true;
      open--;
      if (--reading.count > 0) return;
      readings.delete(generation);
      // The sweep erases what cannot be erased now.
      await reading.erase?.().catch(() => {});
    };
  }

  return {
    async open(name, range) {
      const file = await onKv(findFile(kv, name));
      if (file === null) return null;
      return streamOf(kv, {
        ...file,
        range: range ?? { start: 0, end: file.sizeBytes },
        // Half of a share is what was read, the other half what is read ahead.
        shareChunks: () => Math.max(SHARE_MIN_CHUNKS, Math.floor(ALL_CHUNKS / open)) / 2,
        end: begin(file.generation),
      });
    },
    async whenUnread(generation, erase) {
      const reading = readings.get(generation);
      if (reading === undefined) await erase();
      else reading.erase = erase;
    },
    isRead: (generation) => readings.has(generation),
  };
}

interface StreamOptions {
  readonly generation: string;
  readonly sizeBytes: number;
  readonly range: { readonly start: number; readonly end: number };
  /** Most chunks of one read, at this moment. */
  shareChunks(): number;
  /** Called when nothing more is read. */
  end(): Promise<void>;
}

function streamOf(
  kv: Pick<FilesKv, "list">,
  { generation, sizeBytes, range, shareChunks, end }: StreamOptions,
): ReadableStream<Bytes> {
  const stop = Math.min(range.end, sizeBytes);
  let at = range.start;
  let nextIndex = Math.floor(at / CHUNK_BYTES);
  let wanted = FIRST_CHUNKS;
  let chunks: Bytes[] = [];
  let ahead: Promise<Bytes[]> | null = null;
  let pulling: Promise<void> = Promise.resolve();
  let isCancelled = false;

  /** Begins to read what follows; null at the end. */
  function readOn(): Promise<Bytes[]> | null {
    const left = Math.ceil(stop / CHUNK_BYTES) - nextIndex;
    if (left <= 0 || at >= stop || isCancelled) return null;
    const count = Math.min(left, wanted, Math.max(1, Math.floor(shareChunks())));
    const read = onKv(readAll(kv, generation, { firstIndex: nextIndex, count }));
    // Awaited later. Until then a rejection must not count as unhandled.
    read.catch(() => {});
    nextIndex += count;
    wanted = Math.min(2 * wanted, READ_MAX_CHUNKS);
    return read;
  }

  async function nextChunk(): Promise<Bytes> {
    if (chunks.length === 0) {
      chunks = await (ahead ?? readOn()) ?? [];
      ahead = readOn();
    }
    const chunk = chunks.shift();
    if (chunk === undefined) throw new Error(`Cannot read a chunk that is not there: ${at}`);
    return chunk;
  }

  async function pull(controller: ReadableStreamDefaultController<Bytes>): Promise<void> {
    try {
      if (at < stop) {
        const from = at % CHUNK_BYTES;
        const piece = (await nextChunk()).subarray(from, from + stop - at);
        at += piece.length;
        if (!isCancelled) controller.enqueue(piece);
        return;
      }
      if (range.end > sizeBytes) {
        throw new Error(`Cannot read past the end of the file: ${sizeBytes}`);
      }
      await end();
      controller.close();
    } catch (error) {
      await end();
      controller.error(error);
    }
  }

  return new ReadableStream({
    pull: (controller) => pulling = pull(controller),
    async cancel() {
      isCancelled = true;
      // No read may be on its way when this resolves: neither that of a pull nor the one ahead.
      await pulling;
      await ahead?.catch(() => {});
      await end();
    },
  });
}

async function readAll(
  kv: Pick<FilesKv, "list">,
  generation: string,
  run: { firstIndex: number; count: number },
): Promise<Bytes[]> {
  const chunks = await readChunks(kv, generation, run);
  if (chunks.length === run.count) return chunks;
  throw new AppError("STORAGE_UNAVAILABLE", "The file was deleted while it was read");
}
