/**
 * Whether readings can be taken out of the objects of days whose readings have expired. Such an object
 * cannot be written again without the readings that are to go, as the others are gone from the source.
 *
 * @module
 */

import { wholeWindows } from "../../data/continuous/spans.ts";
import type { Span } from "../../data/readings/page.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";

/**
 * Whether a span has expired objects that would have to be written again: those that devices share, and
 * windows that are only partly in the span. All others can be deleted as a whole.
 */
export async function needsExpiredReadings(
  session: Pick<CheckpointSession, "checkpoint" | "loadWindows">,
  span: Span,
): Promise<boolean> {
  const { plan, keptFromMs = 0, sharedMs, sharingMs } = session.checkpoint();
  if (span.fromMs >= keptFromMs || span.fromMs >= span.toMs) return false;
  const whole = wholeWindows(plan, span);
  // Before this time, a device has one window a day at most.
  const sharedEndMs = Math.min(whole.toMs, keptFromMs, sharingMs ?? sharedMs ?? 0);
  if (whole.fromMs < sharedEndMs) {
    const windows = await session.loadWindows({ fromMs: whole.fromMs, toMs: sharedEndMs });
    if (windows.some(({ object }) => object?.isShared === true)) return true;
  }
  return await isCut(session, { fromMs: whole.fromMs, toMs: span.fromMs }, keptFromMs) ||
    await isCut(session, { fromMs: span.toMs, toMs: whole.toMs }, keptFromMs);
}

/** Whether the part of a window that lies outside the span belongs to an expired object. */
async function isCut(
  session: Pick<CheckpointSession, "checkpoint" | "loadWindows">,
  outside: Span,
  keptFromMs: number,
): Promise<boolean> {
  if (outside.fromMs >= outside.toMs || outside.fromMs >= keptFromMs) return false;
  const { plan } = session.checkpoint();
  const window = wholeWindows(plan, outside);
  return (await session.loadWindows(window)).length > 0;
}
