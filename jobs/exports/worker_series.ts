/**
 * The readings of an export in a worker: it reads the file of the database, or asks the other thread for what
 * is stored, and decodes it.
 *
 * From the file come heads and blocks, each read by itself, as a read of the database does it
 * (`kv/series/read.ts`). Segments are in a journal, so the other thread reads them, unless the series had none
 * before the file was opened: what comes later may be left out, or is found as soon as a fold has moved it into
 * blocks, which changes the head. Where the file cannot be read, the read goes on with what the other thread
 * reads, from the last chunk on.
 *
 * @module
 */

import { emptyPage, type Page } from "../../data/readings/page.ts";
import {
  type DatabaseFile,
  openDatabaseFile,
  UnreadableFileError,
} from "../../kv/database_file.ts";
import { DamagedDataError } from "../../kv/series/damage.ts";
import { currentLife, getHead, type HeadEntry } from "../../kv/series/heads.ts";
import { PACKED_BLOCKS, type PackedChunk, packedPages } from "../../kv/series/packed_read.ts";
import { readChunks } from "../../kv/series/read.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { ReadSpan, SeriesStore } from "../../kv/series/store.ts";
import { sentError } from "../engine/thread_messages.ts";
import type { ChunkRequest, ExportCalls, ReadableDatabase } from "./thread_contract.ts";

/** Asks the other thread. */
export type Ask = <Name extends keyof ExportCalls>(
  name: Name,
  ask: ExportCalls[Name]["ask"],
  moves?: Transferable[],
) => Promise<ExportCalls[Name]["answer"]>;

/** What reading needs. */
export interface WorkerReads {
  /** Asks the other thread. */
  readonly ask: Ask;
  /** Aborts the reads. */
  readonly signal: AbortSignal;
  /** The file of the database; null if the other thread reads. */
  readonly database: ReadableDatabase | null;
  /** How far the file of the export is. */
  readonly progress: () => ChunkRequest["progress"];
  /** Hears whether a checkpoint should be saved. */
  readonly onAnswer: (isCutDue: boolean) => void;
}

/** A read that is under way. */
interface Reading {
  /** Its number. */
  readonly read: number;
  readonly ref: SeriesRef;
  readonly span: { readonly fromMs: number; readonly toMs: number };
}

/** The readings. Disposing of them closes the file of the database. */
export function openWorkerSeries(reads: WorkerReads): Pick<SeriesStore, "read"> & Disposable {
  const { ask } = reads;
  const file = reads.database === null ? null : openSource(reads, reads.database);
  let lastRead = 0;

  return {
    async *read(ref, span, signal): AsyncGenerator<Page> {
      const { profile, reusesMemory, only, fromMs, toMs } = span satisfies ReadSpan;
      if (profile === undefined) throw new TypeError("Cannot read as no profile is named");
      const reading: Reading = { read: ++lastRead, ref, span: { fromMs, toMs } };
      let readings = 0;
      let damage: ExportCalls["ended"]["ask"]["damage"] = null;
      const width = profile.metrics.length;
      try {
        const chunks = file?.chunks(reading) ?? askedChunks(reads, reading);
        for await (const page of packedPages(ref, chunks, { reusesMemory, only, width })) {
          signal.throwIfAborted();
          readings += page.timesMs.length;
          yield page;
        }
      } catch (error) {
        if (error instanceof DamagedDataError) {
          damage = { place: error.place, cause: sentError(error.cause) };
        }
        throw error;
      } finally {
        await ask("ended", { read: reading.read, ref, readings, damage });
      }
    },
    [Symbol.dispose]: () => file?.close(),
  };
}

/** What is read in the file of the database, as long as it can be. */
interface FileSource {
  chunks(reading: Reading): AsyncIterable<PackedChunk>;
  close(): void;
}

function openSource(reads: WorkerReads, { path, unfolded }: ReadableDatabase): FileSource {
  const withSegments = new Set(unfolded);
  let open: DatabaseFile | null = null;
  let isUnreadable = false;

  /** The file, which is opened with the first read. */
  function file(): DatabaseFile {
    return open ??= openDatabaseFile(path);
  }

  return {
    async *chunks(reading) {
      const { ref, span: { fromMs, toMs } } = reading;
      let doneMs = fromMs;
      let life: number | undefined;
      try {
        if (!isUnreadable) {
          life = currentLife(await getHead(file(), ref));
          const hasSegments = withSegments.has(ref.id);
          const span = { fromMs, toMs, life };
          for await (const chunk of fileChunks(reads, file(), { ref, span, hasSegments })) {
            doneMs = chunk.toMs;
            yield chunk;
          }
          return;
        }
      } catch (error) {
        if (!(error instanceof UnreadableFileError)) throw error;
        if (!isUnreadable) await reads.ask("unreadable", error.message);
        isUnreadable = true;
      }
      yield* askedChunks(reads, { ...reading, span: { fromMs: doneMs, toMs } }, life);
    },
    close: () => open?.[Symbol.dispose](),
  };
}

/** Chunks that this thread reads. While it waits for the other one, the file is closed. */
async function* fileChunks(
  { ask, signal, progress, onAnswer }: WorkerReads,
  file: DatabaseFile,
  { ref, span, hasSegments }: Pick<Reading, "ref"> & {
    readonly span: Reading["span"] & { readonly life: number };
    readonly hasSegments: boolean;
  },
): AsyncGenerator<PackedChunk> {
  const look = () => {
    const answer = ask("look", progress());
    // Awaited later. Until then a rejection must not count as unhandled.
    answer.catch(() => {});
    return answer;
  };
  const askOverlay = async (head: HeadEntry) => {
    file.rest();
    return await ask("overlay", { ref, head });
  };
  const chunks = readChunks(file, ref, {
    ...span,
    signal,
    chunkMax: PACKED_BLOCKS,
    overlayOf: hasSegments ? askOverlay : () => Promise.resolve(emptyPage(0)),
  });
  let looking = look();
  for await (const chunk of chunks) {
    file.rest();
    // Meanwhile, this thread hears of an abort.
    onAnswer(await looking);
    // The answer comes while this chunk is encoded.
    looking = look();
    yield chunk;
  }
  file.rest();
}

/** Chunks that the other thread reads. */
async function* askedChunks(
  { ask, progress, onAnswer }: WorkerReads,
  { read, ref, span }: Reading,
  life?: number,
): AsyncGenerator<PackedChunk> {
  const request = (begin?: ChunkRequest["begin"]) => {
    const answer = ask("chunk", { read, begin, progress: progress() });
    // Awaited later. Until then a rejection must not count as unhandled.
    answer.catch(() => {});
    return answer;
  };
  let next = request({ ref, span, life });
  for (;;) {
    const { chunk, isCutDue } = await next;
    onAnswer(isCutDue);
    if (chunk === null) return;
    // The next one is on its way while this one is encoded.
    next = request();
    yield chunk;
  }
}
