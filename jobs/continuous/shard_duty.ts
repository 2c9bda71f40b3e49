/**
 * Continuous export as duties. Each device belongs to a shard by its id, and each shard is a duty:
 * the process that holds a shard's lease exports the devices of that shard. So several processes
 * share the devices, and no device is exported twice at once. If a process loses its lease and
 * continues for a moment, it cannot move a checkpoint, as every move is checked.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { type Deadline, startDeadline } from "../../data/files/deadline.ts";
import { InfluxError } from "../../data/influx/query.ts";
import { MINUTE_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { createCheckpointMoves } from "../../kv/continuous/checkpoints.ts";
import { type BackOff, createBackOff } from "../engine/back_off.ts";
import type { Duty } from "../engine/duty_loop.ts";
import { createGate, type Gate } from "../engine/gate.ts";
import { exportDevice, type ExportPassDeps, GRACE_MS, openDeviceSession } from "./export_pass.ts";
import { createDueDevices, type DueDevices, type DueDevicesDeps } from "./due_devices.ts";
import { CheckpointMoved, type CheckpointSession } from "./checkpoint_session.ts";
import { failingEvent } from "./failing_event.ts";
import { createPutGate } from "./put_gate.ts";
import { createRunPlaces } from "./run_places.ts";

/** Number of shards. It must be the same in all processes that share a database. */
const SHARDS = 16;
/**
 * Export passes at once, over all shards of a process: many wait for the disk or S3 at the same time.
 * Another source than the service's own store is asked for few devices at once.
 */
const PASSES_AT_ONCE = 16, OTHER_PASSES_AT_ONCE = 4;
/**
 * Devices that catch up have as many passes of their own, so that other devices do not wait behind them.
 * Only the first pass of such a device is among the others, where so many wait for a place at most.
 */
const WAITING_AMONG_OTHERS = 8;
/** How long one round of the duty starts passes and lets them continue, milliseconds. */
const ROUND_MS = 10_000;
/** How long a pass may continue while others wait, milliseconds. */
const PASS_SHARE_MS = 2_000;
/** How long before the end of the lease everything in a round is cut off, milliseconds. */
const LEASE_MARGIN_MS = 2_000;
/** How long a process keeps a shard without a break, milliseconds: half of this up to all of it. */
const HOLD_MS = 120_000;
/** The back-off key of the destination. No device has this id. */
const DESTINATION = "*";
/** While exports fail and nobody writes, devices are looked at this often, milliseconds. */
const AGAIN_MS = 5_000;
/** After so many failures in a row, the export of a device counts as failing: an event. */
const FAILING_COUNT = 3;
/** The fault of a pass that neither ended nor failed. */
const STUCK = "The export did not end in time, as the source or the destination did not answer";

/** What all passes of a process share. */
type PassShared = Pick<ExportPassDeps, "gate" | "places" | "moveCheckpoint">;

/** What the duties need. */
export interface ShardDutyDeps
  extends Omit<ExportPassDeps, "dueCount" | keyof PassShared>, DueDevicesDeps {
  /** The database. */
  readonly kv: ExportPassDeps["kv"];
  /** Where readings come from. */
  readonly source: ExportPassDeps["source"];
  /** What changed; null if the source cannot say. */
  readonly changes: ExportPassDeps["changes"];
  /** The log. */
  readonly log: Log;
  /** How long a process keeps a shard if others may want it, milliseconds. */
  readonly holdMs?: number;
  /** Most checks of one commit; by default as many as every kind of database allows. */
  readonly mostChecks?: number;
}

/** What the duties of one process share. */
interface Shared extends ShardDutyDeps, PassShared {
  readonly dueDevices: DueDevices;
  /** Limits the passes of devices that do not catch up. */
  readonly passes: Gate;
  /** Limits the passes of those that do. */
  readonly longPasses: Gate;
  /** The devices that catch up: their last pass was long and did not reach the end. */
  readonly catchingUp: Set<string>;
  /** How many devices are due in the rounds of now. */
  readonly dueCount: () => number;
  /** Adds to that. */
  readonly countDue: (change: number) => void;
  readonly backOff: BackOff;
  /** Deletes unfinished objects at the destination, once. */
  readonly sweep: (signal: AbortSignal) => Promise<void>;
}

