/**
 * Bringing the objects of a span up to what the source holds: windows whose readings differ from
 * those that were written are written whole, several on their way at a time, and the checkpoint
 * moves on in the order of windows.
 *
 * A process that ends in the midst leaves objects that the checkpoint does not tell of; they are
 * written again, under the same names.
 *
 * @module
 */

import type { ExportDestination } from "../../data/continuous/destination.ts";
import { windowFingerprint } from "../../data/continuous/fingerprint.ts";
import { exportWindow, type WindowEncoder } from "../../data/continuous/encoder.ts";
import { type KeyStyle, objectKey } from "../../data/continuous/object_key.ts";
import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import { rowCount } from "../../data/continuous/rows.ts";
import { type FilledWindow, splitWindows } from "../../data/continuous/split.ts";
import { windowAt } from "../../data/continuous/window.ts";
import type { Span } from "../../data/readings/page.ts";
import type { TelemetrySource } from "../../data/continuous/source.ts";
import type { ExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";
import { pause } from "../engine/pause.ts";

/** Objects of a device on their way at once … */
const STEPS_AT_ONCE = 12;
/** … and their bytes. */
const BYTES_AT_ONCE = 16_777_216;
/** Windows of a commit of the checkpoint, each of which may be in a manifest of its own (5.8 KB). */
const WINDOWS_A_COMMIT = 64;
/** How long the event loop may be held, milliseconds. */
const TURN_MS = 10;

/** What writing needs. */
export interface WindowWriterDeps {
  /** Where readings come from. */
  readonly source: TelemetrySource;
  /** Whether readings that are gone were removed, so that their object is to go too. */
  readonly isSourceWhole: boolean;
  /** Where objects go. */
  readonly destination: ExportDestination;
  /** Makes them. */
  readonly encoder: WindowEncoder;
  /** Names them. */
  readonly style: KeyStyle;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** What is to be brought up. */
export interface WindowPiece {
  /** The device. */
  readonly deviceId: string;
  /** Begins and ends where windows do, and not behind where the checkpoint stands. */
  readonly span: Span;
  /** Whether windows that are what they were are written too. */
  readonly isForced: boolean;
}

/** Who may end it. */
export interface ExportTurn {
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Whether it is time to end; what is on its way is waited for. */
  readonly isOver: () => boolean;
}

/** A window that is being written, or whose object is being deleted (`written` is null). */
interface Step {
  readonly window: Span;
  readonly written: WrittenWindow | null;
  readonly isRewrite: boolean;
  readonly sizeBytes: number;
  readonly key: string;
  /** The checksum; "" where the object is deleted. */
  readonly done: Promise<string>;
}

/**
 * Brings the objects of a piece up. Returns how far it came: the end of the piece, or less where its
 * turn was over. What was confirmed is staged, not all of it committed.
 */
export async function writePiece(
  deps: WindowWriterDeps,
  track: CheckpointSession,
  { deviceId, span, isForced, signal, isOver }: WindowPiece & ExportTurn,
): Promise<number> {
  const flow = startFlow(deps, track, { deviceId, signal });
  const known = await track.open(span);
  let at = 0, doneMs = span.fromMs;
  /** Deletes the objects of windows before a time that have no readings any more. */
  const passOver = async (toMs: number) => {
    for (; at < known.length && known[at].fromMs < toMs; at++) {
      if (deps.isSourceWhole) await flow.remove(windowAt(track.value().plan, known[at].fromMs));
    }
  };
  try {
    const readings = deps.source.read(deviceId, span, signal);
    for await (const filled of splitWindows(track.value().plan, readings)) {
      const { window } = filled;
      await passOver(window.fromMs);
      if (known[at]?.fromMs === window.fromMs) at++;
      await flow.write(filled, isForced);
      doneMs = window.toMs;
      if (!isOver()) continue;
      await flow.end(doneMs);
      return doneMs;
    }
    await passOver(span.toMs);
    await flow.end(span.toMs);
    return span.toMs;
  } catch (error) {
    await flow.giveUp();
    throw error;
  }
}

interface Flow {
  /** Writes a window where it is to be written. */
  write(filled: FilledWindow, isForced: boolean): Promise<void>;
  /** Deletes the object of a window. */
  remove(window: Span): Promise<void>;
  /** Waits for all; every window before `toMs` is done then. */
  end(toMs: number): Promise<void>;
  /** Waits for what is on its way after a fault, and commits what comes before the first one. */
  giveUp(): Promise<void>;
}

function startFlow(
  deps: WindowWriterDeps,
  track: CheckpointSession,
  { deviceId, signal }: { deviceId: string; signal: AbortSignal },
): Flow {
  const { destination, style } = deps;
  const steps: Step[] = [];
  let bytes = 0, uncommitted = 0, turnMs = performance.now();

  async function add(step: Step): Promise<void> {
    // Whoever awaits it gets its error; until then it is not one that nobody handles.
    step.done.catch(() => {});
    steps.push(step);
    bytes += step.sizeBytes;
    while (steps.length >= STEPS_AT_ONCE || bytes > BYTES_AT_ONCE) await settleFirst();
  }

  async function settleFirst(): Promise<void> {
    const sha256 = await steps[0].done;
    const [step] = steps.splice(0, 1);
    bytes -= step.sizeBytes;
    track.stageWindow(step.window.fromMs, step.written);
    track.stage(progressOf(track.value(), { step, sha256, nowMs: deps.now() }));
    if (++uncommitted < WINDOWS_A_COMMIT) return;
    uncommitted = 0;
    await track.commit();
  }

  /** Lets others have their turn between encodings, which do not. */
  async function yieldTurn(): Promise<void> {
    if (performance.now() - turnMs < TURN_MS) return;
    await pause(0, signal);
    signal.throwIfAborted();
    turnMs = performance.now();
  }

  return {
    async write(filled, isForced) {
      await yieldTurn();
      const step = writeStep(deps, track.written(filled.window.fromMs), {
        deviceId,
        filled,
        isForced,
        signal,
      });
      if (step !== null) await add(step);
    },
    async remove(window) {
      const key = objectKey(style, { deviceId, fromMs: window.fromMs });
      const done = destination.remove(key, signal).then(() => "");
      await add({ window, written: null, isRewrite: false, sizeBytes: 0, key, done });
    },
    async end(toMs) {
      while (steps.length > 0) await settleFirst();
      const { nextMs } = track.value();
      if (nextMs !== null && toMs > nextMs) track.stage({ nextMs: toMs });
    },
    async giveUp() {
      const results = await Promise.allSettled(steps.map(({ done }) => done));
      for (const { status } of results) {
        if (status === "rejected") break;
        await settleFirst();
      }
      await track.commit();
    },
  };
}

/** Begins to write a window; null where it is what it was and need not be. */
function writeStep(
  { destination, encoder, style }: WindowWriterDeps,
  before: WrittenWindow | null,
  { deviceId, filled: { window, parts }, isForced, signal }: {
    deviceId: string;
    filled: FilledWindow;
    isForced: boolean;
    signal: AbortSignal;
  },
): Step | null {
  const digest = windowFingerprint(parts);
  const object = exportWindow(deviceId, parts);
  const rows = rowCount(object);
  const isSame = before !== null && before.rows === rows &&
    before.digest[0] === digest[0] && before.digest[1] === digest[1];
  if (isSame && !isForced) return null;
  const bytes = encoder.encode(object);
  const key = objectKey(style, { deviceId, fromMs: window.fromMs });
  const content = { bytes, contentType: encoder.contentType };
  const revision = before === null ? 1 : before.revision + (isSame ? 0 : 1);
  return {
    window,
    written: { fromMs: window.fromMs, rows, digest, revision },
    isRewrite: before !== null,
    sizeBytes: bytes.length,
    key,
    done: destination.put(key, content, signal).then(({ sha256 }) => sha256),
  };
}

/** The checkpoint behind a step. */
function progressOf(
  { totals, nextMs, last }: ExportCheckpoint,
  { step, sha256, nowMs }: { step: Step; sha256: string; nowMs: number },
): Partial<ExportCheckpoint> {
  const { window, written, sizeBytes, isRewrite, key } = step;
  const reachedMs = nextMs === null ? null : Math.max(nextMs, window.toMs);
  if (written === null) {
    return { nextMs: reachedMs, totals: { ...totals, deletions: totals.deletions + 1 }, last };
  }
  const { rows, revision } = written;
  return {
    nextMs: reachedMs,
    totals: {
      ...totals,
      objects: totals.objects + 1,
      rows: totals.rows + rows,
      sizeBytes: totals.sizeBytes + sizeBytes,
      rewrites: totals.rewrites + (isRewrite ? 1 : 0),
    },
    last: { key, ...window, rows, sizeBytes, sha256, revision, writtenMs: nowMs },
  };
}
