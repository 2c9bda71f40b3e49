/**
 * The file of an export, written by a worker, which reads the file of the database. Where it cannot, this thread
 * reads what is stored and hands it over as it is.
 *
 * @module
 */

import { ChangedBytes } from "../../data/encoders/file_cut.ts";
import { freeMemory } from "../../data/encoders/chunk_memory.ts";
import type { FileStore, FileWriter } from "../../data/files/file_store.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import { haveSegments } from "../../kv/series/segment_counts.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { JobContext } from "../engine/job_kind.ts";
import { receivedError } from "../engine/thread_messages.ts";
import { DeadWorkerError } from "../engine/thread.ts";
import type { Threads } from "../engine/threads.ts";
import { answerReads, type Answers, NOTHING } from "./answer_reads.ts";
import type { CutSaver } from "./cut_saver.ts";
import { hasCuts } from "./export_file.ts";
import { createExportTally, type ExportTally } from "./export_tally.ts";
import type { ReadableDatabase, ThreadExport, ThreadOutcome } from "./thread_contract.ts";
import type { FileToWrite, NamedFile } from "./write_file.ts";

/** What it needs. */
export interface ThreadWriteDeps {
  /** The readings. */
  readonly series: Pick<SeriesStore, "readPacked">;
  /** The database. */
  readonly kv: Pick<Deno.Kv, "getMany">;
  /** Its path, if it is a file that a worker can read; null or absent if it is not. */
  readonly databasePath?: string | null;
  /** Where the file goes. */
  readonly files: Pick<FileStore, "openWriter" | "folder" | "discard">;
  /** The workers. */
  readonly threads: Threads;
}

/**
 * Writes the file. Null if what a checkpoint has kept of it is not there any more; `no threads` where no
 * worker can start, or one died that had other tasks too. Throws as if this thread had written it.
 */
export async function writeInThread(
  { series, kv, databasePath, files, threads }: ThreadWriteDeps,
  context: JobContext,
  { plan: { spec, profile, cadencesMs }, tally, from, saver }: FileToWrite & { saver: CutSaver },
): Promise<{ file: NamedFile; tally: ExportTally } | null | "no threads"> {
  const { artifactName: name, signal } = context;
  const kept = from?.kept;
  const { progress, checkpoints } = context;
  const database = await readableDatabase(kv, databasePath ?? null, spec);
  const reads = answerReads(series, {
    signal,
    progress,
    // A run that is asked counts as one that saves checkpoints, and a stop waits for those.
    isCutDue: () => hasCuts(spec) && checkpoints.isDue(),
    onUnreadable: (reason) =>
      context.log("warn", "database file not read by a worker", { path: databasePath, reason }),
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
    database,
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

/** The file of the database, and which of the sources have segments now; null if there is no file. */
async function readableDatabase(
  kv: ThreadWriteDeps["kv"],
  path: string | null,
  { profile, ids }: ExportSpec,
): Promise<ReadableDatabase | null> {
  if (path === null) return null;
  const hasSegments = await haveSegments(kv, ids.map((id) => ({ profile, id })));
  return { path, unfolded: ids.filter((_, index) => hasSegments[index]) };
}

function deathOf(error: unknown): { isDead: boolean; isShared: boolean } {
  const isDead = error instanceof DeadWorkerError;
  return { isDead, isShared: isDead && error.isShared };
}

/** Frees what is written. */
function release({ buffer }: Uint8Array<ArrayBuffer>): void {
  freeMemory(buffer);
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
