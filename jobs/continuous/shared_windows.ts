/**
 * Which windows of a device have their readings in the object that all devices of the profile share
 * for a day, and how such a window outdates that object when it changes.
 *
 * @module
 */

import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import { DAY_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import type { ExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import type { MemberChange } from "../../kv/continuous/profile_days.ts";

/** How far a device has come with shared days. */
export type SharingState = Pick<ExportCheckpoint, "plan" | "sharedMs" | "sharingMs">;

/** Whether a window is written to the shared object of its day, not to one of its own. */
export function isSharedWindow(
  { sharedMs }: Pick<SharingState, "sharedMs">,
  window: Span,
  before: WrittenWindow | null,
): boolean {
  if (before !== null) return before.object?.isShared === true;
  return isWholeDay(window) && window.toMs <= (sharedMs ?? -Infinity);
}

/** Whether a window is a whole day, which may be shared. */
export function isWholeDay({ fromMs, toMs }: Span): boolean {
  return toMs - fromMs === DAY_MS;
}

/**
 * The changes of shared days when a window is written or (`written` is null) loses its readings. A
 * window whose sharing has begun, but which still has an object of its own, changes both.
 */
export function memberChanges(
  { sharedMs, sharingMs }: SharingState,
  { window, before, written }: {
    window: Span;
    before: WrittenWindow | null;
    written: WrittenWindow | null;
  },
): MemberChange[] {
  const isShared = (written ?? before)?.object?.isShared === true;
  const hasBegun = isWholeDay(window) && window.fromMs >= (sharedMs ?? 0) &&
    window.toMs <= (sharingMs ?? -Infinity);
  if (!isShared && !hasBegun) return [];
  const day = { dayMs: window.fromMs };
  const changes: MemberChange[] = [];
  const old = before?.object?.profile, profile = written?.object?.profile;
  if (before !== null && old !== undefined && old !== profile) {
    const { rows } = before;
    changes.push({ ...day, profile: old, state: "leaving", isInObject: isShared, rows });
  }
  if (written !== null && profile !== undefined) {
    const { rows } = written;
    changes.push({ ...day, profile, state: "pending", isInObject: isShared, rows });
  }
  return changes;
}
