/**
 * What workers do to export windows: they decode what the other thread reads, and encode, hash and write
 * the objects.
 *
 * @module
 */

import { WORKER_CALLS } from "../../data/files/folder_calls.ts";
import { openFolderDestination } from "../../data/continuous/folder_destination.ts";
import type { ExportDestination } from "../../data/continuous/destination.ts";
import { decodeManifest } from "../../data/continuous/manifest.ts";
import type { KeyStyle } from "../../data/continuous/object_key.ts";
import { openWindowEncoder, type WindowEncoder } from "../../data/continuous/window_encoder.ts";
import { DamagedDataError } from "../../kv/series/damage.ts";
import type { PackedChunk } from "../../kv/series/packed_read.ts";
import type { RunTask, TaskContext } from "../engine/serve_tasks.ts";
import { type Sent, sentError } from "../engine/thread_messages.ts";
import { unpackedParts } from "./packed_source.ts";
import { createPutGate, type PutGate } from "./put_gate.ts";
import type { ThreadWindows, ThreadWindowsEnd, WindowCalls } from "./thread_contract.ts";
import { runWindows, type WindowOutcome } from "./window_run.ts";

/** After so many outcomes, or … */
const REPORT_OUTCOMES = 64;
/** … so long, they are reported, milliseconds. */
const REPORT_MS = 200;

/** What all tasks of a worker share. */
interface WindowWorker {
  readonly gate: PutGate;
  encoder(style: KeyStyle): Promise<WindowEncoder>;
  destination(folder: string): ExportDestination;
}

/** Asks the other thread. */
type Ask = <Name extends keyof WindowCalls>(
  name: Name,
  ask: WindowCalls[Name]["ask"],
  moves?: Transferable[],
) => Promise<WindowCalls[Name]["answer"]>;

/** Runs windows in this worker: a `ThreadWindows` becomes a `ThreadWindowsEnd`. */
export const runWindowTask: RunTask = createWindowTasks();

function createWindowTasks(): RunTask {
  const encoders = new Map<string, Promise<WindowEncoder>>();
  const destinations = new Map<string, ExportDestination>();
  const worker: WindowWorker = {
    gate: createPutGate(),
    encoder(style) {
      const name = `${style.layout}/${style.format}`;
      const opened = encoders.get(name) ?? openWindowEncoder(style);
      encoders.set(name, opened);
      return opened;
    },
    destination(folder) {
      const opened = destinations.get(folder) ??
        openFolderDestination(folder, { calls: WORKER_CALLS });
      destinations.set(folder, opened);
      return opened;
    },
  };
  // The other thread is of this version, so it sends what the contract says.
  return async (input, context): Promise<Sent> => ({
    value: await exportWindows(worker, input as ThreadWindows, context),
  });
}

async function exportWindows(
  { gate, ...worker }: WindowWorker,
  { run, known, head, first, isAll, folder, mark }: ThreadWindows,
  { signal, ask: send }: TaskContext,
): Promise<ThreadWindowsEnd> {
  const ask: Ask = async (call, value, moves) =>
    await send(call, { value, moves } satisfies Sent) as never;
  const encoder = await worker.encoder(run.style);
  const destination = folder === null ? null : worker.destination(folder);
  const outcomes = createOutcomes(ask);
  let readings = 0, isTimeUp = false;
  const parts = {
    encoder,
    gate,
    signal,
    report: outcomes.report,
    isTimeUp: () => isTimeUp,
    put: (key: string, bytes: Uint8Array<ArrayBuffer>) =>
      destination === null
        ? putThere(ask, key, bytes)
        : destination.put(key, { bytes, contentType: encoder.contentType, mark }, signal),
  };
  try {
    const chunks = isAll
      ? only(first)
      : chunksOf(ask, { first, signal, onTimeUp: () => isTimeUp = true });
    const source = unpackedParts(head, chunks, (count) => readings += count);
    const end = await runWindows(parts, { ...run, known: decodeManifest(known) }, source);
    return { ...end, outcomes: outcomes.rest(), readings };
  } catch (error) {
    if (error instanceof DamagedDataError) {
      await ask("damaged", { place: error.place, cause: sentError(error.cause) });
    }
    // If the other thread cannot take them, the fault before is what counts.
    await outcomes.flush().catch(() => {});
    throw error;
  }
}

/** The chunks. The next one is on its way while one is encoded. */
async function* chunksOf(
  ask: Ask,
  { first, signal, onTimeUp }: {
    first: PackedChunk;
    signal: AbortSignal;
    onTimeUp: () => void;
  },
): AsyncGenerator<PackedChunk> {
  for (let chunk: PackedChunk | null = first; chunk !== null;) {
    const next = ask("chunk", null);
    // Awaited later. Until then a rejection must not count as unhandled.
    next.catch(() => {});
    yield chunk;
    signal.throwIfAborted();
    const answer = await next;
    if (answer.isTimeUp) onTimeUp();
    chunk = answer.chunk;
  }
}

/** The only chunk. To ask for another takes as long as a small file. */
async function* only(chunk: PackedChunk): AsyncGenerator<PackedChunk> {
  yield await Promise.resolve(chunk);
}

/** Puts an object from the other thread. */
function putThere(ask: Ask, key: string, bytes: Uint8Array<ArrayBuffer>) {
  // A view of more memory is copied, as the memory moves.
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  return ask("put", { key, bytes: own }, [own.buffer]);
}

/** Outcomes that wait for a report of several. */
function createOutcomes(ask: Ask) {
  let waiting: WindowOutcome[] = [];
  let reportedAt = performance.now();

  async function flush(): Promise<boolean> {
    const reported = waiting;
    waiting = [];
    if (reported.length === 0) return true;
    const mayGoOn = await ask("report", reported);
    reportedAt = performance.now();
    return mayGoOn;
  }

  return {
    flush,
    async report(outcomes: readonly WindowOutcome[]): Promise<boolean> {
      waiting.push(...outcomes);
      const isDue = waiting.length >= REPORT_OUTCOMES ||
        performance.now() - reportedAt > REPORT_MS;
      return isDue ? await flush() : true;
    },
    /** Those that are left, for the result of the task. */
    rest: () => waiting,
  };
}
