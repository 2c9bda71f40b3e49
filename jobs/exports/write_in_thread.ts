/**
 * The file of an export, written by a worker: this thread reads what is stored and hands it over as it is.
 *
 * @module
 */

import { ChangedBytes } from "../../data/encoders/file_cut.ts";
import { freeMemory } from "../../data/encoders/chunk_memory.ts";
import type { FileStore, FileWriter } from "../../data/files/file_store.ts";
import { DamagedDataError } from "../../kv/series/damage.ts";
import { movedChunk, type PackedChunk, type PackedRead } from "../../kv/series/packed_read.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { JobContext } from "../engine/job_kind.ts";
import { orAborted } from "../engine/or_aborted.ts";
import { receivedError, type Sent } from "../engine/thread_messages.ts";
import { DeadWorkerError } from "../engine/thread.ts";
import type { Threads } from "../engine/threads.ts";
import type { CutSaver } from "./cut_saver.ts";
import { hasCuts } from "./export_file.ts";
import { createExportTally, type ExportTally } from "./export_tally.ts";
import type { ExportCalls, ThreadExport, ThreadOutcome } from "./thread_contract.ts";
import type { FileToWrite, NamedFile } from "./write_file.ts";

/** What it needs. */
export interface ThreadWriteDeps {
  /** The readings. */
  readonly series: Pick<SeriesStore, "readPacked">;
  /** Where the file goes. */
  readonly files: Pick<FileStore, "openWriter" | "folder" | "discard">;
  /** The workers. */
  readonly threads: Threads;
}

/** Answers what the worker asks. */
type Answers = {
  readonly [Name in keyof ExportCalls]: (
    ask: ExportCalls[Name]["ask"],
  ) => Promise<Sent<ExportCalls[Name]["answer"]>>;
};

/** A read, and its next chunk, which is read while the worker has the one before. */
interface OpenRead {
  readonly read: PackedRead;
  readonly chunks: AsyncIterator<PackedChunk>;
  next: Promise<IteratorResult<PackedChunk>>;
}

/**
 * Writes the file. Null if what a checkpoint has kept of it is not there any more; `no threads` where no
 * worker can start, or one died that had other tasks too. Throws as if this thread had written it.
 */
export async function writeInThread(
  { series, files, threads }: ThreadWriteDeps,
  context: JobContext,
  { plan: { spec, profile, cadencesMs }, tally, from, saver }: FileToWrite & { saver: CutSaver },
): Promise<{ file: NamedFile; tally: ExportTally } | null | "no threads"> {
  const { artifactName: name, signal } = context;
  const kept = from?.kept;
  const { progress, checkpoints } = context;
  const reads = answerReads(series, {
    signal,
    progress,
    // A run that is asked counts as one that saves checkpoints, and a stop waits for those.
    isCutDue: () => hasCuts(spec) && checkpoints.isDue(),
  });
  const writes = answerWrites(() => files.openWriter(name, { signal, kept, release }));
  const answers: Answers = {
    ...reads.answers,
    ...writes.answers,
    async save({ cut, kept }) {
      await saver.save(cut, kept);
      return NOTHING;
    },
    unkept(error) {
      saver.warn(receivedError(error));
      return Promise.resolve(NOTHING);
    },
  };
  const input: ThreadExport = {
    spec,
    profile,
    cadencesMs,
    tally: tally.save(),
    from: from === null ? null : { place: from.place, kept: from.kept },
    name,
    folder: files.folder ?? null,
  };
  try {
    const ended = await threads.run({
      kind: "export",
      id: context.jobId,
      input,
      signal,
      // The worker is of this version, so it asks what the contract says.
      answer: (call, ask) => answers[call as keyof Answers](ask as never),
    });
    if (ended === null) return "no threads";
    const outcome = ended.value as ThreadOutcome;
    if (outcome.kind === "changed") throw new ChangedBytes();
    if (outcome.kind === "gone") return null;
    return { file: outcome.file, tally: createExportTally(spec, cadencesMs, outcome.tally) };
  } catch (error) {
    const { isDead, isShared } = deathOf(error);
    // A worker that dies deletes nothing; if this thread writes, it closes the file.
    if (isDead && files.folder !== undefined && (isShared || !saver.hasSaved())) {
      await files.discard(name).catch(() => {});
    }
    if (isShared && !signal.aborted) return "no threads";
    throw reads.damage() ?? error;
  } finally {
    await Promise.all([reads.end(), writes.end()]);
  }
}

