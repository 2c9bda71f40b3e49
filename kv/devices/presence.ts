/**
 * Moves devices between online and offline.
 *
 * | from | to | when |
 * |---|---|---|
 * | online | offline | its deadline passed: event (at the deadline), due entry at the recheck |
 * | online | online | its due entry does not match its deadline: due entry at the deadline |
 * | offline | online | something was received: event (at its receipt), due entry at the new deadline |
 * | offline | offline | the recheck found nothing newer: no due entry |
 *
 * The deadline of a device is the latest of three times (when it was last seen, when the service
 * started, when the device was created) plus the time without messages after which it is offline.
 * Each move is one commit under a check of the device record, and sets record, event and due entry
 * together. So whatever races with it, offline and online events alternate, and none is recorded
 * twice.
 *
 * Ingest does not check the device record, because it would have to wait for it. So a reading may
 * become durable after its device's last-seen records were read and before the device is set
 * offline. The process that accepted the reading believed the device online and does not call
 * {@link markOnline}. That is why an offline device is rechecked once: a process that accepts
 * readings may rely on a device record for less than {@link RECHECK_AFTER_MS} after reading it.
 *
 * @module
 */

import { packStages, type Stage } from "../budget.ts";
import { deleteLastSeen, lastSeenOfMany } from "./last_seen.ts";
import { type DeviceEvent, stageDeviceEvent } from "./events.ts";
import {
  type DeviceEntry,
  type DeviceRecord,
  getDevice,
  getDevices,
  stageDevice,
  stageDeviceCheck,
} from "./devices.ts";
import { type DomainEvent, eventId } from "../../data/events/event.ts";
import { instantText } from "../../data/time/time_text.ts";
import { stageEvent } from "../events/outbox.ts";
import { type Due, stageDueDelete } from "../jobs/due.ts";
import { stageTouched } from "../touched.ts";

/** How long after a device went offline it is checked once more, milliseconds. */
export const RECHECK_AFTER_MS = 10_000;

/** A due entry of a device. */
export type DeviceDue = Due<"device_offline">;

/** The rules of a check. */
export interface PresenceRules {
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** When the service started, epoch milliseconds; earlier messages may not have reached it. */
  readonly startedMs: number;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Most checks of a commit: up to 90 if the database is a local file, else up to 9. */
  readonly maxChecks: number;
  /** Whether to move only devices that go offline or online, which must not wait. */
  readonly movesOnly?: boolean;
}

/** What a check did. */
export interface PresenceResult {
  /** The ids of the devices that went offline. */
  readonly offline: readonly string[];
  /** The ids of the devices that came online, found by their recheck. */
  readonly online: readonly string[];
  /** Due entries still to be moved or deleted: not urgent, or their device kept changing. */
  readonly left: readonly DeviceDue[];
}

/** The next record of a device, and the event that goes with it, if any. */
interface Move {
  readonly to: DeviceRecord;
  readonly event: DeviceEvent | null;
}

/** A change to commit, a move or the deletion of a stale entry, and the record it is based on. */
interface Change<About extends { readonly id: string } = DeviceDue> {
  readonly due: About;
  readonly entry: DeviceEntry | null;
  readonly stage: Stage;
  readonly event: DeviceEvent | null;
}

/**
 * Checks the devices of due entries, at most a few hundred at a time. An entry that does not belong
 * to its device (any more) is deleted; an entry before the device's deadline moves there. Calling it
 * twice, or from several processes at once, has the effect of one call. A device that keeps changing
 * meanwhile is left for the next check.
 */
export async function checkPresence(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  dues: readonly DeviceDue[],
  rules: PresenceRules,
): Promise<PresenceResult> {
  const { found, outdated } = await findChanges(kv, dues, rules);
  const changes = found.filter(({ event }) => event !== null || !rules.movesOnly);
  const left = found.filter(({ event }) => event === null && rules.movesOnly).map(({ due }) => due);
  const moved: Record<DeviceEvent["state"], string[]> = { offline: [], online: [] };
  const refused: DeviceDue[] = [];
  let at = 0;
  const packed = packStages(changes.map(({ stage }) => stage), rules.maxChecks);
  const groups = packed.map(({ length }) => changes.slice(at, at += length));
  // In parallel: a database file syncs together the commits that arrive during another sync.
  await Promise.all(groups.map(async (group) => {
    if (!await commitChanges(kv, group)) return refused.push(...group.map(({ due }) => due));
    for (const { due, event } of group) if (event !== null) moved[event.state].push(due.id);
  }));
  await deleteLastSeen(kv, outdated);
  if (refused.length === 0) return { ...moved, left };
  if (rules.maxChecks === 1) return { ...moved, left: [...left, ...refused] };
  const alone = await checkPresence(kv, refused, { ...rules, maxChecks: 1 });
  return {
    offline: [...moved.offline, ...alone.offline],
    online: [...moved.online, ...alone.online],
    left: [...left, ...alone.left],
  };
}

/** What brings a device online. */
export interface Receipt {
  /** When something was received from it, epoch milliseconds. */
  readonly receivedMs: number;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
}

/**
 * Brings a device online because something was received from it. Does nothing if the device is
 * online or does not exist, or if the receipt was known when the device went offline. Returns
 * whether the device was moved.
 */
export async function markOnline(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  { receivedMs, offlineAfterMs }: Receipt,
): Promise<boolean> {
  for (;;) {
    const entry = await getDevice(kv, id);
    if (entry === null || entry.value.state === "online") return false;
    if (!isNewer(entry.value, receivedMs)) return false;
    const move = onlineMove(entry.value, receivedMs, offlineAfterMs);
    if (await commitChanges(kv, [moveChange({ id }, entry, move)])) return true;
  }
}

