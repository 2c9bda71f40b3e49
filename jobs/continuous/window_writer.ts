/**
 * Writes the windows of a span whose readings differ from what was last written, and deletes the
 * objects of windows that have no readings any more.
 *
 * @module
 */

import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import { splitWindows } from "../../data/continuous/split_windows.ts";
import type { Span } from "../../data/readings/page.ts";
import type { TelemetrySource } from "../../data/continuous/telemetry_source.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";
import { openWriteQueue, type WriteQueueDeps } from "./write_queue.ts";

/** What writing needs. */
export interface WindowWriterDeps extends WriteQueueDeps {
  /** Where readings come from. */
  readonly source: TelemetrySource;
}

/** The windows to write. */
export interface WindowBatch {
  /** The device. */
  readonly deviceId: string;
  /** Starts and ends where windows do; does not start after the checkpoint. */
  readonly span: Span;
  /** Whether to write unchanged windows too. */
  readonly isForced: boolean;
}

/** When a pass must end. */
export interface PassLimits {
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Whether to start nothing more. Objects on their way are still waited for. */
  readonly isTimeUp: () => boolean;
}

/**
 * Writes the changed windows of a batch. Returns the time before which every window is done: the end
 * of the batch, or less if time was up. All of it is in the session, not all of it committed.
 */
export async function writeWindows(
  deps: WindowWriterDeps,
  session: CheckpointSession,
  { deviceId, span, isForced, signal, isTimeUp }: WindowBatch & PassLimits,
): Promise<number> {
  const queue = openWriteQueue(deps, session, { deviceId, signal });
  const known = await session.loadWindows(span);
  const { plan } = session.checkpoint();
  let at = 0, doneMs = span.fromMs;
  /** Deletes the objects of windows before a time that have no readings any more. */
  const removeEmptied = async (toMs: number) => {
    for (; at < known.length && known[at].fromMs < toMs; at++) {
      if (deps.isSourceComplete) await queue.removeEmptied(known[at]);
    }
  };
  try {
    const readings = deps.source.read(deviceId, span, signal);
    for await (const filled of splitWindows(plan, readings)) {
      const { window } = filled;
      await removeEmptied(window.fromMs);
      if (known[at]?.fromMs === window.fromMs) at++;
      const shorter: WrittenWindow[] = [];
      for (; at < known.length && known[at].fromMs < window.toMs; at++) shorter.push(known[at]);
      await queue.write(filled, isForced || shorter.length > 0);
      if (!await queue.removeReplaced(shorter, isTimeUp)) {
        await queue.finish(doneMs);
        return doneMs;
      }
      doneMs = window.toMs;
      if (!isTimeUp()) continue;
      await queue.finish(doneMs);
      return doneMs;
    }
    await removeEmptied(span.toMs);
    await queue.finish(span.toMs);
    return span.toMs;
  } catch (error) {
    await queue.settleAfterFault();
    throw error;
  }
}
