/**
 * One look at a device: its windows that are over and not exported yet, those that readings came
 * late for, and those that a user wants again.
 *
 * What may have changed is taken down before readings are read, so whatever comes after that is seen
 * by the next look, be it exported by this one or not.
 *
 * @module
 */

import { joinSpans, piecesOf, wholeWindows } from "../../data/continuous/spans.ts";
import { planLength, startPlan, windowAt } from "../../data/continuous/window.ts";
import { DAY_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import type { TelemetrySource } from "../../data/continuous/source.ts";
import { type ExportCheckpoint, getExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import { changeExportControls, getExportControls } from "../../kv/continuous/controls.ts";
import type { ChangedDevices, ChangePosition } from "./changed_devices.ts";
import { type CheckpointSession, openCheckpointSession } from "./checkpoint_session.ts";
import { type ExportTurn, type WindowWriterDeps, writePiece } from "./window_writer.ts";

/** How long after its end a window is taken for over: readings are on their way as long. */
export const GRACE_MS = 2_000;

/** What a look needs. */
export interface ExportPassDeps extends WindowWriterDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** What changed, of the own store; null where the source does not tell. */
  readonly feed: ChangedDevices | null;
  /** Length of a window from the next UTC day on, milliseconds. */
  readonly intervalMs: number;
  /** How far back late readings are looked for where there is no feed, milliseconds. */
  readonly lookbackMs: number;
}

/** What a look came to. */
export interface ExportPassResult {
  /** The checkpoint behind it. */
  readonly checkpoint: ExportCheckpoint;
  /** Whether all there was to do is done; what is left is for the next look. */
  readonly isDone: boolean;
}

/** The track of a device, from where its checkpoint stands or from the beginning. */
export async function openDeviceSession(
  deps: ExportPassDeps,
  deviceId: string,
): Promise<CheckpointSession> {
  const { kv, intervalMs, now } = deps;
  const entry = await getExportCheckpoint(kv, deviceId);
  const track = openCheckpointSession(kv, {
    deviceId,
    checkpoint: entry?.value ?? newCheckpoint(intervalMs),
    versionstamp: entry?.versionstamp ?? null,
  });
  const { plan } = track.value();
  const planned = planLength(plan, intervalMs, now());
  if (planned !== plan) track.stage({ plan: [...planned] });
  return track;
}

/**
 * Exports what is to be exported of a device.
 *
 * @throws {CheckpointMoved} where another process has the device by now, AppError where the
 * destination fails, and what the source throws. What was confirmed before is committed.
 */
export async function exportDevice(
  deps: ExportPassDeps,
  track: CheckpointSession,
  { deviceId, ...turn }: { deviceId: string } & ExportTurn,
): Promise<ExportPassResult> {
  const { kv, source, feed } = deps;
  const orders = await getExportControls(kv, deviceId);
  if (orders.isPaused) return { checkpoint: track.value(), isDone: true };
  if (orders.isRunAsked) {
    await changeExportControls(kv, deviceId, (now) => ({ ...now, isRunAsked: false }));
  }
  const mark = await feed?.mark(deviceId) ?? null;
  if (track.value().nextMs === null) {
    await begin(deps, track, { deviceId, mark, signal: turn.signal });
  }
  const isDone = await exportDue(deps, track, { deviceId, mark, ...turn }) &&
    await replay(deps, track, { deviceId, ...turn });
  const { nextMs, fault } = track.value();
  if (isDone) {
    if (fault !== null) track.stage({ fault: null });
    if (feed !== null && nextMs !== null) {
      await stagePending(source, track, { deviceId, nextMs, signal: turn.signal });
    }
    if (mark !== null && mark.revision !== track.value().revision) {
      track.stage({ revision: mark.revision, seenVersion: mark.version });
    }
  }
  await track.commit();
  return { checkpoint: track.value(), isDone };
}

function newCheckpoint(intervalMs: number): ExportCheckpoint {
  return {
    v: 1,
    plan: [...startPlan(intervalMs)],
    nextMs: null,
    pendingMs: null,
    revision: 0,
    seenVersion: "",
    totals: { objects: 0, rows: 0, sizeBytes: 0, rewrites: 0, deletions: 0 },
    last: null,
    fault: null,
  };
}

/** Finds the first window of a device; what changes from now on is a matter of the feed. */
async function begin(
  { source, now }: ExportPassDeps,
  track: CheckpointSession,
  { deviceId, mark, signal }: {
    deviceId: string;
    mark: ChangePosition | null;
    signal: AbortSignal;
  },
): Promise<void> {
  const span = { fromMs: 0, toMs: now() + DAY_MS };
  const firstMs = await firstReading(source, { deviceId, span, signal });
  if (firstMs === null) return;
  const { plan, seenVersion } = track.value();
  track.stage({
    nextMs: windowAt(plan, firstMs).fromMs,
    seenVersion: seenVersion === "" && mark !== null ? mark.version : seenVersion,
  });
}

/** Exports windows that are over, and those before them that changed. */
async function exportDue(
  deps: ExportPassDeps,
  track: CheckpointSession,
  { deviceId, mark, ...turn }: { deviceId: string; mark: ChangePosition | null } & ExportTurn,
): Promise<boolean> {
  const { nextMs, plan } = track.value();
  if (nextMs === null) return true;
  const horizonMs = windowAt(plan, deps.now() - GRACE_MS).fromMs;
  const due = { fromMs: nextMs, toMs: Math.max(nextMs, horizonMs) };
  const late = await lateSpans(deps, track.value(), { deviceId, mark, nextMs });
  // The stretch that ends now comes first, so that late readings of years do not hold it up.
  const spans = joinSpans([...late, due])
    .toSorted((a, b) => Number(b.toMs > nextMs) - Number(a.toMs > nextMs));
  for (const span of spans) {
    for (const piece of piecesOf(plan, span)) {
      const reachedMs = await writePiece(deps, track, {
        deviceId,
        span: piece,
        isForced: false,
        ...turn,
      });
      if (reachedMs < piece.toMs || turn.isOver()) return false;
    }
  }
  return true;
}

/** Where readings may have come late: what the feed says, or else the last hours. */
async function lateSpans(
  { feed, lookbackMs, now }: ExportPassDeps,
  { plan, seenVersion, revision }: ExportCheckpoint,
  { deviceId, mark, nextMs }: { deviceId: string; mark: ChangePosition | null; nextMs: number },
): Promise<Span[]> {
  if (feed === null || mark === null) {
    // From where the export stands: what came late before a stop, or while it was behind, counts too.
    const fromMs = Math.max(0, Math.min(now(), nextMs) - lookbackMs);
    return fromMs < nextMs ? [{ fromMs: windowAt(plan, fromMs).fromMs, toMs: nextMs }] : [];
  }
  if (revision === mark.revision) return [];
  const days = await feed.daysAfter(deviceId, seenVersion);
  return days.map((dayMs) => ({ fromMs: dayMs, toMs: Math.min(dayMs + DAY_MS, nextMs) }));
}

/** Writes the windows again that users asked for, and forgets the requests that are done. */
async function replay(
  deps: ExportPassDeps,
  track: CheckpointSession,
  { deviceId, ...turn }: { deviceId: string } & ExportTurn,
): Promise<boolean> {
  for (;;) {
    const { replays: [asked] } = await getExportControls(deps.kv, deviceId);
    if (asked === undefined) return true;
    const { plan, nextMs } = track.value();
    const whole = wholeWindows(plan, asked);
    const span = { ...whole, toMs: Math.min(whole.toMs, nextMs ?? -Infinity) };
    let doneMs = whole.toMs;
    for (const piece of piecesOf(plan, span)) {
      doneMs = await writePiece(deps, track, { deviceId, span: piece, isForced: true, ...turn });
      if (doneMs < piece.toMs || turn.isOver()) break;
      doneMs = whole.toMs;
    }
    await track.commit();
    await changeExportControls(deps.kv, deviceId, (orders) => ({
      ...orders,
      replays: orders.replays.flatMap((one) => {
        if (one.fromMs !== asked.fromMs || one.toMs !== asked.toMs) return [one];
        return doneMs < asked.toMs ? [{ ...asked, fromMs: doneMs }] : [];
      }),
    }));
    if (doneMs < whole.toMs) return false;
  }
}

/** Notes the first reading of a window that is not over, so that its end is not missed. */
async function stagePending(
  source: TelemetrySource,
  track: CheckpointSession,
  { deviceId, nextMs, signal }: { deviceId: string; nextMs: number; signal: AbortSignal },
): Promise<void> {
  const span = { fromMs: nextMs, toMs: nextMs + 2 * DAY_MS };
  const pendingMs = await firstReading(source, { deviceId, span, signal });
  if (pendingMs !== track.value().pendingMs) track.stage({ pendingMs });
}

async function firstReading(
  source: TelemetrySource,
  { deviceId, span, signal }: { deviceId: string; span: Span; signal: AbortSignal },
): Promise<number | null> {
  for await (const { page } of source.read(deviceId, span, signal)) return page.timesMs[0];
  return null;
}
