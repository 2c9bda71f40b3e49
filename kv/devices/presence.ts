/**
 * The moves of a device between online and offline.
 *
 * | from | to | when |
 * |---|---|---|
 * | online | offline | its deadline passed: event (at the deadline), entry armed for the second look |
 * | online | online | its entry stands elsewhere than its deadline: entry armed anew |
 * | offline | online | something was received: event (when it was received), entry armed at the new deadline |
 * | offline | offline | the second look found nothing new: no entry |
 *
 * The deadline of a device is the latest of when something was last received from it, when the
 * service started and when the device was created, plus the time after which it is offline. Each
 * move is one commit under a check of the record, and sets record, event and entry together: so
 * whatever races with it, the events of a device take turns, and none is told twice.
 *
 * A reading does not check the record (ingest would wait for it), so it may become durable between
 * the moment when its device's last reading is looked up and the move to offline. Who brought it
 * took the device for online and calls no {@link markOnline}. Hence the second look: whoever takes
 * readings may rely on a record for less than {@link SECOND_LOOK_MS} since it was read.
 *
 * @module
 */

import { packStages, type Stage } from "../budget.ts";
import { deleteLastSeen, receivedOf } from "./last_seen.ts";
import { type DeviceEvent, stageDeviceEvent } from "./events.ts";
import {
  type DeviceEntry,
  type DeviceRecord,
  getDevice,
  getDevices,
  stageDevice,
  stageDeviceCheck,
} from "./devices.ts";
import { type Due, stageDueDelete } from "../jobs/due.ts";

/** How long after a device went offline it is looked at once more, milliseconds. */
export const SECOND_LOOK_MS = 10_000;

/** An entry of the due index that is about a device. */
export type DeviceDue = Due<"device_offline">;

/** What a look goes by. */
export interface Look {
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** When the service started, epoch milliseconds: what came before it may not have been received. */
  readonly startedMs: number;
  /** After how long devices are offline that have no such time of their own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Most checks of a commit: up to 90 where the database is a local file, elsewhere 9. */
  readonly maxChecks: number;
  /** Whether only devices that go offline or come online are moved, as those must not wait. */
  readonly isUrgent?: boolean;
}

/** What came of a look. */
export interface LookResult {
  /** How many devices went offline. */
  readonly offline: number;
  /** How many came online, by their second look. */
  readonly online: number;
  /** Entries that are still to be moved or deleted: what was not urgent, or kept changing. */
  readonly left: readonly DeviceDue[];
}

/** A record that follows, and the event that tells of it, if any. */
interface Move {
  readonly to: DeviceRecord;
  readonly event: DeviceEvent | null;
}

/** A move, or the deletion of a stale entry, and the record that it goes by. */
interface Step<About extends { readonly id: string } = DeviceDue> {
  readonly due: About;
  readonly entry: DeviceEntry | null;
  readonly stage: Stage;
  readonly event: DeviceEvent | null;
}

/**
 * Looks at devices whose entries fired, a few hundred at a time. Entries that are not their
 * device's (any more) are deleted, and one that stands later than the deadline is armed anew. Done
 * twice, or by several processes at once, it is done once; a device that keeps changing meanwhile
 * is left for the next look.
 */
export async function lookAtDevices(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  dues: readonly DeviceDue[],
  look: Look,
): Promise<LookResult> {
  const { found, gone } = await findSteps(kv, dues, look);
  const steps = found.filter(({ event }) => event !== null || !look.isUrgent);
  const left = found.filter(({ event }) => event === null && look.isUrgent).map(({ due }) => due);
  const counts = { offline: 0, online: 0 };
  const refused: DeviceDue[] = [];
  let at = 0;
  const packed = packStages(steps.map(({ stage }) => stage), look.maxChecks);
  const groups = packed.map(({ length }) => steps.slice(at, at += length));
  // Side by side, as a database file syncs commits together that come while it syncs another.
  await Promise.all(groups.map(async (group) => {
    if (await commitSteps(kv, group)) {
      for (const { event } of group) if (event !== null) counts[event.state]++;
    } else refused.push(...group.map(({ due }) => due));
  }));
  await deleteLastSeen(kv, gone);
  if (refused.length === 0) return { ...counts, left };
  if (look.maxChecks === 1) return { ...counts, left: [...left, ...refused] };
  const alone = await lookAtDevices(kv, refused, { ...look, maxChecks: 1 });
  const { offline, online } = counts;
  return {
    offline: offline + alone.offline,
    online: online + alone.online,
    left: [...left, ...alone.left],
  };
}

/** What brings a device online. */
export interface Received {
  /** When something was received from it, epoch milliseconds. */
  readonly receivedMs: number;
  /** After how long devices are offline that have no such time of their own, milliseconds. */
  readonly offlineAfterMs: number;
}

/**
 * Brings a device online from which something was received. Does nothing where it is online, where
 * that reading was known when it went offline, or where there is no device. Returns whether it did.
 */
