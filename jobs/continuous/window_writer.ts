/**
 * Writes the windows of a span whose readings differ from what was last written, and deletes the
 * objects of windows that have no readings any more.
 *
 * @module
 */

import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import type { Span } from "../../data/readings/page.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";
import type { WindowOutcome } from "./window_run.ts";
import { runOrder, type WindowRunnerDeps } from "./window_runner.ts";
import { openWriteQueue, type WriteQueueDeps } from "./write_queue.ts";

/** What writing needs. */
export interface WindowWriterDeps extends WriteQueueDeps, WindowRunnerDeps {
  /** Where objects go. */
  readonly destination: WriteQueueDeps["destination"];
}

/** The windows to write. */
export interface WindowBatch {
  /** The device. */
  readonly deviceId: string;
  /** Starts and ends where windows do; does not start after the checkpoint. */
  readonly span: Span;
  /** Whether to write unchanged windows too. */
  readonly isForced: boolean;
  /** How far to look for the first reading after the span, epoch milliseconds; by default not. */
  readonly lookToMs?: number;
}

/** How far writing came. */
export interface WrittenSpan {
  /** Every window before this time is done: the end of the batch, or less if time was up. */
  readonly doneMs: number;
  /** The first reading after the span; null if there is none, or if it was not looked for. */
  readonly beyondMs: number | null;
}

/** When a pass must end. */
export interface PassLimits {
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Whether to start nothing more. Objects on their way are still waited for. */
  readonly isTimeUp: () => boolean;
  /** Asked when the pass is about to do much: whether it waits for other ones; by default, it does. */
  readonly mayWait?: () => boolean;
  /** Called when the pass has waited for other ones, which must not count as its own time, milliseconds. */
  readonly onWaited?: (waitedMs: number) => void;
}

/** Writes the changed windows of a batch. All of it is in the session, not all of it committed. */
export async function writeWindows(
  deps: WindowWriterDeps,
  session: CheckpointSession,
  { deviceId, span, isForced, lookToMs = span.toMs, ...limits }: WindowBatch & PassLimits,
): Promise<WrittenSpan> {
  const { style, isSourceComplete } = deps;
  const { signal, isTimeUp } = limits;
  const queue = openWriteQueue(deps, session, { deviceId, signal });
  const known = await session.loadWindows(span);
  const { plan, sharedMs } = session.checkpoint();
  let at = 0, doneMs = span.fromMs, isOver = false;

  /** Deletes the objects of windows before a time that have no readings any more. */
  async function removeEmptied(toMs: number): Promise<void> {
    for (; at < known.length && known[at].fromMs < toMs; at++) {
      if (isSourceComplete) await queue.removeEmptied(known[at]);
    }
  }

  /** Returns whether the next window may follow. */
  async function record(outcome: WindowOutcome): Promise<boolean> {
    const { window } = outcome;
    await removeEmptied(window.fromMs);
    if (known[at]?.fromMs === window.fromMs) at++;
    const shorter: WrittenWindow[] = [];
    for (; at < known.length && known[at].fromMs < window.toMs; at++) shorter.push(known[at]);
    await queue.record(outcome);
    if (!await queue.removeReplaced(shorter, isTimeUp)) return false;
    doneMs = window.toMs;
    return true;
  }

  /** After a window that is not done, or fails, none may follow: the checkpoint would pass it. */
  async function report(outcomes: readonly WindowOutcome[]): Promise<boolean> {
    for (const outcome of outcomes) {
      if (isOver) return false;
      isOver = true;
      isOver = !await record(outcome);
    }
    return !isOver && !isTimeUp();
  }

  try {
    const run = { deviceId, span, plan, style, known, isForced, isSourceComplete, sharedMs };
    const read = { fromMs: span.fromMs, toMs: Math.max(span.toMs, lookToMs) };
    const { isWhole, beyondMs } = await runOrder(deps, { run, read, report, ...limits });
    if (isWhole) {
      await removeEmptied(span.toMs);
      doneMs = span.toMs;
    }
    await queue.finish(doneMs);
    return { doneMs, beyondMs: isWhole ? beyondMs : null };
  } catch (error) {
    await queue.settleAfterFault();
    throw error;
  }
}