function deathOf(error: unknown): { isDead: boolean; isShared: boolean } {
  const isDead = error instanceof DeadWorkerError;
  return { isDead, isShared: isDead && error.isShared };
}

const NOTHING: Sent<null> = { value: null };

/** Frees what is written. */
function release({ buffer }: Uint8Array<ArrayBuffer>): void {
  freeMemory(buffer);
}

function answerReads(
  series: Pick<SeriesStore, "readPacked">,
  { signal, progress, isCutDue }: Pick<JobContext, "signal" | "progress"> & {
    isCutDue: () => boolean;
  },
): {
  answers: Pick<Answers, "chunk" | "look" | "ended">;
  damage(): DamagedDataError | null;
  end(): Promise<void>;
} {
  const reads = new Map<number, OpenRead>();
  const ending = new Set<Promise<void>>();
  let damage: DamagedDataError | null = null;

  function begin({ ref, span }: NonNullable<ExportCalls["chunk"]["ask"]["begin"]>): OpenRead {
    const read = series.readPacked(ref, span, signal);
    const chunks = read.chunks[Symbol.asyncIterator]();
    return { read, chunks, next: ahead(chunks) };
  }

  return {
    answers: {
      async chunk({ read: id, begin: wanted, progress: reached }) {
        progress(reached);
        if (wanted !== undefined) reads.set(id, begin(wanted));
        const open = reads.get(id);
        if (open === undefined) throw new TypeError(`Cannot read on as it has ended: ${id}`);
        // While the database is away, a read may take long.
        const { done, value } = await orAborted(open.next, signal);
        if (!done) open.next = ahead(open.chunks);
        if (done) return { value: { chunk: null, isCutDue: isCutDue() } };
        const { chunk, moves } = movedChunk(value);
        return { value: { chunk, isCutDue: isCutDue() }, moves };
      },
      look(reached) {
        progress(reached);
        return Promise.resolve({ value: isCutDue() });
      },
      ended({ read: id, readings, damage: found }) {
        const open = reads.get(id);
        if (open === undefined) return Promise.resolve(NOTHING);
        reads.delete(id);
        open.read.counted(readings);
        if (found !== null) {
          damage = new DamagedDataError(found.place, receivedError(found.cause));
          open.read.damaged(damage);
        }
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

function answerWrites(open: () => Promise<FileWriter | null>): {
  answers: Pick<Answers, "open" | "write" | "keep" | "finish" | "close">;
  end(): Promise<void>;
} {
  let writer: FileWriter | null = null;
  let keeping: Promise<unknown> = Promise.resolve();
  /** Settles when the calls before the next one have ended, or begun if they keep; rejects if one failed. */
  let turn: Promise<unknown> = Promise.resolve();

  /** A call begins when those before have ended, as if this thread wrote. After one that fails, none does. */
  function inTurn<T>(begin: () => T | Promise<T>): Promise<T> {
    const begun = turn.then(begin);
    turn = begun;
    // Whoever calls gets the failure.
    begun.catch(() => {});
    return begun;
  }

  function opened(): FileWriter {
    if (writer === null) throw new TypeError("Cannot write as no file is open");
    return writer;
  }

  /** Closes the file after all calls, also after those that failed. */
  function end(): Promise<void> {
    const ended = turn.catch(() => {}).then(async () => {
      await keeping;
      const closing = writer;
      writer = null;
      await closing?.close();
    });
    turn = ended;
    return ended;
  }

  return {
    answers: {
      async open() {
        // If the worker dies meanwhile, the file is closed after it has been opened.
        const opened = await inTurn(async () => writer = await open());
        return { value: opened && { name: opened.name } };
      },
      async write(bytes) {
        await inTurn(() => opened().write(bytes));
        return NOTHING;
      },
      async keep() {
        const { kept } = await inTurn(() => {
          const kept = opened().keep();
          keeping = kept.catch(() => {});
          return { kept };
        });
        return { value: await kept };
      },
      async finish() {
        return { value: await inTurn(() => opened().finish()) };
      },
      async close() {
        await end();
        return NOTHING;
      },
    },
    end,
  };
}
