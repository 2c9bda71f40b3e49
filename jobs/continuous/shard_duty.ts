/**
 * Continuous export as duties: devices are dealt to shards by their id, and the process that has a
 * shard's lease looks after its devices. So several processes share the devices, and none is done
 * twice at once. Should a process that lost its lease go on for a moment, its checkpoint does not
 * move: it is moved under a check.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { type Deadline, startDeadline } from "../../data/files/deadline.ts";
import { InfluxError } from "../../data/influx/query.ts";
import type { Log } from "../../data/log.ts";
import { type BackOff, createBackOff } from "../engine/back_off.ts";
import type { Duty } from "../engine/duty_loop.ts";
import { createGate, type Gate } from "../engine/gate.ts";
import { exportDevice, type ExportPassDeps, openDeviceSession } from "./export_pass.ts";
import { createDueDevices, type DueDevices, type DueDevicesDeps } from "./due_devices.ts";
import { CheckpointMoved, type CheckpointSession } from "./checkpoint_session.ts";

/** Shards. All processes over one database must have the same. */
const SHARDS = 16;
/** Devices that are looked at at once, by all shards of a process. */
const LOOKS_AT_ONCE = 4;
/** How long a round begins looks, and lets them go on, milliseconds. */
const ROUND_MS = 10_000;
/** How long a look may go on while others wait, milliseconds. */
const SHARE_MS = 2_000;
/** When everything of a round ends before its lease does, milliseconds. */
const LEASE_MARGIN_MS = 2_000;
/** How long a shard is kept in a row, milliseconds: half of this up to all of it. */
const HOLD_MS = 120_000;
/** The name of the destination among what fails; no device has it. */
const DESTINATION = "*";
/** The fault of what neither came to an end nor failed. */
const STUCK = "It came to no end in its time, as its source or its destination did not answer";

/** What the duties need. */
export interface ShardDutyDeps extends ExportPassDeps, DueDevicesDeps {
  /** The database. */
  readonly kv: ExportPassDeps["kv"];
  /** Where readings come from. */
  readonly source: ExportPassDeps["source"];
  /** What changed. */
  readonly feed: ExportPassDeps["feed"];
  /** The log. */
  readonly log: Log;
  /** How long a shard is kept in a row where other processes may want it, milliseconds. */
  readonly holdMs?: number;
}

/** What the duties of one process have in common. */
interface Shared extends ShardDutyDeps {
  readonly scout: DueDevices;
  readonly gate: Gate;
  readonly backOff: BackOff;
  /** Sweeps the destination, once. */
  readonly swept: (signal: AbortSignal) => Promise<void>;
}

/** The duties of one process. */
export function shardDuties(deps: ShardDutyDeps): Duty[] {
  const { now, holdMs = HOLD_MS } = deps;
  const shared: Shared = {
    ...deps,
    scout: createDueDevices(deps),
    gate: createGate(LOOKS_AT_ONCE),
    backOff: createBackOff({ now, random: Math.random }),
    swept: sweepOnce(deps),
  };
  return Array.from({ length: SHARDS }, (_, shard): Duty => {
    let epoch: number | null = null;
    const isOwn = (deviceId: string) => shardOf(deviceId) === shard;
    return {
      name: `lake-${String(shard).padStart(2, "0")}`,
      everyMs: 500,
      // They are not given up all at once.
      holdMs: holdMs * (SHARDS + shard) / (2 * SHARDS),
      async round({ signal, lease }) {
        // Another process may have had the shard in between.
        if (epoch !== lease.epoch) shared.scout.forget(isOwn);
        epoch = lease.epoch;
        const leftMs = Math.max(0, lease.untilMs - now() - LEASE_MARGIN_MS);
        const deadline = startDeadline(signal, leftMs);
        try {
          await lookAtDue(shared, isOwn, deadline);
        } finally {
          deadline.clear();
        }
      },
    };
  });
}

/** Sweeps once; again where it failed. A destination that is away is told by the looks. */
function sweepOnce({ destination, log }: ShardDutyDeps): Shared["swept"] {
  let sweeping: Promise<void> | null = null;
  return (signal) =>
    sweeping ??= destination.sweep(signal).then((count) => {
      if (count > 0) log("info", "unfinished objects deleted", { count });
    }).catch((error) => {
      sweeping = null;
      if (!signal.aborted) log("warn", "unfinished objects not looked for", { error });
    });
}

