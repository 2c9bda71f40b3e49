/**
 * Runs windows where it is best: those with many readings, or of many devices, in a worker; the others,
 * and all where there are no workers, on this thread. Both call the same function, so the objects are
 * the same.
 *
 * @module
 */

import { encodeManifest } from "../../data/continuous/manifest.ts";
import type { ExportDestination } from "../../data/continuous/destination.ts";
import type { TelemetrySource } from "../../data/continuous/telemetry_source.ts";
import { windowAt } from "../../data/continuous/window.ts";
import type { WindowEncoder } from "../../data/continuous/window_encoder.ts";
import type { Span } from "../../data/readings/page.ts";
import { DamagedDataError } from "../../kv/series/damage.ts";
import { movedChunk, type PackedChunk } from "../../kv/series/packed_read.ts";
import { orAborted } from "../engine/or_aborted.ts";
import { DeadWorkerError } from "../engine/thread.ts";
import { receivedError, type Sent } from "../engine/thread_messages.ts";
import type { Threads } from "../engine/threads.ts";
import { type PackedDevice, type PackedSource, unpackedParts } from "./packed_source.ts";
import type { PutGate } from "./put_gate.ts";
import type { RunPlaces } from "./run_places.ts";
import type { ThreadWindows, ThreadWindowsEnd, WindowCalls } from "./thread_contract.ts";
import {
  type ReportOutcomes,
  type RunEnd,
  runWindows,
  type WindowRun,
  type WindowRunParts,
} from "./window_run.ts";

/**
 * A worker takes a device with so many blocks (one or more a day), bytes of blocks, or readings that are
 * not folded, or more. To ask it takes about as long as a few files.
 */
const HEAVY_BLOCKS = 8, HEAVY_BYTES = 8_192, HEAVY_READINGS = 1_000;
/** A worker takes all devices while more than so many are due. */
const CROWD = 32;
/** A window of so many blocks, 1,500 readings each, takes a few milliseconds to encode. */
const SHORT_BLOCKS = 2;

/**
 * How long this thread serves after each turn of encoding, milliseconds. A request needs several turns of
 * the event loop, so without a rest it waits for as many turns of encoding.
 */
const REST_MS = 2;

/** What running needs. */
export interface WindowRunnerDeps {
  /** Where readings come from. */
  readonly source: TelemetrySource & Partial<Pick<PackedSource, "readPacked">>;
  /** Where objects go. */
  readonly destination: ExportDestination;
  /** Encodes objects. */
  readonly encoder: WindowEncoder;
  /** The workers; none by default. */
  readonly threads?: Threads;
  /** Limits the objects that this thread puts at once. */
  readonly gate: PutGate;
  /** Where long runs are made. */
  readonly places: RunPlaces;
  /** How many devices are due at the moment; few by default. */
  readonly dueCount?: () => number;
}

/** A run, and what it may take. */
export interface WindowOrder {
  /** The windows. */
  readonly run: WindowRun;
  /** The readings to read: the span of the windows, or longer to learn what comes after it. */
  readonly read: Span;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Whether to start nothing more. */
  readonly isTimeUp: () => boolean;
  /** Asked when the run is long: whether it waits for a place if none is free; by default, it does. */
  readonly mayWait?: () => boolean;
  /** Called when it has waited for a place, even in vain, milliseconds. */
  readonly onWaited?: (waitedMs: number) => void;
  /** Takes outcomes. */
  readonly report: ReportOutcomes;
}

/**
 * Writes the windows whose readings differ from what was last written.
 *
 * @throws What the source, the destination and `report` throw, and DeadWorkerError.
 */
