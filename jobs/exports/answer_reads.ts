/**
 * What this thread answers to a worker that reads for an export: how far it is, and what the file of the
 * database does not have; or all that is stored, where the worker does not read the file.
 *
 * @module
 */

import { DamagedDataError } from "../../kv/series/damage.ts";
import {
  movedChunk,
  movedPage,
  type PackedChunk,
  type PackedRead,
} from "../../kv/series/packed_read.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { JobContext } from "../engine/job_kind.ts";
import { orAborted } from "../engine/or_aborted.ts";
import { receivedError, type Sent } from "../engine/thread_messages.ts";
import type { ChunkRequest, ExportCalls } from "./thread_contract.ts";

/** Answers what the worker asks. */
export type Answers = {
  readonly [Name in keyof ExportCalls]: (
    ask: ExportCalls[Name]["ask"],
  ) => Promise<Sent<ExportCalls[Name]["answer"]>>;
};

/** The answer that something has been done. */
export const NOTHING: Sent<null> = { value: null };

/** A read, and its next chunk, which is read while the worker has the one before. */
interface OpenRead {
  readonly read: PackedRead;
  readonly chunks: AsyncIterator<PackedChunk>;
  next: Promise<IteratorResult<PackedChunk>>;
}

/** What it needs besides the readings. */
export interface ReadContext extends Pick<JobContext, "signal" | "progress"> {
  /** Whether a checkpoint should be saved. */
  isCutDue(): boolean;
  /** Hears that the worker cannot read the file of the database, and why. */
  onUnreadable(reason: string): void;
}

/** Answers one worker. */
export interface ReadAnswers {
  /** The answers. */
  readonly answers: Pick<Answers, "chunk" | "overlay" | "unreadable" | "look" | "ended">;
  /** What the worker has found damaged; null for nothing. */
  damage(): DamagedDataError | null;
  /** Ends all reads. */
  end(): Promise<void>;
}

/** Begins to answer a worker. */
export function answerReads(
  series: Pick<SeriesStore, "readPacked">,
  { signal, progress, isCutDue, onUnreadable }: ReadContext,
): ReadAnswers {
  const reads = new Map<number, OpenRead>();
  const ending = new Set<Promise<void>>();
  let damage: DamagedDataError | null = null;

  function begin({ ref, span, life }: NonNullable<ChunkRequest["begin"]>): OpenRead {
    const read = series.readPacked(ref, { ...span, life }, signal);
    const chunks = read.chunks[Symbol.asyncIterator]();
    return { read, chunks, next: ahead(chunks) };
  }

  async function chunk(
    { read: id, begin: wanted, progress: reached }: ChunkRequest,
  ): ReturnType<Answers["chunk"]> {
    progress(reached);
    if (wanted !== undefined) reads.set(id, begin(wanted));
    const open = reads.get(id);
    if (open === undefined) throw new TypeError(`Cannot read on as it has ended: ${id}`);
    // While the database is away, a read may take long.
    const { done, value } = await orAborted(open.next, signal);
    if (done) return { value: { chunk: null, isCutDue: isCutDue() } };
    open.next = ahead(open.chunks);
    const { chunk, moves } = movedChunk(value);
    return { value: { chunk, isCutDue: isCutDue() }, moves };
  }

  return {
    answers: {
      chunk,
      async overlay({ ref, head }) {
        const page = await orAborted(series.readPacked(ref, NO_SPAN, signal).overlay(head), signal);
        const { page: value, moves } = movedPage(page);
        return { value, moves };
      },
      unreadable(reason) {
        onUnreadable(reason);
        return Promise.resolve(NOTHING);
      },
      look(reached) {
        progress(reached);
        return Promise.resolve({ value: isCutDue() });
      },
      ended({ read: id, ref, readings, damage: found }) {
        const open = reads.get(id);
        reads.delete(id);
        const read = open?.read ?? series.readPacked(ref, NO_SPAN, signal);
        read.counted(readings);
        if (found !== null) {
          damage = new DamagedDataError(found.place, receivedError(found.cause));
          read.damaged(damage);
        }
        if (open === undefined) return Promise.resolve(NOTHING);
        // The worker need not wait for it.
        const ended = endRead(open, signal).finally(() => ending.delete(ended));
        ending.add(ended);
        return Promise.resolve(NOTHING);
      },
    },
    damage: () => damage,
    async end() {
      await Promise.all([...ending, ...[...reads.values()].map((open) => endRead(open, signal))]);
    },
  };
}

/** The span of a read whose chunks are not asked for, so that nothing is read. */
const NO_SPAN = { fromMs: 0, toMs: 0 };

function ahead(chunks: AsyncIterator<PackedChunk>): OpenRead["next"] {
  const next = chunks.next();
  // It is awaited later; until then its failure is nobody's.
  next.catch(() => {});
  return next;
}

/** Ends a read. A run that is aborted does not wait for what is read ahead. */
async function endRead({ chunks, next }: OpenRead, signal: AbortSignal): Promise<void> {
  const ended = next.catch(() => {}).then(() => chunks.return?.());
  await orAborted(ended, signal).catch(() => {});
}
