/**
 * One export pass over a device. It writes the windows that have ended since the last pass, those
 * before them that received late readings, and those that a user asked to replay. Before all that it
 * deletes objects whose readings a job has deleted, if asked. Then it compacts past days, and shares
 * them with the other devices of the profile.
 *
 * A pass notes the change position before it reads any readings. So whatever changes later is found
 * by the next pass, whether this one exported it or not.
 *
 * @module
 */

import { batchesOf, joinSpans, wholeWindows } from "../../data/continuous/spans.ts";
import { planLength, startPlan, windowAt } from "../../data/continuous/window.ts";
import { DAY_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { Span } from "../../data/readings/page.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { TelemetrySource } from "../../data/continuous/telemetry_source.ts";
import { type ExportCheckpoint, getExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import {
  changeExportControls,
  type ExportControls,
  getExportControls,
  moveErasure,
  waitingErasures,
} from "../../kv/continuous/controls.ts";
import type { ChangedDevices, ChangePosition } from "./changed_devices.ts";
import {
  type CheckpointSession,
  type CheckpointSessionDeps,
  openCheckpointSession,
} from "./checkpoint_session.ts";
import { compactDays, type CompactionDeps, planFirstDays } from "./day_compaction.ts";
import { shareDays, type SharingDeps } from "./day_sharing.ts";
import { eraseObjects } from "./erase_objects.ts";
import { isWithdrawn } from "./erasure_ends.ts";
import { type PassLimits, writeWindows } from "./window_writer.ts";

/** How long after its end a window is exported: readings may still be on their way until then. */
export const GRACE_MS = 2_000;
/** How far after the checkpoint a pass looks for readings of windows that have not ended, milliseconds. */
const PENDING_MS = 2 * DAY_MS;

/** What an export pass needs. */
export interface ExportPassDeps extends CompactionDeps, SharingDeps, CheckpointSessionDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** What changed in the service's own store; null if the source cannot say. */
  readonly changes: ChangedDevices | null;
  /** Length of a window from the next UTC day on, milliseconds. */
  readonly intervalMs: number;
  /** Whether only objects are to be deleted, as continuous export is off; by default not. */
  readonly isErasingOnly?: boolean;
  /** The log, if anybody reads it. */
  readonly log?: Log;
}

/** The outcome of an export pass. */
export interface ExportPassResult {
  /** The checkpoint after it. */
  readonly checkpoint: ExportCheckpoint;
  /** Whether nothing is left to do. If false, the next pass continues. */
  readonly isDone: boolean;
}

/** Opens a session on the device's checkpoint, which is a new one if the device has none yet. */
export async function openDeviceSession(
  deps: ExportPassDeps,
  deviceId: string,
): Promise<CheckpointSession> {
  const { kv, intervalMs, now } = deps;
  const entry = await getExportCheckpoint(kv, deviceId);
  const session = openCheckpointSession(deps, {
    deviceId,
    checkpoint: entry?.value ?? newCheckpoint(intervalMs),
    versionstamp: entry?.versionstamp ?? null,
  });
  const { plan } = session.checkpoint();
  const planned = planLength(plan, intervalMs, now());
  if (planned !== plan) session.update({ plan: [...planned] });
  return session;
}

/**
 * Exports whatever is due on a device.
 *
 * @throws {CheckpointMoved} if another process exports the device by now, AppError if the
 * destination fails, and what the source throws. Objects confirmed before are in the checkpoint.
 */
export async function exportDevice(
  deps: ExportPassDeps,
  session: CheckpointSession,
  { deviceId, ...limits }: { deviceId: string } & PassLimits,
): Promise<ExportPassResult> {
  const { kv, source, changes } = deps;
  const controls = await getExportControls(kv, deviceId);
  const erasures = waitingErasures(controls);
  for (const erasure of erasures) {
    if (await isWithdrawn(kv, erasure)) {
      await moveErasure(kv, deviceId, { jobId: erasure.jobId, to: null });
    } else if (!await eraseObjects(deps, session, { deviceId, erasure, ...limits })) {
      return { checkpoint: session.checkpoint(), isDone: false };
    }
  }
  if (controls.isPaused || deps.isErasingOnly) {
    return { checkpoint: session.checkpoint(), isDone: true };
  }
  if (controls.isRunAsked) {
    await changeExportControls(kv, deviceId, (now) => ({ ...now, isRunAsked: false }));
  }
  const position = await changes?.position(deviceId) ?? null;
  if (session.checkpoint().nextMs === null) {
    const isKnown = await findStart(deps, session, { deviceId, position, signal: limits.signal });
    if (!isKnown) return { checkpoint: session.checkpoint(), isDone: false };
  }
  if (erasures.length > 0 && await isUnknown(kv, session, deviceId)) {
    return { checkpoint: session.checkpoint(), isDone: true };
  }
  const due = await exportDue(deps, session, { deviceId, position, ...limits });
  const isExported = due.isDone &&
    await replay(deps, session, { deviceId, controls, ...limits });
  const { nextMs, fault } = session.checkpoint();
  if (isExported) {
    if (fault !== null) session.update({ fault: null });
    if (changes !== null && nextMs !== null) {
      const span = { fromMs: nextMs, toMs: nextMs + PENDING_MS };
      const pendingMs = due.beyondMs === undefined
        ? await firstReading(source, { deviceId, span, signal: limits.signal })
        : due.beyondMs;
      notePending(session, pendingMs);
    }
    if (position !== null && position.revision !== session.checkpoint().revision) {
      session.update({ revision: position.revision, seenVersion: position.version });
    }
  }
  await session.commit();
  const isDone = isExported && await compactDays(deps, session, { deviceId, ...limits }) &&
    await shareDays(deps, session, { deviceId, ...limits });
  await session.commit();
  return { checkpoint: session.checkpoint(), isDone };
}

/** Whether nothing of a device was ever exported or is to be. Only an erasure brought it here. */
async function isUnknown(
  kv: Pick<Deno.Kv, "get">,
  session: CheckpointSession,
  deviceId: string,
): Promise<boolean> {
  return session.checkpoint().nextMs === null && await getExportCheckpoint(kv, deviceId) === null;
}

function newCheckpoint(intervalMs: number): ExportCheckpoint {
  return {
    v: 1,
    plan: [...startPlan(intervalMs)],
    nextMs: null,
    pendingMs: null,
    revision: 0,
    seenVersion: "",
    compactedMs: null,
    compactingMs: null,
    sharedMs: null,
    sharingMs: null,
    totals: { objects: 0, rows: 0, sizeBytes: 0, rewrites: 0, deletions: 0 },
    last: null,
    fault: null,
  };
}

/**
 * Finds the first window of a device. From here on, changes say what else to export. False if the first
 * reading came after the position: without a version, it would seem to be of another source.
 */
async function findStart(
  deps: ExportPassDeps,
  session: CheckpointSession,
  { deviceId, position, signal }: {
    deviceId: string;
    position: ChangePosition | null;
    signal: AbortSignal;
  },
): Promise<boolean> {
  const span = { fromMs: 0, toMs: deps.now() + DAY_MS };
  const firstMs = await firstReading(deps.source, { deviceId, span, signal });
  if (firstMs === null) return true;
  if (position?.version === "") return false;
  planFirstDays(deps, session);
  const { plan, seenVersion } = session.checkpoint();
  session.update({
    nextMs: windowAt(plan, firstMs).fromMs,
    seenVersion: seenVersion === "" && position !== null ? position.version : seenVersion,
  });
  return true;
}

/** What came of the windows that are due. */
interface DueEnd {
  /** Whether all are done. */
  readonly isDone: boolean;
  /** The first reading after them; null if there is none, undefined if nobody looked. */
  readonly beyondMs?: number | null;
}

/** Exports the windows that have ended, and those before them that changed. */
async function exportDue(
  deps: ExportPassDeps,
  session: CheckpointSession,
  { deviceId, position, ...limits }: {
    deviceId: string;
    position: ChangePosition | null;
  } & PassLimits,
): Promise<DueEnd> {
  const { log = () => {} } = deps;
  const { nextMs, plan } = session.checkpoint();
  if (nextMs === null) return { isDone: true };
  const horizonMs = windowAt(plan, deps.now() - GRACE_MS).fromMs;
  const due = { fromMs: nextMs, toMs: Math.max(nextMs, horizonMs) };
  const changed = await lateSpans(deps, session.checkpoint(), { deviceId, position, nextMs });
  const { keptFromMs = 0 } = session.checkpoint();
  if (position !== null && changed.some(({ fromMs }) => fromMs < keptFromMs)) {
    const before = instantText(keptFromMs);
    log("warn", "late readings not exported", { deviceId, before });
  }
  const late = changed.map((span) => keptPart(session.checkpoint(), span));
  // The newest windows come first, so that years of late readings do not delay them.
  const spans = joinSpans([...late, due])
    .toSorted((a, b) => Number(b.toMs > nextMs) - Number(a.toMs > nextMs));
  let end: DueEnd = { isDone: true };
  for (const span of spans) {
    for (const batch of batchesOf(plan, span)) {
      const isLast = batch.toMs === due.toMs;
      const { doneMs, beyondMs } = await writeWindows(deps, session, {
        deviceId,
        span: batch,
        isForced: false,
        // The same read shows whether a window has begun that has not ended.
        lookToMs: isLast ? batch.toMs + PENDING_MS : batch.toMs,
        ...limits,
      });
      if (doneMs < batch.toMs || limits.isTimeUp()) return { isDone: false };
      if (isLast) end = { isDone: true, beyondMs };
    }
  }
  return end;
}

/** Where late readings may be: on the days that changed, or if unknown, in the last hours. */
async function lateSpans(
  { changes, lookbackMs, now }: ExportPassDeps,
  { plan, seenVersion, revision }: ExportCheckpoint,
  { deviceId, position, nextMs }: {
    deviceId: string;
    position: ChangePosition | null;
    nextMs: number;
  },
): Promise<Span[]> {
  if (changes === null || position === null) {
    // Counted back from the checkpoint, as readings may have come late before the service stopped
    // or while it was catching up.
    const fromMs = Math.max(0, Math.min(now(), nextMs) - lookbackMs);
    return fromMs < nextMs ? [{ fromMs: windowAt(plan, fromMs).fromMs, toMs: nextMs }] : [];
  }
  if (revision === position.revision) return [];
  const days = await changes.daysAfter(deviceId, seenVersion, position);
  return days.map((dayMs) => ({ fromMs: dayMs, toMs: Math.min(dayMs + DAY_MS, nextMs) }));
}

/** The part of a span whose readings have not expired. The objects of the rest stay as they are. */
function keptPart({ keptFromMs = 0 }: ExportCheckpoint, { fromMs, toMs }: Span): Span {
  return { fromMs: Math.min(Math.max(fromMs, keptFromMs), toMs), toMs };
}

/** Carries out the replay requests of a device, and removes those that are done. */
async function replay(
  deps: ExportPassDeps,
  session: CheckpointSession,
  { deviceId, controls, ...limits }: {
    deviceId: string;
    controls: ExportControls;
  } & PassLimits,
): Promise<boolean> {
  for (let now = controls;; now = await getExportControls(deps.kv, deviceId)) {
    const { replays: [request] } = now;
    if (request === undefined) return true;
    const { plan, nextMs } = session.checkpoint();
    const whole = wholeWindows(plan, request);
    const ended = { ...whole, toMs: Math.min(whole.toMs, nextMs ?? -Infinity) };
    const span = keptPart(session.checkpoint(), ended);
    let doneMs = whole.toMs;
    for (const batch of batchesOf(plan, span)) {
      ({ doneMs } = await writeWindows(deps, session, {
        deviceId,
        span: batch,
        isForced: true,
        ...limits,
      }));
      if (doneMs < batch.toMs || limits.isTimeUp()) break;
      doneMs = whole.toMs;
    }
    await session.commit();
    await changeExportControls(deps.kv, deviceId, (controls) => ({
      ...controls,
      replays: controls.replays.flatMap((one) => {
        if (one.fromMs !== request.fromMs || one.toMs !== request.toMs) return [one];
        return doneMs < request.toMs ? [{ ...request, fromMs: doneMs }] : [];
      }),
    }));
    if (doneMs < whole.toMs) return false;
  }
}

/** Records the first reading of a window that has not ended, so that its end is not missed. */
function notePending(session: CheckpointSession, pendingMs: number | null): void {
  if (pendingMs !== session.checkpoint().pendingMs) session.update({ pendingMs });
}

async function firstReading(
  source: TelemetrySource,
  { deviceId, span, signal }: { deviceId: string; span: Span; signal: AbortSignal },
): Promise<number | null> {
  for await (const { page } of source.read(deviceId, span, signal)) return page.timesMs[0];
  return null;
}
