/**
 * The objects of one device that are on their way to the destination. Each window is written whole,
 * several are on their way at once, and the checkpoint moves on in the order of windows.
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
import { windowFingerprint } from "../../data/continuous/fingerprint.ts";
import { exportWindow, type WindowEncoder } from "../../data/continuous/window_encoder.ts";
import { type KeyStyle, objectKey, possibleKeys } from "../../data/continuous/object_key.ts";
import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import { rowCount } from "../../data/continuous/rows.ts";
import type { FilledWindow } from "../../data/continuous/split_windows.ts";
import type { MemberChange } from "../../kv/continuous/profile_days.ts";
import { isSharedWindow, memberChanges, type SharingState } from "./shared_windows.ts";
import { windowAt } from "../../data/continuous/window.ts";
import type { ExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import type { CheckpointSession } from "./checkpoint_session.ts";
import { pause } from "../engine/pause.ts";

/** Objects of a device that may be on their way at once … */
const WRITES_AT_ONCE = 12;
/** … and their bytes. */
const BYTES_AT_ONCE = 16_777_216;
/** Windows per commit of the checkpoint. Each may change a manifest of its own (5.8 KB). */
const WINDOWS_A_COMMIT = 64;
/** How long encoding may hold the event loop, milliseconds. */
const YIELD_MS = 10;

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

/** Objects on their way, in the order of their windows. */
export interface WriteQueue {
  /** Writes a window if it changed, or if forced. */
  write(filled: FilledWindow, isForced: boolean): Promise<void>;
  /** Deletes the object of a window that has no readings any more. */
  removeEmptied(written: WrittenWindow): Promise<void>;
  /**
   * Deletes the objects of windows that a longer one replaces, once that is confirmed. False if time
   * was up before all were deleted. Each call deletes at least some.
   */
  removeReplaced(shorter: readonly WrittenWindow[], isTimeUp: () => boolean): Promise<boolean>;
  /** Waits for all objects. Every window before `toMs` is done then. */
  finish(toMs: number): Promise<void>;
  /** After a fault: waits for all objects, and commits those before the first that failed. */
  settleAfterFault(): Promise<void>;
}

/** An object that is being written, or deleted (`written` is null). */
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
  /** Resolves to the checksum when the object is confirmed; to "" when it is deleted. */
  readonly confirmed: Promise<string>;
}

/** Opens an empty queue. What is confirmed goes into the session. */
export function openWriteQueue(
  deps: WriteQueueDeps,
  session: CheckpointSession,
  { deviceId, signal }: { deviceId: string; signal: AbortSignal },
): WriteQueue {
  const pending: PendingWrite[] = [];
  let pendingBytes = 0, uncommitted = 0, yieldedAt = performance.now();

  async function add(write: PendingWrite): Promise<void> {
    // Awaited later. Until then a rejection must not count as unhandled.
    write.confirmed.catch(() => {});
    pending.push(write);
    pendingBytes += write.sizeBytes;
    while (pending.length >= WRITES_AT_ONCE || pendingBytes > BYTES_AT_ONCE) await settleFirst();
  }

  async function settleFirst(): Promise<void> {
    const sha256 = await pending[0].confirmed;
    const [write] = pending.splice(0, 1);
    pendingBytes -= write.sizeBytes;
    session.recordWindow(write.fromMs, write.written);
    for (const member of write.members) session.recordMember(member, deps.now());
    session.update(progressOf(session.checkpoint(), { write, sha256, nowMs: deps.now() }));
    if (++uncommitted < WINDOWS_A_COMMIT) return;
    uncommitted = 0;
    await session.commit();
  }

  /** Yields to the event loop between encodings, which do not. */
  async function yieldIfLong(): Promise<void> {
    if (performance.now() - yieldedAt < YIELD_MS) return;
    await pause(0, signal);
    signal.throwIfAborted();
    yieldedAt = performance.now();
  }

  return {
    async write(filled, isForced) {
      await yieldIfLong();
      const write = startWrite(deps, session.writtenWindow(filled.window.fromMs), {
        deviceId,
        filled,
        isForced,
        signal,
        sharing: session.checkpoint(),
      });
      if (write !== null) await add(write);
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

/** Starts to write a window; null if it is unchanged and not forced. */
function startWrite(
  { destination, encoder, style, isSourceComplete }: WriteQueueDeps,
  before: WrittenWindow | null,
  { deviceId, filled: { window, parts }, isForced, signal, sharing }: {
    deviceId: string;
    filled: FilledWindow;
    isForced: boolean;
    signal: AbortSignal;
    sharing: SharingState;
  },
): PendingWrite | null {
  const fingerprint = windowFingerprint(parts, parts[0].profile);
  const object = exportWindow(deviceId, parts);
  const rows = rowCount(object);
  const isSame = before !== null && before.rows === rows &&
    before.fingerprint[0] === fingerprint[0] && before.fingerprint[1] === fingerprint[1];
  if (isSame && !isForced) return null;
  const isShared = isSharedWindow(sharing, window, before);
  // The source has lost readings that only the shared object still has.
  if (isShared && !isSourceComplete && rows < (before?.rows ?? 0)) return null;
  const keyed = { deviceId, fromMs: window.fromMs };
  const profile = object.profile.name;
  const key = objectKey(style, { ...keyed, profile });
  const replaced = before === null ? [] : possibleKeys(style, keyed, before.object);
  const form = { layout: style.layout, format: style.format, profile };
  const written = {
    fromMs: window.fromMs,
    rows,
    fingerprint,
    revision: before === null ? 1 : before.revision + (isSame ? 0 : 1),
    object: isShared ? { ...form, isShared } : form,
  };
  const change = { isEmptied: false, written, isRewrite: before !== null, key };
  const members = memberChanges(sharing, { window, before, written });
  if (isShared) {
    // The object that all devices share is written by a duty of its own.
    const confirmed = removeAll(destination, replaced, signal).then(() => "");
    return { ...window, ...change, members, sizeBytes: 0, confirmed };
  }
  const bytes = encoder.encode(object);
  const content = { bytes, contentType: encoder.contentType };
  return {
    ...window,
    ...change,
    members,
    sizeBytes: bytes.length,
    confirmed: destination.put(key, content, signal).then(async ({ sha256 }) => {
      await removeAll(destination, replaced.filter((old) => old !== key), signal);
      return sha256;
    }),
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
    members: memberChanges(sharing, { window, before, written: null }),
    confirmed: removeAll(destination, keys, signal).then(() => ""),
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
  { write, sha256, nowMs }: { write: PendingWrite; sha256: string; nowMs: number },
): Partial<ExportCheckpoint> {
  const { fromMs, toMs, written, sizeBytes, isRewrite, key, isEmptied } = write;
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
