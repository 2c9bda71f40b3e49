/**
 * The routes of continuous export: its state per device, and its controls (pause, resume, run,
 * replay).
 *
 * @module
 */

import type { Context } from "hono";
import { windowAt } from "../../data/continuous/window.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { instantText } from "../../data/time/time_text.ts";
import {
  type ExportCheckpoint,
  getExportCheckpoint,
  listExportCheckpoints,
} from "../../kv/continuous/checkpoints.ts";
import {
  changeExportControls,
  type ExportControls,
  getExportControls,
} from "../../kv/continuous/controls.ts";
import { getRevision } from "../../kv/series/revisions.ts";
import { AppError } from "../../data/app_error.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import {
  type ContinuousExport,
  type ContinuousExportList,
  exportListQuery,
  type ExportState,
  replayRequest,
} from "./schemas.ts";
import { listVisible } from "../access/list_visible.ts";
import { deviceId } from "../openapi/device_id.ts";
import { noteAuditDetails } from "../access/audited.ts";
import { fieldErrors, parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";

/** Replays of a device that may be waiting at once. */
const REPLAYS_MAX = 100;

/** What the routes need. */
export interface ContinuousExportDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** The profiles. */
  readonly profiles: Pick<Profiles, "ofDevices">;
  /** Which devices are exported, and from where. */
  readonly continuous: {
    readonly isOn: boolean;
    readonly isSharing: boolean;
    readonly deviceIds: readonly string[];
    readonly influx: unknown;
  };
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The routes under `/api/continuous-exports`. */
export function continuousExportRoutes(deps: ContinuousExportDeps): GuardedRoutes {
  const path = "/api/continuous-exports";
  const one = `${path}/:device_id` as const;
  return guardedRoutes()
    .get(path, (c) => listAnswer(c, deps))
    .get(one, async (c) => {
      const { id, checkpoint } = await exportOf(c, deps);
      return c.json(
        await bodyOf(deps, { id, checkpoint, controls: await getExportControls(deps.kv, id) }),
      );
    })
    .post(`${one}/pause`, (c) => control(c, deps, (controls) => ({ ...controls, isPaused: true })))
    .post(
      `${one}/resume`,
      (c) => control(c, deps, (controls) => ({ ...controls, isPaused: false })),
    )
    .post(`${one}/run`, (c) => control(c, deps, (controls) => ({ ...controls, isRunAsked: true })))
    .post(`${one}/replay`, async (c) => {
      const replay = await replayOf(c);
      const { fromMs, toMs } = replay;
      noteAuditDetails(c, { from: instantText(fromMs), to: instantText(toMs) });
      return await control(c, deps, (controls) => {
        const isKnown = controls.replays.some(({ fromMs, toMs }) =>
          fromMs === replay.fromMs && toMs === replay.toMs
        );
        if (isKnown) return controls;
        if (controls.replays.length === REPLAYS_MAX) throw tooManyReplays();
        return { ...controls, replays: [...controls.replays, replay] };
      });
    });
}

async function listAnswer(c: Context, deps: ContinuousExportDeps): Promise<Response> {
  const query = exportListQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, cursor = "" } = query.data;
  const found = await listVisible(
    c.get("caller"),
    { kind: "device", list: (page) => listExportCheckpoints(deps.kv, page) },
    { afterId: cursor, limit: limit + 1 },
  );
  const shown = found.slice(0, limit);
  const isMore = found.length > limit;
  const next = isMore
    ? `/api/continuous-exports?limit=${limit}&cursor=${encodeURIComponent(shown[limit - 1].id)}`
    : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  const exports = await Promise.all(
    shown.map(async ({ id, checkpoint }) =>
      await bodyOf(deps, { id, checkpoint, controls: await getExportControls(deps.kv, id) })
    ),
  );
  return c.json({ exports, next } satisfies ContinuousExportList);
}

/** Changes the controls of an export. Answers with the export as it is then. */
async function control(
  c: Context,
  deps: ContinuousExportDeps,
  change: (controls: ExportControls) => ExportControls,
): Promise<Response> {
  const { id, checkpoint } = await exportOf(c, deps);
  const controls = await changeExportControls(deps.kv, id, change);
  return c.json(await bodyOf(deps, { id, checkpoint, controls }), 202);
}

async function exportOf(
  c: Context,
  { kv }: ContinuousExportDeps,
): Promise<{ id: string; checkpoint: ExportCheckpoint }> {
  const id = deviceId(c.req.param("device_id") ?? "");
  const isVisible = c.get("caller").mayTouch("device", id);
  const entry = isVisible ? await getExportCheckpoint(kv, id) : null;
  if (entry !== null) return { id, checkpoint: entry.value };
  throw new AppError("CONTINUOUS_EXPORT_NOT_FOUND", `Device ${id} is not exported continuously`);
}

async function replayOf(c: Context): Promise<{ fromMs: number; toMs: number }> {
  const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
  const request = replayRequest.safeParse(body);
  if (!request.success) throw invalidRequest(fieldErrors(request.error, body));
  // The schema has parsed both before, so neither is null.
  const fromMs = rangeStartMs(request.data.from) ?? 0;
  const toMs = rangeStopMs(request.data.to) ?? 0;
  const errors = [];
  if (fromMs < 0) {
    const detail = "from must not be before 1970-01-01T00:00:00Z";
    errors.push({ pointer: "/from", detail, value: request.data.from });
  }
  if (toMs <= fromMs) {
    errors.push({ pointer: "/to", detail: "to must be after from", value: request.data.to });
  }
  if (errors.length > 0) throw invalidRequest(errors);
  return { fromMs, toMs };
}