/**
 * The duties of one process, one for each shard. Their names, and so those of their leases, are the
 * ones of earlier versions, as processes of both may share a database during an upgrade.
 */
export function shardDuties(deps: ShardDutyDeps): Duty[] {
  const { now, holdMs = HOLD_MS } = deps;
  let dueCount = 0;
  const places = createRunPlaces(deps.threads?.count ?? 1);
  const shared: Shared = {
    ...deps,
    dueDevices: createDueDevices(deps),
    passes: createGate(deps.isSourceComplete ? PASSES_AT_ONCE : OTHER_PASSES_AT_ONCE),
    longPasses: createGate(PASSES_AT_ONCE),
    catchingUp: new Set(),
    gate: createPutGate(),
    places,
    moveCheckpoint: createCheckpointMoves(deps.kv, deps.mostChecks),
    dueCount: () => dueCount,
    countDue: (change) => void (dueCount += change),
    backOff: createBackOff({ now, random: Math.random }),
    sweep: sweepOnce(deps),
  };
  return Array.from({ length: SHARDS }, (_, shard): Duty => {
    let epoch: number | null = null;
    const isOwn = (deviceId: string) => shardOf(deviceId) === shard;
    return {
      name: `lake-${String(shard).padStart(2, "0")}`,
      everyMs: 500,
      // Staggered, so that a process does not give up all shards at once.
      holdMs: holdMs * (SHARDS + shard) / (2 * SHARDS),
      untilNextMs: () => Promise.resolve(untilNextMs(shared)),
      async round({ signal, lease }) {
        // Another process may have held the shard in between.
        if (epoch !== lease.epoch) shared.dueDevices.forget(isOwn);
        epoch = lease.epoch;
        const leftMs = Math.max(0, lease.untilMs - now() - LEASE_MARGIN_MS);
        const deadline = startDeadline(signal, leftMs);
        try {
          await exportDueDevices(shared, isOwn, deadline);
        } finally {
          deadline.clear();
        }
      },
    };
  });
}

/**
 * How long until time alone may make a device due, milliseconds: windows end, and days that wait for a
 * shared object are looked at, after each interval or minute.
 */
function untilNextMs({ backOff, intervalMs, now }: Shared): number {
  if (backOff.hasFailures()) return AGAIN_MS;
  const stepMs = Math.min(intervalMs, MINUTE_MS);
  return stepMs - (now() - GRACE_MS) % stepMs;
}

/** Sweeps once, and again if that failed. Export passes report a destination that is away. */
function sweepOnce({ destination, log }: ShardDutyDeps): Shared["sweep"] {
  let sweeping: Promise<void> | null = null;
  return (signal) =>
    sweeping ??= destination.sweep(signal).then((count) => {
      if (count > 0) log("info", "unfinished objects deleted", { count });
    }).catch((error) => {
      sweeping = null;
      if (!signal.aborted) log("warn", "unfinished objects not deleted", { error });
    });
}

/** Exports the due devices of a shard until the time of the round is up. */
async function exportDueDevices(
  shared: Shared,
  isOwn: (deviceId: string) => boolean,
  deadline: Deadline,
): Promise<void> {
  const { backOff, passes, longPasses, catchingUp, dueDevices, sweep, countDue } = shared;
  const { signal } = deadline;
  if (backOff.isWaiting(DESTINATION)) return;
  await sweep(signal);
  const endAt = performance.now() + ROUND_MS;
  const ids = await dueDevices.due((id) => isOwn(id) && !backOff.isWaiting(id), signal);
  countDue(ids.length);
  const ended = await Promise.allSettled(
    ids.map((id) =>
      (catchingUp.has(id) ? longPasses : passes).enter(async () => {
        const isLate = performance.now() > endAt || backOff.isWaiting(DESTINATION);
        if (!isLate && !signal.aborted) await runPass(shared, id, { deadline, endAt });
      }, signal)
    ),
  );
  countDue(-ids.length);
  // Only after all of them: no pass may outlive its round, as the lease may be lost by then.
  for (const pass of ended) {
    // A pass that has not started when the round is cut off is one of the next round.
    if (pass.status === "rejected" && pass.reason !== signal.reason) throw pass.reason;
  }
}

