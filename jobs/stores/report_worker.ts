/**
 * What workers do to write a report: they decode the polls that the other thread reads, measure stores,
 * and write the file.
 *
 * @module
 */

import { openDiskWriter } from "../../data/files/disk_writer.ts";
import type { WrittenFile } from "../../data/files/file_store.ts";
import { untilAborted } from "../../data/files/until_aborted.ts";
import { writeStream } from "../../data/files/write_stream.ts";
import { createDeflaters } from "../engine/deflaters.ts";
import type { TaskContext } from "../engine/serve_tasks.ts";
import { type Sent, sentError } from "../engine/thread_messages.ts";
import type { StoreBatch } from "./store_batch.ts";
import type { ReportCalls, ThreadReport } from "./thread_contract.ts";
import { writeReport } from "./write_report.ts";

const deflaters = createDeflaters();

/** Writes the file of a report: a `ThreadReport` becomes a `WrittenReport`. */
export async function runReport(
  input: unknown,
  { signal, ask: send }: TaskContext,
): Promise<Sent> {
  // The other thread is of this version, so it sends what the contract says.
  const { spec, name, folder } = input as ThreadReport;
  const ask: Ask = async (call, value, moves) => await send(call, { value, moves }) as never;
  using deflater = deflaters.open();
  let done = 0;
  const written = await writeReport({
    batches: () => askedBatches(ask, { signal, done: () => done }),
    async damaged({ place, cause }) {
      await ask("damaged", { place, cause: sentError(cause) });
    },
    onDone: (stores) => done = stores,
    write: (body) =>
      folder === null
        ? writeAsked(ask, body, signal)
        : writeStream(body, signal, () => openDiskWriter(folder, name, { signal })),
    deflater,
  }, spec);
  return { value: written };
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