export async function runOrder(deps: WindowRunnerDeps, order: WindowOrder): Promise<RunEnd> {
  const { source } = deps;
  const { run: { deviceId }, read, signal } = order;
  if (source.readPacked === undefined) {
    return await runHere(deps, order, source.read(deviceId, read, signal));
  }
  const device = await source.readPacked(deviceId, read, signal);
  if (device === null) return { isWhole: true, beyondMs: null };
  const chunks = device.chunks[Symbol.asyncIterator]();
  const begun = await chunks.next();
  const first = begun.done ? null : begun.value;
  try {
    return await runBegun(deps, order, { device, first, chunks });
  } catch (error) {
    if (error instanceof DamagedDataError) device.damaged(error);
    throw error;
  } finally {
    // A pass that is aborted does not wait for what is read ahead.
    await orAborted(Promise.resolve(chunks.return?.()), signal).catch(() => {});
  }
}

async function runBegun(
  deps: WindowRunnerDeps,
  order: WindowOrder,
  { first, ...begun }: Omit<BegunRead, "first"> & { first: PackedChunk | null },
): Promise<RunEnd> {
  if (first === null || !isForWorker(deps, first)) return await runUnpacked();
  if (!isLong(first)) {
    return await runThere(deps, order, { ...begun, first }) ?? await runUnpacked();
  }
  const { places } = deps, mayBeHere = hasShortWindows(order.run, first);
  // Asked in any case, as it is told so which devices have long runs.
  const mayWait = order.mayWait?.() ?? true;
  if (!mayWait && !places.isFree(mayBeHere)) return { isWhole: false, beyondMs: null };
  const askedAt = performance.now();
  using place = await places.enter(mayBeHere, order.signal)
    .finally(() => order.onWaited?.(performance.now() - askedAt));
  order.signal.throwIfAborted();
  // The round may be over by now. The next pass begins where this one does.
  if (order.isTimeUp()) return { isWhole: false, beyondMs: null };
  const end = place.isInWorker ? await runThere(deps, order, { ...begun, first }) : null;
  return end ?? await runUnpacked();

  function runUnpacked(): Promise<RunEnd> {
    const { head, counted } = begun.device;
    return runHere(deps, order, unpackedParts(head, following(first, begun.chunks), counted));
  }
}

function isForWorker({ threads, dueCount }: WindowRunnerDeps, first: PackedChunk): boolean {
  if (threads === undefined || threads.count === 0) return false;
  return (dueCount?.() ?? 0) > CROWD || isLong(first);
}

/** Whether it takes longer than asking a worker. */
function isLong({ blocks, overlay }: PackedChunk): boolean {
  const bytes = blocks.reduce((sum, block) => sum + block.bytes.length, 0);
  return blocks.length >= HEAVY_BLOCKS || bytes >= HEAVY_BYTES ||
    overlay.timesMs.length >= HEAVY_READINGS;
}

/** Whether each window is encoded within a few milliseconds, so that this thread serves in between. */
function hasShortWindows({ plan }: WindowRun, { blocks, overlay }: PackedChunk): boolean {
  if (overlay.timesMs.length >= HEAVY_READINGS) return false;
  let toMs = -Infinity, count = 0;
  return blocks.every(({ startMs }) => {
    if (startMs >= toMs) {
      ({ toMs } = windowAt(plan, startMs));
      count = 0;
    }
    return ++count <= SHORT_BLOCKS;
  });
}

async function runHere(
  { destination, encoder, gate }: WindowRunnerDeps,
  { run, ...order }: WindowOrder,
  readings: Parameters<typeof runWindows>[2],
): Promise<RunEnd> {
  const { contentType } = encoder;
  const put: WindowRunParts["put"] = (key, bytes) =>
    destination.put(key, { bytes, contentType }, order.signal);
  return await runWindows({ encoder, gate, put, restMs: REST_MS, ...order }, run, readings);
}