function tooManyReplays(): AppError {
  const detail = `a device may have at most ${REPLAYS_MAX} replays waiting`;
  return invalidRequest([{ pointer: "", detail }]);
}

/** The end of the days that have all readings in one object; null if there is none. */
function tidyUntil(
  { nextMs, compactedMs, sharedMs, sharingMs }: ExportCheckpoint,
  { isSharing }: ContinuousExportDeps["continuous"],
): number | null {
  if (nextMs === null || compactedMs === null) return null;
  const untilMs = Math.min(compactedMs, nextMs);
  // Days between these two may be in the device's own object and in that of the profile.
  const isWaiting = sharingMs !== null && sharingMs > (sharedMs ?? 0);
  if (!isSharing && !isWaiting) return untilMs;
  return sharedMs === null ? null : Math.min(sharedMs, untilMs);
}

async function bodyOf(
  { kv, profiles, now, continuous }: ContinuousExportDeps,
  { id, checkpoint, controls }: {
    id: string;
    checkpoint: ExportCheckpoint;
    controls: ExportControls;
  },
): Promise<ContinuousExport> {
  const { plan, nextMs, totals, last, fault } = checkpoint;
  const tidyMs = tidyUntil(checkpoint, continuous);
  const isEmbedded = continuous.influx === null;
  const revision = isEmbedded ? await revisionOf({ kv, profiles }, id) : 0;
  const lagMs = lagOf(checkpoint, { revision, isEmbedded, nowMs: now() });
  const today = windowAt(plan, now());
  return {
    device_id: id,
    state: stateOf(checkpoint, { continuous, id, isPaused: controls.isPaused, lagMs }),
    checkpoint: nextMs === null ? null : instantText(nextMs),
    compacted_until: tidyMs === null ? null : instantText(tidyMs),
    window_seconds: (today.toMs - today.fromMs) / 1_000,
    lag_seconds: lagMs / 1_000,
    exported_revision: checkpoint.revision,
    revision,
    last_object: last === null ? null : {
      key: last.key,
      window_start: instantText(last.fromMs),
      window_end: instantText(last.toMs),
      rows: last.rows,
      size_bytes: last.sizeBytes,
      sha256: last.sha256,
      revision: last.revision,
      written_at: instantText(last.writtenMs),
    },
    last_error: fault === null ? null : {
      message: fault.message,
      since: instantText(fault.sinceMs),
      at: instantText(fault.atMs),
      attempts: fault.count,
    },
    totals: {
      objects: totals.objects,
      rows: totals.rows,
      size_bytes: totals.sizeBytes,
      rewrites: totals.rewrites,
      deletions: totals.deletions,
    },
    replays: controls.replays.map(({ fromMs, toMs }) => ({
      from: instantText(fromMs),
      to: instantText(toMs),
    })),
  };
}

/** The revision of a device over all profiles, as the export counts it. */
async function revisionOf(
  { kv, profiles }: Pick<ContinuousExportDeps, "kv" | "profiles">,
  id: string,
): Promise<number> {
  const revisions = profiles.ofDevices().map(({ name: profile }) =>
    getRevision(kv, { profile, id })
  );
  return (await Promise.all(revisions)).reduce((sum, one) => sum + one, 0);
}

/** How far an export is behind, milliseconds. Costs reads. */
export async function exportLagMs(
  { kv, profiles, now, continuous }: ContinuousExportDeps,
  id: string,
  checkpoint: ExportCheckpoint,
): Promise<number> {
  const isEmbedded = continuous.influx === null;
  const revision = isEmbedded ? await revisionOf({ kv, profiles }, id) : 0;
  return lagOf(checkpoint, { revision, isEmbedded, nowMs: now() });
}

/** How far an export is behind at most, milliseconds: as far as its checkpoint alone says. */
export function mayLagMs(checkpoint: ExportCheckpoint, nowMs: number): number {
  return lagOf(checkpoint, { revision: 0, isEmbedded: false, nowMs });
}

/** How long ago the oldest window ended that has ended and is not exported, milliseconds. */
function lagOf(
  { plan, nextMs, pendingMs, revision: exported }: ExportCheckpoint,
  { revision, isEmbedded, nowMs }: { revision: number; isEmbedded: boolean; nowMs: number },
): number {
  if (nextMs === null) return 0;
  const isUnchanged = isEmbedded && revision === exported;
  if (isUnchanged && pendingMs === null) return 0;
  const firstMs = isUnchanged && pendingMs !== null ? Math.max(nextMs, pendingMs) : nextMs;
  return Math.max(0, nowMs - windowAt(plan, firstMs).toMs);
}

function stateOf(
  { nextMs, fault }: ExportCheckpoint,
  { continuous, id, isPaused, lagMs }: {
    continuous: ContinuousExportDeps["continuous"];
    id: string;
    isPaused: boolean;
    lagMs: number;
  },
): ExportState {
  const isIncluded = continuous.deviceIds.length === 0 || continuous.deviceIds.includes(id);
  if (!continuous.isOn || !isIncluded) return "off";
  if (isPaused) return "paused";
  if (fault !== null) return "failing";
  if (nextMs === null) return "waiting";
  return lagMs > 0 ? "catching_up" : "up_to_date";
}