/** Looks at the devices of a shard that are due, until the time of a round is over. */
async function lookAtDue(
  shared: Shared,
  isOwn: (deviceId: string) => boolean,
  deadline: Deadline,
): Promise<void> {
  const { backOff, gate, scout, swept } = shared;
  const { signal } = deadline;
  if (backOff.isWaiting(DESTINATION)) return;
  await swept(signal);
  const endAt = performance.now() + ROUND_MS;
  const ids = await scout.due((id) => isOwn(id) && !backOff.isWaiting(id), signal);
  const looks = await Promise.allSettled(ids.map((id) =>
    gate.enter(async () => {
      const isLate = performance.now() > endAt || backOff.isWaiting(DESTINATION);
      if (!isLate && !signal.aborted) await look(shared, id, { deadline, endAt });
    })
  ));
  // Only now: none may go on behind its round, as the lease is not its own then.
  for (const done of looks) if (done.status === "rejected") throw done.reason;
}

/** Looks at a device; what goes wrong is told in its checkpoint, and waits. */
async function look(
  shared: Shared,
  deviceId: string,
  { deadline, endAt }: { deadline: Deadline; endAt: number },
): Promise<void> {
  const { backOff, gate, scout, log, now } = shared;
  const { signal } = deadline;
  const startedAt = performance.now();
  const isOver = () => {
    const nowAt = performance.now();
    return nowAt > endAt || (nowAt - startedAt > SHARE_MS && gate.waiting() > 0);
  };
  const lookedMs = now();
  let track: CheckpointSession | null = null;
  try {
    track = await openDeviceSession(shared, deviceId);
    const { totals } = track.value();
    const { checkpoint, isDone } = await exportDevice(shared, track, { deviceId, signal, isOver });
    scout.note(deviceId, isDone ? { checkpoint, lookedMs } : null);
    backOff.clear(deviceId);
    // A look that wrote nothing tells nothing of the destination.
    if (checkpoint.totals !== totals) backOff.clear(DESTINATION);
  } catch (error) {
    scout.note(deviceId, null);
    if (error instanceof CheckpointMoved) return;
    // One that began late in its round is cut off for that alone, and goes on in the next.
    const isStuck = deadline.isOver() && performance.now() - startedAt > SHARE_MS;
    if (signal.aborted && !isStuck) return;
    backOff.fail(isOfDestination(error) ? DESTINATION : deviceId);
    log("error", "device not exported", { deviceId, error });
    if (track !== null) {
      const message = isStuck ? STUCK : faultText(error);
      await noteFault(track, { message, nowMs: now() });
    }
  }
}

/** Tells the fault in the checkpoint; what was staged before it goes with it. */
async function noteFault(
  track: CheckpointSession,
  { message, nowMs }: { message: string; nowMs: number },
): Promise<void> {
  const { fault } = track.value();
  track.stage({
    fault: {
      message,
      sinceMs: fault?.sinceMs ?? nowMs,
      atMs: nowMs,
      count: (fault?.count ?? 0) + 1,
    },
  });
  try {
    await track.commit();
  } catch (moved) {
    if (!(moved instanceof CheckpointMoved)) throw moved;
  }
}

/** A sentence for users. Of errors without a code the log has the words. */
function faultText(error: unknown): string {
  if (error instanceof AppError) {
    return error.details === "" ? error.message : `${error.message}: ${error.details}`;
  }
  const isClear = error instanceof InfluxError || error instanceof RangeError ||
    error instanceof TypeError;
  return isClear ? error.message : "Something went wrong; the log of the service says what";
}

function isOfDestination(error: unknown): boolean {
  return error instanceof AppError &&
    (error.code === "STORAGE_UNAVAILABLE" || error.code === "STORAGE_FULL");
}

/** Deals ids to shards, the same on every process (FNV-1a). */
function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return ((hash >>> 16) ^ (hash & 0xffff)) % SHARDS;
}
