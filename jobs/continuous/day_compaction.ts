/**
 * Compaction: replaces the windows of a past day by one object, so that a device has one file per day
 * instead of up to thousands.
 *
 * The plan of a compacted day has one window of a whole day. So late readings and replays rewrite the
 * object of the day, as they rewrite any window.
 *
 * | step | checkpoint | destination |
 * |---|---|---|
 * | 1 | the plan has the day as one window, `compactingMs` is the day | |
 * | 2 | | the object of the day is put, under the key of the window at midnight |
 * | 3 | the manifest has the day, and no longer each window that was deleted | the other windows are deleted |
 * | 4 | `compactedMs` is the end of the day, `compactingMs` is null | |
 *
 * A process that dies between two steps leaves `compactingMs`, and the next pass starts again at step
 * 2, even if compaction has been turned off since. After step 4, a reader that lists the destination
 * finds every reading of the day once; before, it may find it twice, but never not at all.
 *
 * @module
 */

import { planWholeDays } from "../../data/continuous/window.ts";
import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { firstManifestMs } from "../../kv/continuous/manifests.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";
import { type PassLimits, type WindowWriterDeps, writeWindows } from "./window_writer.ts";

/** What compaction needs. */
export interface CompactionDeps extends WindowWriterDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Whether to compact days. */
  readonly isCompacting: boolean;
  /**
   * How far back to look for late readings if the source cannot say what changed, and how long after
   * its end a day is compacted, milliseconds.
   */
  readonly lookbackMs: number;
}

/** Compacts the days that have been over long enough. Returns whether all of them are compacted. */
export async function compactDays(
  deps: CompactionDeps,
  session: CheckpointSession,
  { deviceId, ...limits }: { deviceId: string } & PassLimits,
): Promise<boolean> {
  for (;;) {
    const { compactedMs, compactingMs, nextMs, keptFromMs = 0 } = session.checkpoint();
    const endMs = nextMs === null ? -Infinity : lastMidnight(deps, nextMs);
    // Days whose readings may have expired keep the objects that they have.
    const span = { fromMs: Math.max(compactedMs ?? 0, keptFromMs), toMs: endMs };
    if (compactingMs === null && span.fromMs >= span.toMs) return true;
    const foundMs = compactingMs ?? await firstManifestMs(deps.kv, deviceId, span);
    if (foundMs === null) {
      skipDays(session, span);
      return true;
    }
    const day = { fromMs: dayStartMs(foundMs), toMs: dayStartMs(foundMs) + DAY_MS };
    if (!await compactDay(deps, session, { deviceId, day, ...limits })) return false;
    if (limits.isTimeUp()) return false;
  }
}

/**
 * Plans one window per day for the past days of a device that has no objects yet, so that its first
 * export does not write windows only to replace them.
 */
export function planFirstDays(deps: CompactionDeps, session: CheckpointSession): void {
  skipDays(session, { fromMs: 0, toMs: lastMidnight(deps, Infinity) });
}

/** The end of the last day that may be compacted: exported until `nextMs`, and over long enough. */
function lastMidnight(
  { now, lookbackMs, isCompacting }: CompactionDeps,
  nextMs: number,
): number {
  return isCompacting ? dayStartMs(Math.max(0, Math.min(now(), nextMs) - lookbackMs)) : -Infinity;
}

/** Counts days without objects as compacted, so that late readings make objects of whole days. */
function skipDays(session: CheckpointSession, span: Span): void {
  if (span.fromMs >= span.toMs) return;
  const plan = planWholeDays(session.checkpoint().plan, span);
  session.update({ plan: [...plan], compactedMs: span.toMs });
}

async function compactDay(
  deps: CompactionDeps,
  session: CheckpointSession,
  { deviceId, day, ...limits }: { deviceId: string; day: Span } & PassLimits,
): Promise<boolean> {
  const { compactedMs, compactingMs } = session.checkpoint();
  if (compactingMs === null) {
    skipDays(session, { fromMs: compactedMs ?? 0, toMs: day.fromMs });
    if (!await hasWholeDay(deps, session, { deviceId, day, signal: limits.signal })) {
      // Its windows stay as they are.
      session.update({ compactedMs: day.toMs });
      return true;
    }
    const plan = planWholeDays(session.checkpoint().plan, day);
    session.update({ plan: [...plan], compactingMs: day.fromMs });
    await session.commit();
  }
  const write = { deviceId, span: day, isForced: false, ...limits };
  if ((await writeWindows(deps, session, write)).doneMs < day.toMs) return false;
  session.update({ compactedMs: day.toMs, compactingMs: null });
  await session.commit();
  return true;
}

/** Whether a source that may lose old readings still has all of a day that were exported. */
async function hasWholeDay(
  { source, isSourceComplete }: CompactionDeps,
  session: CheckpointSession,
  { deviceId, day, signal }: { deviceId: string; day: Span; signal: AbortSignal },
): Promise<boolean> {
  if (isSourceComplete) return true;
  const windows = await session.loadWindows(day);
  let left = windows.reduce((sum, { rows }) => sum + rows, 0);
  for await (const { page } of source.read(deviceId, day, signal)) left -= page.timesMs.length;
  return left <= 0;
}
