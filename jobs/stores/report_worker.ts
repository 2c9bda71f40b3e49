/**
 * What workers do to write a report: they read the file of the database, or ask the other thread for what is
 * stored, decode the polls, measure stores, and write the file.
 *
 * @module
 */

import { openDiskWriter } from "../../data/files/disk_writer.ts";
import type { WrittenFile } from "../../data/files/file_store.ts";
import type { Span } from "../../data/readings/page.ts";
import { openDatabaseFile, UnreadableFileError } from "../../kv/database_file.ts";
import { untilAborted } from "../../data/files/until_aborted.ts";
import { writeStream } from "../../data/files/write_stream.ts";
import { createDeflaters, type Deflaters } from "../engine/deflaters.ts";
import type { RunTask, TaskContext } from "../engine/serve_tasks.ts";
import { type Sent, sentError } from "../engine/thread_messages.ts";
import { openReport } from "./open_report.ts";
import { filePolls } from "./poll_source.ts";
import type { ReportSpec } from "./report_plan.ts";
import { withSettings } from "./report_stores.ts";
import type { StoreBatch } from "./store_batch.ts";
import type {
  FileReport,
  ReportCalls,
  ThreadReport,
  UnreadableDatabase,
} from "./thread_contract.ts";
import { type ReportParts, writeReport, type WrittenReport } from "./write_report.ts";

/** Reports of a worker share a thread that compresses. */
export function createReportTask(): RunTask {
  const deflaters = createDeflaters();
  return (input, context) => runReport(input, context, deflaters);
}

/** Writes the file of a report: a `ThreadReport` becomes a `WrittenReport`, or an `UnreadableDatabase`. */
async function runReport(
  input: unknown,
  { signal, ask: send }: TaskContext,
  deflaters: Deflaters,
): Promise<Sent> {
  // The other thread is of this version, so it sends what the contract says.
  const { name, folder, source } = input as ThreadReport;
  const ask: Ask = async (call, value, moves) => await send(call, { value, moves }) as never;
  using deflater = deflaters.open();
  const shared: SharedParts = {
    async damaged({ place, cause }) {
      await ask("damaged", { place, cause: sentError(cause) });
    },
    write: (body) =>
      folder === null
        ? writeAsked(ask, body, signal)
        : writeStream(body, signal, () => openDiskWriter(folder, name, { signal })),
    deflater,
  };
  const value = "spec" in source
    ? await writeAskedStores(source.spec, { ask, signal, shared })
    : await writeFromFile(source, { ask, signal, shared }).catch(unreadable);
  return { value };
}

type SharedParts = Pick<ReportParts, "damaged" | "write" | "deflater">;
/** What both ways need. */
interface Sides {
  readonly ask: Ask;
  readonly signal: AbortSignal;
  readonly shared: SharedParts;
}

/** Writes a report on stores that the other thread reads. */
async function writeAskedStores(
  spec: ReportSpec,
  { ask, signal, shared }: Sides,
): Promise<WrittenReport> {
  let done = 0;
  return await writeReport({
    ...shared,
    batches: () => askedBatches(ask, { signal, done: () => done }),
    onDone: (stores) => done = stores,
  }, spec);
}

/** Writes a report on stores that this thread reads. */
async function writeFromFile(
  { path, unfolded, params, ...times }: FileReport,
  { ask, signal, shared }: Sides,
): Promise<WrittenReport> {
  using file = openDatabaseFile(path);
  const readUnfolded = (id: string, span: Span) => ask("unfolded", { id, span });
  const { damaged } = shared;
  const polls = filePolls({ file, unfolded, readUnfolded }, { signal, damaged });
  const { spec, wants, shareOf } = await openReport(polls, params, times);
  file.rest();
  let done = 0, looked = 0;

  async function* batches(span: Span): AsyncGenerator<StoreBatch> {
    // While it waits for the answer, this thread hears of an abort.
    let shown: Promise<unknown> = Promise.resolve();
    for await (const batch of withSettings(file, polls.scan({ ...span, wants }))) {
      file.rest();
      await shown;
      looked += batch.looked;
      yield batch;
      shown = ask("progress", { done, share: shareOf(looked) });
      shown.catch(() => {});
    }
    await shown;
  }

  return await writeReport({ ...shared, batches, onDone: (stores) => done = stores }, spec);
}

function unreadable(error: unknown): UnreadableDatabase {
  if (!(error instanceof UnreadableFileError)) throw error;
  return { unreadable: error.message };
}

/** Asks the other thread. */
type Ask = <Name extends keyof ReportCalls>(
  name: Name,
  ask: ReportCalls[Name]["ask"],
  moves?: Transferable[],
) => Promise<ReportCalls[Name]["answer"]>;

async function* askedBatches(
  ask: Ask,
  { signal, done }: { signal: AbortSignal; done: () => number },
): AsyncGenerator<StoreBatch> {
  const request = () => {
    const answer = ask("stores", done());
    // Awaited later. Until then a rejection must not count as unhandled.
    answer.catch(() => {});
    return answer;
  };
  let next = request();
  for (;;) {
    const batch = await next;
    if (batch === null) return;
    signal.throwIfAborted();
    // The next ones are on their way while these are measured.
    next = request();
    yield batch;
  }
}

/** Shorter chunks are copied: whoever made them may still look at them. */
const MOVED_BYTES = 16_384;

function isMovable({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength >= MOVED_BYTES && byteLength === buffer.byteLength;
}

/** Writes a stream with a writer of the other thread. */
async function writeAsked(
  ask: Ask,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): Promise<WrittenFile> {
  try {
    for await (const chunk of untilAborted(body, signal)) {
      const bytes = isMovable(chunk) ? chunk : chunk.slice();
      await ask("write", bytes, [bytes.buffer]);
    }
    return await ask("finish", null);
  } catch (error) {
    await body.cancel(error).catch(() => {});
    throw error;
  }
}
