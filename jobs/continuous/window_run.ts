/**
 * Makes the objects of the windows of a device, and puts them where they go. It neither reads nor stores
 * anything, so it runs in a worker as well as on the thread that serves.
 *
 * Several objects are on their way at once. What came of each window is reported in the order of
 * windows, after the destination has confirmed its object. If one fails, those before it are reported,
 * and all that are on their way are waited for.
 *
 * @module
 */

import { type WindowFingerprint, windowFingerprint } from "../../data/continuous/fingerprint.ts";
import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import { type KeyStyle, objectKey } from "../../data/continuous/object_key.ts";
import { rowCount } from "../../data/continuous/rows.ts";
import { type FilledWindow, splitWindows } from "../../data/continuous/split_windows.ts";
import type { SourcePart } from "../../data/continuous/telemetry_source.ts";
import type { WindowPlan } from "../../data/continuous/window.ts";
import { exportWindow, type WindowEncoder } from "../../data/continuous/window_encoder.ts";
import type { WrittenFile } from "../../data/files/file_store.ts";
import { lowerBound, slicePage, type Span } from "../../data/readings/page.ts";
import { pause } from "../engine/pause.ts";
import type { PutGate } from "./put_gate.ts";
import { isSharedWindow } from "./shared_windows.ts";

/** Objects of a device that may be on their way at once. */
const WRITES_AT_ONCE = 12;
/** How long encoding may hold the event loop, milliseconds. */
const YIELD_MS = 5;

/** The windows of a device to write, as a message can carry them. */
export interface WindowRun {
  /** The device. */
  readonly deviceId: string;
  /** Starts and ends where windows do. */
  readonly span: Span;
  /** Which windows there are. */
  readonly plan: WindowPlan;
  /** How objects are named and encoded. */
  readonly style: KeyStyle;
  /** The windows of the span that have been written, ascending. */
  readonly known: readonly WrittenWindow[];
  /** Whether to write unchanged windows too. */
  readonly isForced: boolean;
  /** Whether the source has every reading that was not removed. */
  readonly isSourceComplete: boolean;
  /** The days before this time are in objects that devices share; null for none. */
  readonly sharedMs: number | null;
}

/** What came of a window that has readings. */
export interface WindowOutcome {
  /** The window. */
  readonly window: Span;
  /** Number of its readings. */
  readonly rows: number;
  /** Their fingerprint. */
  readonly fingerprint: WindowFingerprint;
  /** The name of the profile. */
  readonly profile: string;
  /**
   * `own`: its object was put. `shared`: it changed, but its readings are in an object that another
   * duty writes. `kept`: its object stays as it is.
   */
  readonly state: "own" | "shared" | "kept";
  /** Whether its readings are those of its object before. */
  readonly isSame: boolean;
  /** The object that was put; null if none was. */
  readonly object: WrittenFile & { readonly key: string } | null;
}

/** Whether the outcomes so far are recorded and more may follow. */
export type ReportOutcomes = (outcomes: readonly WindowOutcome[]) => Promise<boolean>;

/** What a run uses. */
export interface WindowRunParts {
  /** Encodes objects. */
  readonly encoder: WindowEncoder;
  /** Puts an object. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<WrittenFile>;
  /** Limits the objects on their way. */
  readonly gate: PutGate;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Takes outcomes, a few at a time. */
  readonly report: ReportOutcomes;
  /** Whether to start nothing more. Objects on their way are still waited for. */
  readonly isTimeUp: () => boolean;
  /** How long other work of the thread has it after each turn at least, milliseconds; 0 by default. */
  readonly restMs?: number;
}

/** How a run ended. */
export interface RunEnd {
  /** Whether all windows of the span are done. If not, time was up. */
  readonly isWhole: boolean;
  /** The first reading after the span; null if none was read. */
  readonly beyondMs: number | null;
}

/** A window on its way. */
type Pending = Promise<WindowOutcome>;

/**
 * Writes the windows whose readings differ from what was last written. The readings, all of one profile,
 * are those of the span, and may go on after it.
 *
 * @throws What the readings, the destination and `report` throw.
 */
