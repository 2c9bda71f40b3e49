/**
 * The windows of one device that were written, on their way into the checkpoint, which moves on in the
 * order of windows.
 *
 * A process that dies halfway leaves objects that no checkpoint counts. They are written again under
 * the same keys.
 *
 * If layout or format have changed, a window that is written again gets a new key. Its old object is
 * deleted after the new one is confirmed, and before the manifest records the new key. So whenever
 * the process dies, the manifest still knows which key to delete. The same holds for windows that one
 * longer window replaces.
 *
 * @module
 */

import type { ExportDestination } from "../../data/continuous/destination.ts";
import type { WindowEncoder } from "../../data/continuous/window_encoder.ts";
import { type KeyStyle, possibleKeys } from "../../data/continuous/object_key.ts";
import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import type { MemberChange } from "../../kv/continuous/profile_days.ts";
import { memberChanges, type SharingState } from "./shared_windows.ts";
import { windowAt } from "../../data/continuous/window.ts";
import type { ExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";
import type { WindowOutcome } from "./window_run.ts";

/** Deletions of a device that may be on their way at once. */
const REMOVALS_AT_ONCE = 12;
/** Windows per commit of the checkpoint. Each may change a manifest of its own (5.8 KB). */
const WINDOWS_A_COMMIT = 64;

/** What the queue needs. */
export interface WriteQueueDeps {
  /** Where objects go. */
  readonly destination: ExportDestination;
  /** Encodes objects. */
  readonly encoder: WindowEncoder;
  /** How objects are named. */
  readonly style: KeyStyle;
  /**
   * Whether the source has every reading that was not removed. If so, a window without readings
   * loses its object.
   */
  readonly isSourceComplete: boolean;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Windows on their way into the checkpoint, in their order. */
export interface WriteQueue {
  /** Records what came of a window, and deletes the object that it had under another key. */
  record(outcome: WindowOutcome): Promise<void>;
  /** Deletes the object of a window that has no readings any more. */
  removeEmptied(written: WrittenWindow): Promise<void>;
  /**
   * Deletes the objects of windows that a longer one replaces, once that is confirmed. False if time
   * was up before all were deleted. Each call deletes at least some.
   */
  removeReplaced(shorter: readonly WrittenWindow[], isTimeUp: () => boolean): Promise<boolean>;
  /** Waits for all deletions. Every window before `toMs` is done then. */
  finish(toMs: number): Promise<void>;
  /** After a fault: waits for all deletions, and commits the windows before the first that failed. */
  settleAfterFault(): Promise<void>;
}

/** A window that was written, or whose object is deleted (`written` is null). */
interface PendingWrite {
  readonly fromMs: number;
  /** End of the window that is done then; null if that says nothing about progress. */
  readonly toMs: number | null;
  readonly written: WrittenWindow | null;
  /** Whether an object is deleted because its readings were. */
  readonly isEmptied: boolean;
  readonly isRewrite: boolean;
  readonly sizeBytes: number;
  readonly key: string;
  /** What changes in the days that devices of a profile share. */
  readonly members: readonly MemberChange[];
  /** The checksum of the object; "" if there is none. */
  readonly sha256: string;
  /** Resolves when no other object of the window is left. */
  readonly confirmed: Promise<void>;
}

/** Opens an empty queue. What is confirmed goes into the session. */
export function openWriteQueue(
  deps: WriteQueueDeps,
  session: CheckpointSession,
  { deviceId, signal }: { deviceId: string; signal: AbortSignal },
): WriteQueue {
  const pending: PendingWrite[] = [];
  let uncommitted = 0;

  async function add(write: PendingWrite): Promise<void> {
    // Awaited later. Until then a rejection must not count as unhandled.
    write.confirmed.catch(() => {});
    pending.push(write);
    while (pending.length >= REMOVALS_AT_ONCE) await settleFirst();
  }

  async function settleFirst(): Promise<void> {
    await pending[0].confirmed;
    const [write] = pending.splice(0, 1);
    session.recordWindow(write.fromMs, write.written);
    for (const member of write.members) session.recordMember(member, deps.now());
    session.update(progressOf(session.checkpoint(), { write, nowMs: deps.now() }));
    if (++uncommitted < WINDOWS_A_COMMIT) return;
    uncommitted = 0;
    await session.commit();
  }

  return {
    async record(outcome) {
      if (outcome.state === "kept") return;
      const before = session.writtenWindow(outcome.window.fromMs);
      const sharing = session.checkpoint();
      await add(startRecord(deps, before, { deviceId, outcome, signal, sharing }));
    },
    async removeEmptied(written) {
      const sharing = session.checkpoint();
      await add(startRemoval(deps, written, { deviceId, signal, isEmptied: true, sharing }));
    },
    async removeReplaced(shorter, isTimeUp) {
      if (shorter.length === 0) return true;
      while (pending.length > 0) await settleFirst();
      for (const [index, written] of shorter.entries()) {
        // A commit of them goes in any case: the next pass starts with the longer window again.
        if (index >= WINDOWS_A_COMMIT && isTimeUp()) return false;
        const sharing = session.checkpoint();
        await add(startRemoval(deps, written, { deviceId, signal, isEmptied: false, sharing }));
      }
      return true;
    },
    async finish(toMs) {
      while (pending.length > 0) await settleFirst();
      const { nextMs } = session.checkpoint();
      if (nextMs !== null && toMs > nextMs) session.update({ nextMs: toMs });
    },
    async settleAfterFault() {
      const results = await Promise.allSettled(pending.map(({ confirmed }) => confirmed));
      for (const { status } of results) {
        if (status === "rejected") break;
        await settleFirst();
      }
      await session.commit();
    },
  };
}

/** Starts to delete the object that a window had under another key than now. */
function startRecord(
  { destination, style }: WriteQueueDeps,
  before: WrittenWindow | null,
  { deviceId, outcome, signal, sharing }: {
    deviceId: string;
    outcome: WindowOutcome;
    signal: AbortSignal;
    sharing: SharingState;
  },
): PendingWrite {
  const { window, rows, fingerprint, profile, state, isSame, object } = outcome;
  const { fromMs } = window;
  const form = { layout: style.layout, format: style.format, profile };
  const written = {
    fromMs,
    rows,
    fingerprint,
    revision: before === null ? 1 : before.revision + (isSame ? 0 : 1),
    object: state === "shared" ? { ...form, isShared: true } : form,
  };
  const replaced = before === null ? [] : possibleKeys(style, { deviceId, fromMs }, before.object);
  const old = replaced.filter((key) => key !== object?.key);
  return {
    ...window,
    written,
    isEmptied: false,
    isRewrite: before !== null,
    key: object?.key ?? "",
    sizeBytes: object?.sizeBytes ?? 0,
    sha256: object?.sha256 ?? "",
    members: memberChanges(sharing, { window, before, written }),
    confirmed: removeAll(destination, old, signal),
  };
}

/** Starts to delete the object of a window. */
function startRemoval(
  { destination, style }: WriteQueueDeps,
  before: WrittenWindow,
  { deviceId, signal, isEmptied, sharing }: {
    deviceId: string;
    signal: AbortSignal;
    isEmptied: boolean;
    sharing: SharingState;
  },
): PendingWrite {
  const { fromMs } = before;
  const keys = possibleKeys(style, { deviceId, fromMs }, before.object);
  const window = windowAt(sharing.plan, fromMs);
  return {
    fromMs,
    toMs: null,
    isEmptied,
    written: null,
    isRewrite: false,
    sizeBytes: 0,
    // Its last object stays the one that was written.
    key: "",
    sha256: "",
    members: memberChanges(sharing, { window, before, written: null }),
    confirmed: removeAll(destination, keys, signal),
  };
}

async function removeAll(
  destination: ExportDestination,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const key of keys) await destination.remove(key, signal);
}

/** What a confirmed write changes in the checkpoint. */
function progressOf(
  { totals, nextMs, last }: ExportCheckpoint,
  { write, nowMs }: { write: PendingWrite; nowMs: number },
): Partial<ExportCheckpoint> {
  const { fromMs, toMs, written, sizeBytes, sha256, isRewrite, key, isEmptied } = write;
  const reachedMs = nextMs === null || toMs === null ? nextMs : Math.max(nextMs, toMs);
  if (written === null || toMs === null) {
    const deletions = totals.deletions + (isEmptied ? 1 : 0);
    return { nextMs: reachedMs, totals: { ...totals, deletions }, last };
  }
  if (written.object?.isShared) return { nextMs: reachedMs };
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
    last: { key, fromMs, toMs, rows, sizeBytes, sha256, revision, writtenMs: nowMs },
  };
}