async function* following(
  first: PackedChunk | null,
  chunks: AsyncIterator<PackedChunk>,
): AsyncGenerator<PackedChunk> {
  if (first !== null) yield first;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

/** What is read, so far. */
interface BegunRead {
  readonly device: PackedDevice;
  readonly first: PackedChunk;
  readonly chunks: AsyncIterator<PackedChunk>;
}

/** Answers what the worker asks. */
type Answers = {
  readonly [Name in keyof WindowCalls]: (
    ask: WindowCalls[Name]["ask"],
  ) => Promise<Sent<WindowCalls[Name]["answer"]>>;
};

/** The same in a worker; null if there is none. */
async function runThere(
  deps: WindowRunnerDeps,
  order: WindowOrder,
  { device, first, chunks }: BegunRead,
): Promise<RunEnd | null> {
  const { threads, destination } = deps;
  const { run: { known, ...run }, signal, report } = order;
  const { answer, damage, settled } = answersOf(deps, order, chunks);
  const { chunk, moves } = movedChunk(first);
  const input: ThreadWindows = {
    run,
    known: encodeManifest(known),
    head: device.head,
    first: chunk,
    isAll: first.toMs >= order.read.toMs,
    folder: destination.folder ?? null,
    mark: crypto.randomUUID(),
  };
  try {
    const ended = await threads?.run({
      kind: "windows",
      // If a worker dies with it, the next attempt is made on this thread.
      id: `windows of ${run.deviceId}`,
      input,
      moves: [...moves, input.known.buffer],
      signal,
      answer,
    });
    if (ended === undefined || ended === null) return null;
    const { outcomes, readings, ...end } = ended.value as ThreadWindowsEnd;
    device.counted(readings);
    const mayGoOn = outcomes.length === 0 || await report(outcomes);
    return { ...end, isWhole: end.isWhole && mayGoOn };
  } catch (error) {
    // A worker that dies deletes nothing. What cannot be deleted now, the next start deletes.
    if (error instanceof DeadWorkerError) {
      await destination.sweepMarked?.(input.mark).catch(() => {});
    }
    throw damage() ?? error;
  } finally {
    await settled();
  }
}

/** Answers what the worker asks. `settled` waits until nothing is put or recorded for it. */
function answersOf(
  deps: WindowRunnerDeps,
  { signal, isTimeUp, report }: WindowOrder,
  chunks: AsyncIterator<PackedChunk>,
): {
  answer(call: string, ask: unknown): Promise<Sent>;
  damage(): DamagedDataError | null;
  settled(): Promise<void>;
} {
  let damage: DamagedDataError | null = null;
  const running = new Set<Promise<unknown>>();
  function tracked<T>(effect: Promise<T>): Promise<T> {
    running.add(effect);
    return effect.finally(() => running.delete(effect));
  }
  const answers: Answers = {
    async chunk() {
      // While the database is away, a read may take long.
      const next = await orAborted(chunks.next(), signal);
      if (next.done) return { value: { chunk: null, isTimeUp: isTimeUp() } };
      const { chunk, moves } = movedChunk(next.value);
      // The chunk goes in any case: a window that ends in it must not seem to have ended before.
      return { value: { chunk, isTimeUp: isTimeUp() }, moves };
    },
    report: async (outcomes) => ({ value: await tracked(report(outcomes)) }),
    put: async (object) => ({ value: await tracked(putHere(deps, object, signal)) }),
    damaged({ place, cause }) {
      damage = new DamagedDataError(place, receivedError(cause));
      return Promise.resolve({ value: null });
    },
  };
  return {
    // The worker is of this version, so it asks what the contract says.
    answer: (call, ask) => answers[call as keyof Answers](ask as never),
    damage: () => damage,
    async settled() {
      // A worker that dies waits for nothing. An object that arrives later could replace a newer one.
      await Promise.allSettled(running);
    },
  };
}

async function putHere(
  { destination, encoder: { contentType } }: WindowRunnerDeps,
  { key, bytes }: WindowCalls["put"]["ask"],
  signal: AbortSignal,
) {
  return await destination.put(key, { bytes, contentType }, signal);
}
