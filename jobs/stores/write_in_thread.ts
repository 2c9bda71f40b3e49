/**
 * The file of a report, written by a worker, which reads the file of the database, or else is handed over what
 * this thread reads.
 *
 * @module
 */

import type { FileStore, WrittenFile } from "../../data/files/file_store.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import { DamagedDataError } from "../../kv/series/damage.ts";
import type { JobContext } from "../engine/job_kind.ts";
import { orAborted } from "../engine/or_aborted.ts";
import { DeadWorkerError } from "../engine/thread.ts";
import { receivedError, type Sent } from "../engine/thread_messages.ts";
import type { Threads } from "../engine/threads.ts";
import type { ReportSpec } from "./report_plan.ts";
import { sentBatch, type StoreBatch } from "./store_batch.ts";
import type {
  FileReport,
  ReportCalls,
  ReportProgress,
  ThreadReport,
  UnreadableDatabase,
} from "./thread_contract.ts";
import type { ReportParts, WrittenReport } from "./write_report.ts";

/** What it needs. */
export interface ThreadWriteDeps {
  /** Where the file goes. */
  readonly files: Pick<FileStore, "write" | "folder" | "discard">;
  /** The workers. */
  readonly threads: Threads;
}

/** What this thread does for any worker. */
interface SharedParts {
  /** Reports that a block is damaged. */
  readonly damaged: ReportParts["damaged"];
  /** Shows how far the report is. */
  readonly onDone: (stores: number) => void;
}

/** What it does for a worker that does not read by itself. */
export interface ThreadReportParts extends SharedParts {
  /** The report. */
  readonly spec: ReportSpec;
  /** The stores. */
  batches(): AsyncIterable<StoreBatch>;
}

/** What it does for a worker that reads the file of the database. */
export interface FileReportParts extends Pick<SharedParts, "damaged"> {
  /** The report. */
  readonly file: FileReport;
  /** Shows how far it is. */
  readonly onProgress: (progress: ReportProgress) => void;
  /** The polls of a store that the file does not have in blocks. */
  readonly readUnfolded: (id: string, span: Span) => Promise<Page>;
}

/** Answers what the worker asks. */
type Answers = {
  readonly [Name in keyof ReportCalls]: (
    ask: ReportCalls[Name]["ask"],
  ) => Promise<Sent<ReportCalls[Name]["answer"]>>;
};

type Context = Pick<JobContext, "jobId" | "artifactName" | "signal">;

/**
 * Writes the file in a worker, which asks this thread for the stores; null where no worker can start, or one
 * died that had other tasks too: by then stores may have been read. Throws as if this thread had written it.
 */
export async function writeInThread(
  deps: ThreadWriteDeps,
  context: Context,
  { spec, batches, damaged, onDone }: ThreadReportParts,
): Promise<WrittenReport | null> {
  const stores = answerStores({ batches, onDone }, context.signal);
  try {
    const answers = { ...answerFor(damaged), stores: stores.next };
    const written = await runTask<WrittenReport>(deps, context, { source: { spec }, answers });
    // The worker asked for the last stores before it had measured those before.
    if (written !== null) onDone(written.counts.storeCount);
    return written;
  } finally {
    await stores.end();
  }
}

/** The same for a worker that reads the file of the database, if it can. */
export async function writeFromFile(
  deps: ThreadWriteDeps,
  context: Context,
  { file, damaged, onProgress, readUnfolded }: FileReportParts,
): Promise<WrittenReport | UnreadableDatabase | null> {
  const answers: Partial<Answers> = {
    ...answerFor(damaged),
    progress(progress) {
      onProgress(progress);
      return Promise.resolve({ value: null });
    },
    unfolded: async ({ id, span }) => ({ value: await readUnfolded(id, span) }),
  };
  return await runTask<WrittenReport | UnreadableDatabase>(deps, context, {
    source: file,
    answers,
  });
}

function answerFor(damaged: SharedParts["damaged"]): Pick<Answers, "damaged"> {
  return {
    async damaged({ place, cause }) {
      const error = new DamagedDataError(place, receivedError(cause));
      await damaged(error);
      throw error;
    },
  };
}

async function runTask<Outcome>(
  { files, threads }: ThreadWriteDeps,
  { jobId, artifactName: name, signal }: Context,
  { source, answers: some }: { source: ThreadReport["source"]; answers: Partial<Answers> },
): Promise<Outcome | null> {
  const file = openPushedFile((body) => files.write(name, body, signal));
  const answers: Partial<Answers> = {
    ...some,
    async write(bytes) {
      await file.write(bytes);
      return { value: null };
    },
    finish: async () => ({ value: await file.finish() }),
  };
  const input: ThreadReport = { name, folder: files.folder ?? null, source };
  try {
    const ended = await threads.run({
      kind: "report",
      id: jobId,
      input,
      signal,
      // The worker is of this version, so it asks what the contract says.
      answer: (call, ask) => answers[call as keyof Answers]!(ask as never),
    });
    return ended === null ? null : ended.value as Outcome;
  } catch (error) {
    if (!(error instanceof DeadWorkerError)) throw error;
    // A worker that dies deletes nothing.
    if (files.folder !== undefined) await files.discard(name).catch(() => {});
    if (error.isShared && !signal.aborted) return null;
    throw error;
  } finally {
    await file.end();
  }
}

/** Reads stores while the worker measures those before. */
function answerStores(
  { batches, onDone }: Pick<ThreadReportParts, "batches" | "onDone">,
  signal: AbortSignal,
): { next: Answers["stores"]; end(): Promise<void> } {
  let open: AsyncIterator<StoreBatch> | null = null;
  let ahead: Promise<IteratorResult<StoreBatch>> | null = null;

  function read(from: AsyncIterator<StoreBatch>): NonNullable<typeof ahead> {
    const next = from.next();
    // It is awaited later; until then its failure is nobody's.
    next.catch(() => {});
    return next;
  }

  return {
    async next(done) {
      onDone(done);
      open ??= batches()[Symbol.asyncIterator]();
      // While the database is away, a read may take long.
      const { done: isOver, value } = await orAborted(ahead ?? read(open), signal);
      if (isOver) return { value: null };
      ahead = read(open);
      return sentBatch(value);
    },
    async end() {
      // A run that is aborted does not wait for what is read ahead.
      const ended = (ahead ?? Promise.resolve()).catch(() => {}).then(() => open?.return?.());
      await orAborted(ended, signal).catch(() => {});
    },
  };
}

/** A file whose bytes come one after the other. It is begun with the first ones. */
interface PushedFile {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  finish(): Promise<WrittenFile>;
  /** Gives up, unless it has been finished. */
  end(): Promise<void>;
}

function openPushedFile(
  write: (body: ReadableStream<Uint8Array<ArrayBuffer>>) => Promise<WrittenFile>,
): PushedFile {
  type Open = { writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> } & {
    written: Promise<WrittenFile>;
  };
  let file: Open | null = null;

  function open(): Open {
    const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
    const written = write(readable);
    // Whoever finishes the file gets the failure.
    written.catch(() => {});
    return { writer: writable.getWriter(), written };
  }

  return {
    async write(bytes) {
      file ??= open();
      await file.writer.write(bytes);
    },
    async finish() {
      file ??= open();
      // If the file fails, both do, for the same reason.
      const [written] = await Promise.all([file.written, file.writer.close()]);
      return written;
    },
    async end() {
      if (file === null) return;
      await file.writer.abort(new Error("The report ended before its file")).catch(() => {});
      await file.written.catch(() => {});
    },
  };
}
