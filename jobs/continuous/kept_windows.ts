/**
 * The windows out of which readings cannot be taken. Such a window would have to be written again, but
 * the source does not have the other readings of its object any more: they have expired, or another
 * source had them. The object of a window that lies wholly in the span of an erasure is deleted, so it
 * is no such window, except if devices share the object.
 *
 * @module
 */

import { wholeWindows } from "../../data/continuous/spans.ts";
import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { type ExportCheckpoint, getExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import { listMembers } from "../../kv/continuous/profile_days.ts";
import type { ChangedDevices } from "./changed_devices.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";

/** What it takes to find out whether readings are lost. */
export interface LostReadingsDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get">;
  /** What changed in the service's own store; null if the source cannot say. */
  readonly changes?: Pick<ChangedDevices, "daysAfter"> | null;
}

/** What finding the windows needs. */
export interface KeptWindowsDeps extends LostReadingsDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
}

/**
 * Whether a device was exported from InfluxDB only. An export of the service's own readings has seen a
 * change by the time when it writes a window.
 */
export function isFromElsewhere(
  { nextMs, seenVersion }: Pick<ExportCheckpoint, "nextMs" | "seenVersion">,
): boolean {
  return nextMs !== null && seenVersion === "";
}

/** Whether the service's own store may have lost readings of a day that were exported. */
export async function mayHaveLost(
  { kv, changes }: LostReadingsDeps,
  { deviceId, dayMs }: { deviceId: string; dayMs: number },
): Promise<boolean> {
  const checkpoint = (await getExportCheckpoint(kv, deviceId))?.value;
  if (checkpoint === undefined) return false;
  if (dayMs < (checkpoint.keptFromMs ?? 0) || isFromElsewhere(checkpoint)) return true;
  if (changes === null || changes === undefined) return false;
  // Another source had the readings of a day on which the service's own store never had any.
  return !(await changes.daysAfter(deviceId, "")).includes(dayMs);
}

/**
 * The windows of some days (ascending, their first moments) that an erasure must leave alone,
 * ascending.
 */
export async function keptWindows(
  deps: KeptWindowsDeps,
  session: Pick<CheckpointSession, "checkpoint" | "loadWindows">,
  { deviceId, erasure, days }: { deviceId: string; erasure: Span; days: readonly number[] },
): Promise<Span[]> {
  const { plan } = session.checkpoint();
  const whole = wholeWindows(plan, erasure);
  const span = { fromMs: days[0], toMs: days[days.length - 1] + DAY_MS };
  const windows = await session.loadWindows({
    fromMs: Math.max(span.fromMs, whole.fromMs),
    toMs: Math.min(span.toMs, whole.toMs),
  });
  const changed = new Set(await deps.changes?.daysAfter(deviceId, "") ?? []);
  const { keptFromMs = 0 } = session.checkpoint();
  const kept: Span[] = [];
  for (const { fromMs, object } of windows) {
    const window = wholeWindows(plan, { fromMs, toMs: fromMs + 1 });
    const dayMs = dayStartMs(fromMs);
    const isLost = fromMs < keptFromMs || !changed.has(dayMs);
    const isCut = window.fromMs < erasure.fromMs || window.toMs > erasure.toMs;
    const isKept = isLost && isCut || object?.isShared === true &&
        await hasLostOthers(deps.kv, deviceId, { profile: object.profile, dayMs });
    if (isKept) kept.push(window);
  }
  return kept;
}

/** Whether readings of other devices in a shared day may be gone. */
async function hasLostOthers(
  kv: KeptWindowsDeps["kv"],
  deviceId: string,
  day: { profile: string; dayMs: number },
): Promise<boolean> {
  for (const { id, state, rows } of await listMembers(kv, day)) {
    if (id === deviceId || state === "leaving" || rows === 0) continue;
    // Looking at the changes of each takes too long; the writer of the day does, where readings lack.
    if (await mayHaveLost({ kv }, { deviceId: id, dayMs: day.dayMs })) return true;
  }
  return false;
}