export async function runWindows(
  parts: WindowRunParts,
  run: WindowRun,
  readings: AsyncIterable<SourcePart>,
): Promise<RunEnd> {
  const { signal, report, isTimeUp, restMs = 0 } = parts;
  const begin = windowBeginner(parts, run);
  const pending: Pending[] = [];
  let mayGoOn = true, isWhole = true, yieldedAt = performance.now();
  let beyondMs: number | null = null;

  async function settleFirst(): Promise<void> {
    const outcome = await pending[0];
    pending.shift();
    if (!await report([outcome])) mayGoOn = false;
  }

  /** Yields to the event loop between encodings, which do not. */
  async function yieldIfLong(): Promise<void> {
    if (performance.now() - yieldedAt < YIELD_MS) return;
    await pause(restMs, signal);
    signal.throwIfAborted();
    yieldedAt = performance.now();
  }

  try {
    const within = partsBefore(readings, run.span.toMs, (timeMs) => beyondMs = timeMs);
    for await (const filled of splitWindows(run.plan, within)) {
      await yieldIfLong();
      const written = await begin(filled);
      // Awaited later. Until then a rejection must not count as unhandled.
      written.confirmed.catch(() => {});
      pending.push(written.confirmed);
      while (pending.length >= WRITES_AT_ONCE) await settleFirst();
      if (mayGoOn && !isTimeUp()) continue;
      isWhole = false;
      break;
    }
    while (pending.length > 0) await settleFirst();
  } catch (error) {
    await reportBefore(pending, report);
    throw error;
  }
  return { isWhole: isWhole && mayGoOn, beyondMs };
}

/** After a fault: waits for all objects, and reports those before the first that failed. */
async function reportBefore(pending: readonly Pending[], report: ReportOutcomes): Promise<void> {
  const results = await Promise.allSettled(pending);
  const first = results.findIndex(({ status }) => status === "rejected");
  const whole = results.slice(0, first === -1 ? results.length : first);
  const outcomes = whole.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  // The fault itself is what the caller must know.
  if (outcomes.length > 0) await report(outcomes).catch(() => {});
}

/** The readings before a time. The first one after it, if it is reached, goes to `onBeyond`. */
async function* partsBefore(
  readings: AsyncIterable<SourcePart>,
  toMs: number,
  onBeyond: (timeMs: number) => void,
): AsyncGenerator<SourcePart> {
  for await (const part of readings) {
    const { timesMs } = part.page;
    const end = lowerBound(timesMs, toMs);
    if (end === timesMs.length) yield part;
    else {
      if (end > 0) yield { ...part, page: slicePage(part.page, 0, end) };
      onBeyond(timesMs[end]);
      return;
    }
  }
}

/**
 * Begins windows: the result comes when the object is on its way, and its promise settles when it has
 * arrived.
 */
function windowBeginner(
  { encoder, put, gate, signal }: WindowRunParts,
  { deviceId, style, known, isForced, isSourceComplete, sharedMs }: WindowRun,
): (filled: FilledWindow) => Promise<{ confirmed: Pending }> {
  let at = 0;
  return async ({ window, parts }) => {
    while (at < known.length && known[at].fromMs < window.fromMs) at++;
    const before = known[at]?.fromMs === window.fromMs ? known[at++] : null;
    // Windows that this one replaces.
    const hasShorter = at < known.length && known[at].fromMs < window.toMs;
    const fingerprint = windowFingerprint(parts, parts[0].profile);
    const object = exportWindow(deviceId, parts);
    const rows = rowCount(object);
    const profile = object.profile.name;
    const isSame = before !== null && before.rows === rows &&
      before.fingerprint[0] === fingerprint[0] && before.fingerprint[1] === fingerprint[1];
    const outcome = { window, rows, fingerprint, profile, isSame, object: null };
    const isShared = isSharedWindow({ sharedMs }, window, before);
    // The source has lost readings that only the shared object still has.
    const isLost = isShared && !isSourceComplete && rows < (before?.rows ?? 0);
    if (isLost || (isSame && !isForced && !hasShorter)) {
      return { confirmed: Promise.resolve({ ...outcome, state: "kept" }) };
    }
    if (isShared) return { confirmed: Promise.resolve({ ...outcome, state: "shared" }) };
    const key = objectKey(style, { deviceId, fromMs: window.fromMs, profile });
    const bytes = encoder.encode(object);
    const leave = await gate.enter(bytes.length, signal);
    const confirmed = put(key, bytes).finally(leave);
    return {
      confirmed: confirmed.then(({ sizeBytes, sha256 }) => ({
        ...outcome,
        state: "own",
        object: { key, sizeBytes, sha256 },
      })),
    };
  };
}