export async function markOnline(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  { receivedMs, offlineAfterMs }: Received,
): Promise<boolean> {
  for (;;) {
    const entry = await getDevice(kv, id);
    if (entry === null || entry.value.state === "online") return false;
    if (!isNews(entry.value, receivedMs)) return false;
    const move = onlineMove(entry.value, receivedMs, offlineAfterMs);
    if (await commitSteps(kv, [stepOf({ id }, entry, move)])) return true;
  }
}

/** What is to be done about entries, and beats that are of no use any more. Records are read first, as the checks are on them. */
async function findSteps(
  kv: Pick<Deno.Kv, "list">,
  dues: readonly DeviceDue[],
  look: Look,
): Promise<{ found: Step[]; gone: readonly Deno.KvEntry<unknown>[] }> {
  const devices = await getDevices(kv, dues.map(({ id }) => id));
  const open = dues.filter((due) => {
    const device = firing(due, devices.get(due.id))?.value;
    if (device === undefined) return false;
    return device.state === "offline" || deadlineOf(device, look) <= look.nowMs;
  });
  const { lastMs, gone } = await receivedOf(kv, open.map(({ id }) => id), look.nowMs);
  const found = dues.flatMap((due) => {
    const entry = devices.get(due.id);
    const device = firing(due, entry);
    if (device === undefined) return [staleStep(due, entry ?? null)];
    const move = moveOf(device.value, lastMs.get(due.id) ?? null, look);
    const isMoved = move.event !== null || move.to.dueMs !== due.atMs;
    return isMoved ? [stepOf(due, device, move)] : [];
  });
  return { found, gone };
}

/** The device that an entry is about, unless the entry is not the device's (any more). */
function firing({ atMs }: DeviceDue, entry: DeviceEntry | undefined): DeviceEntry | undefined {
  return entry?.value.dueMs === atMs ? entry : undefined;
}

function moveOf(device: DeviceRecord, receivedMs: number | null, look: Look): Move {
  if (device.state === "offline") {
    if (isNews(device, receivedMs)) return onlineMove(device, receivedMs, look.offlineAfterMs);
    const isTime = device.dueMs === null || device.dueMs <= look.nowMs;
    return { to: { ...device, dueMs: isTime ? null : device.dueMs }, event: null };
  }
  const lastSeenMs = isNews(device, receivedMs) ? receivedMs : device.lastSeenMs;
  const deadlineMs = deadlineOf({ ...device, lastSeenMs }, look);
  if (deadlineMs > look.nowMs) return { to: { ...device, dueMs: deadlineMs }, event: null };
  return movedTo("offline", device, {
    atMs: deadlineMs,
    lastSeenMs,
    dueMs: look.nowMs + SECOND_LOOK_MS,
  });
}

function onlineMove(device: DeviceRecord, receivedMs: number, offlineAfterMs: number): Move {
  return movedTo("online", device, {
    atMs: receivedMs,
    lastSeenMs: receivedMs,
    dueMs: receivedMs + (device.offlineAfterMs ?? offlineAfterMs),
  });
}

/** A move with its event, which is later than the one before whatever clocks say. */
function movedTo(
  state: DeviceRecord["state"],
  device: DeviceRecord,
  { atMs, lastSeenMs, dueMs }: { atMs: number; lastSeenMs: number | null; dueMs: number },
): Move {
  const event = { atMs: Math.max(atMs, device.stateSinceMs + 1), state, lastSeenMs };
  return { to: { ...device, state, stateSinceMs: event.atMs, lastSeenMs, dueMs }, event };
}

/** Whether a reading came after all that were known when its device got into its state. */
function isNews(
  { lastSeenMs }: DeviceRecord,
  receivedMs: number | null,
): receivedMs is number {
  return receivedMs !== null && (lastSeenMs === null || receivedMs > lastSeenMs);
}

/** When a device that is online goes offline, by what its record knows of its readings. */
function deadlineOf(
  { lastSeenMs, createdMs, offlineAfterMs }: DeviceRecord,
  look: Look,
): number {
  return Math.max(lastSeenMs ?? createdMs, createdMs, look.startedMs) +
    (offlineAfterMs ?? look.offlineAfterMs);
}

function stepOf<About extends { readonly id: string }>(
  due: About,
  entry: DeviceEntry,
  { to, event }: Move,
): Step<About> {
  const stage: Stage = (op) => {
    stageDevice(op, due.id, { from: entry, to });
    if (event !== null) stageDeviceEvent(op, due.id, event);
  };
  return { due, entry, stage, event };
}

function staleStep(due: DeviceDue, entry: DeviceEntry | null): Step {
  return { due, entry, stage: (op) => stageDueDelete(op, due), event: null };
}

/** All of them or none: false where one of the records has changed meanwhile. */
async function commitSteps(
  kv: Pick<Deno.Kv, "atomic">,
  steps: readonly Step<{ readonly id: string }>[],
): Promise<boolean> {
  const op = kv.atomic();
  for (const { due, entry, stage } of steps) {
    stageDeviceCheck(op, due.id, entry);
    stage(op);
  }
  return (await op.commit()).ok;
}