/**
 * The changes that due entries call for, and outdated last-seen records. Device records are read
 * first, because the commits check them.
 */
async function findChanges(
  kv: Pick<Deno.Kv, "list">,
  dues: readonly DeviceDue[],
  rules: PresenceRules,
): Promise<{ found: Change[]; outdated: readonly Deno.KvEntry<unknown>[] }> {
  const devices = await getDevices(kv, dues.map(({ id }) => id));
  const open = dues.filter((due) => {
    const device = ownerOf(due, devices.get(due.id))?.value;
    if (device === undefined) return false;
    return device.state === "offline" || deadlineOf(device, rules) <= rules.nowMs;
  });
  const { lastMs, outdated } = await lastSeenOfMany(kv, open.map(({ id }) => id), rules.nowMs);
  const found = dues.flatMap((due) => {
    const entry = devices.get(due.id);
    const device = ownerOf(due, entry);
    if (device === undefined) return [staleChange(due, entry ?? null)];
    const move = moveOf(device.value, lastMs.get(due.id) ?? null, rules);
    const isMoved = move.event !== null || move.to.dueMs !== due.atMs;
    return isMoved ? [moveChange(due, device, move)] : [];
  });
  return { found, outdated };
}

/** The device of a due entry, unless the entry is not the device's (any more). */
function ownerOf({ atMs }: DeviceDue, entry: DeviceEntry | undefined): DeviceEntry | undefined {
  return entry?.value.dueMs === atMs ? entry : undefined;
}

function moveOf(device: DeviceRecord, receivedMs: number | null, rules: PresenceRules): Move {
  if (device.state === "offline") {
    if (isNewer(device, receivedMs)) return onlineMove(device, receivedMs, rules.offlineAfterMs);
    const isTime = device.dueMs === null || device.dueMs <= rules.nowMs;
    return { to: { ...device, dueMs: isTime ? null : device.dueMs }, event: null };
  }
  const lastSeenMs = isNewer(device, receivedMs) ? receivedMs : device.lastSeenMs;
  const deadlineMs = deadlineOf({ ...device, lastSeenMs }, rules);
  if (deadlineMs > rules.nowMs) return { to: { ...device, dueMs: deadlineMs }, event: null };
  return movedTo("offline", device, {
    atMs: deadlineMs,
    lastSeenMs,
    dueMs: rules.nowMs + RECHECK_AFTER_MS,
  });
}

function onlineMove(device: DeviceRecord, receivedMs: number, offlineAfterMs: number): Move {
  return movedTo("online", device, {
    atMs: receivedMs,
    lastSeenMs: receivedMs,
    dueMs: receivedMs + (device.offlineAfterMs ?? offlineAfterMs),
  });
}

/** A move with its event, which is later than the one before even if clocks differ. */
function movedTo(
  state: DeviceRecord["state"],
  device: DeviceRecord,
  { atMs, lastSeenMs, dueMs }: { atMs: number; lastSeenMs: number | null; dueMs: number },
): Move {
  const event = { atMs: Math.max(atMs, device.stateSinceMs + 1), state, lastSeenMs };
  return { to: { ...device, state, stateSinceMs: event.atMs, lastSeenMs, dueMs }, event };
}

/** Whether something was received after everything known when the device got into its state. */
function isNewer(
  { lastSeenMs }: DeviceRecord,
  receivedMs: number | null,
): receivedMs is number {
  return receivedMs !== null && (lastSeenMs === null || receivedMs > lastSeenMs);
}

/** When a device that is online goes offline, as far as its record knows when it was last seen. */
function deadlineOf(
  { lastSeenMs, createdMs, offlineAfterMs }: DeviceRecord,
  rules: PresenceRules,
): number {
  return Math.max(lastSeenMs ?? createdMs, createdMs, rules.startedMs) +
    (offlineAfterMs ?? rules.offlineAfterMs);
}

function moveChange<About extends { readonly id: string }>(
  due: About,
  entry: DeviceEntry,
  { to, event }: Move,
): Change<About> {
  const stage: Stage = (op) => {
    stageDevice(op, due.id, { from: entry, to });
    if (event === null) return;
    stageDeviceEvent(op, due.id, event);
    stageEvent(op, domainEvent(due.id, to, event));
    stageTouched(op, { kind: "device", id: due.id }, "moved");
  };
  return { due, entry, stage, event };
}

/** What others are told of an event. The time of a move tells it from every other move of the device. */
function domainEvent(id: string, device: DeviceRecord, event: DeviceEvent): DomainEvent {
  const { atMs, state, lastSeenMs } = event;
  const type = `device.${state}` as const;
  const subject = { kind: "device", id } as const;
  return {
    id: eventId({ type, subject, cause: atMs }),
    type,
    subject,
    atMs,
    account: null,
    data: {
      device_id: id,
      state,
      since: instantText(atMs),
      last_seen: lastSeenMs === null ? null : instantText(lastSeenMs),
      profile: device.profile,
      device_type: device.deviceType,
      location: device.location,
    },
  };
}

function staleChange(due: DeviceDue, entry: DeviceEntry | null): Change {
  return { due, entry, stage: (op) => stageDueDelete(op, due), event: null };
}

/** Commits all of them or none: false if one of the records has changed meanwhile. */
async function commitChanges(
  kv: Pick<Deno.Kv, "atomic">,
  changes: readonly Change<{ readonly id: string }>[],
): Promise<boolean> {
  const op = kv.atomic();
  for (const { due, entry, stage } of changes) {
    stageDeviceCheck(op, due.id, entry);
    stage(op);
  }
  return (await op.commit()).ok;
}