/** Runs one export pass. A failure goes to the log and the checkpoint, and delays the next try. */
async function runPass(
  shared: Shared,
  deviceId: string,
  { deadline, endAt }: { deadline: Deadline; endAt: number },
): Promise<void> {
  const { backOff, places, catchingUp, dueDevices, log, now } = shared;
  const { signal } = deadline;
  const isLong = catchingUp.has(deviceId);
  const queue = isLong ? shared.longPasses : shared.passes;
  /** Later, when the pass has waited for a place: that time does not count. */
  let startedAt = performance.now();
  const isShareOver = () => performance.now() - startedAt > PASS_SHARE_MS;
  const isTimeUp = () => performance.now() > endAt || (isShareOver() && queue.waiting() > 0);
  const mayWait = () => {
    catchingUp.add(deviceId);
    return isLong || places.waiting() < WAITING_AMONG_OTHERS;
  };
  const onWaited = (waitedMs: number) => void (startedAt += waitedMs);
  const startedMs = now();
  let session: CheckpointSession | null = null;
  try {
    session = await openDeviceSession(shared, deviceId);
    const { totals } = session.checkpoint();
    const limits = { signal, isTimeUp, mayWait, onWaited };
    const { checkpoint, isDone } = await exportDevice(shared, session, { deviceId, ...limits });
    if (isDone) catchingUp.delete(deviceId);
    dueDevices.setLastPass(deviceId, isDone ? { checkpoint, startedMs } : null);
    backOff.clear(deviceId);
    // A pass that wrote nothing does not prove that the destination works.
    if (checkpoint.totals !== totals) backOff.clear(DESTINATION);
  } catch (error) {
    dueDevices.setLastPass(deviceId, null);
    if (error instanceof CheckpointMoved) return;
    // A pass that started late in the round is only cut off, and the next round continues it.
    const isStuck = deadline.isOver() && isShareOver();
    if (signal.aborted && !isStuck) return;
    backOff.fail(isOfDestination(error) ? DESTINATION : deviceId);
    log("error", "device not exported", { deviceId, error });
    if (session !== null) {
      const message = isStuck ? STUCK : faultText(error);
      await recordFault(session, { deviceId, message, nowMs: now() });
    }
  }
}

/** Records a fault in the checkpoint, along with all changes that were confirmed before it. */
async function recordFault(
  session: CheckpointSession,
  { deviceId, message, nowMs }: { deviceId: string; message: string; nowMs: number },
): Promise<void> {
  const { fault: before } = session.checkpoint();
  const fault = {
    message,
    sinceMs: before?.sinceMs ?? nowMs,
    atMs: nowMs,
    count: (before?.count ?? 0) + 1,
  };
  session.update({ fault });
  if (fault.count === FAILING_COUNT) session.recordEvent(failingEvent(deviceId, fault));
  try {
    await session.commit();
  } catch (moved) {
    if (!(moved instanceof CheckpointMoved)) throw moved;
  }
}

/** A sentence for users. An unexpected error appears in the log only. */
function faultText(error: unknown): string {
  if (error instanceof AppError) {
    return error.details === "" ? error.message : `${error.message}: ${error.details}`;
  }
  // Of an error in a worker, only the name says what it is.
  const isClear = error instanceof InfluxError ||
    (error instanceof Error && ["RangeError", "TypeError"].includes(error.name));
  return isClear ? error.message : "Something went wrong; see the log of the service";
}

function isOfDestination(error: unknown): boolean {
  return error instanceof AppError &&
    (error.code === "STORAGE_UNAVAILABLE" || error.code === "STORAGE_FULL");
}

/** The shard of a device id, the same in every process (FNV-1a). */
function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return ((hash >>> 16) ^ (hash & 0xffff)) % SHARDS;
}
