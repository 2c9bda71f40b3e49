/**
 * Continuous export over HTTP: how far it is, and what is asked of it.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { windowAt } from "../../data/continuous/window.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import { DEVICE_PROFILES } from "../../data/readings/profile.ts";
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
import { exportListQuery, type ExportState, replayRequest } from "./schemas.ts";
import { deviceId } from "../openapi/device_id.ts";
import { fieldErrors, parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";

/** Most spans of a device that wait to be written again. */
const REPLAYS_MAX = 100;

/** What the routes need. */
export interface ContinuousExportDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** How telemetry is exported; the routes look at what is, and what is on. */
  readonly continuous: {
    readonly isOn: boolean;
    readonly deviceIds: readonly string[];
    readonly influx: unknown;
  };
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The routes under `/api/continuous-exports`. */
export function continuousExportRoutes(deps: ContinuousExportDeps): Hono {
  const path = "/api/continuous-exports";
  const one = `${path}/:device_id` as const;
  return new Hono()
    .get(path, (c) => listAnswer(c, deps))
    .get(one, async (c) => {
      const { id, checkpoint } = await exportOf(c, deps);
      return c.json(
        await bodyOf(deps, { id, checkpoint, orders: await getExportControls(deps.kv, id) }),
      );
    })
    .post(`${one}/pause`, (c) => ordered(c, deps, (orders) => ({ ...orders, isPaused: true })))
    .post(`${one}/resume`, (c) => ordered(c, deps, (orders) => ({ ...orders, isPaused: false })))
    .post(`${one}/run`, (c) => ordered(c, deps, (orders) => ({ ...orders, isRunAsked: true })))
    .post(`${one}/replay`, async (c) => {
      const replay = await replayOf(c);
      return await ordered(c, deps, (orders) => {
        const isKnown = orders.replays.some(({ fromMs, toMs }) =>
          fromMs === replay.fromMs && toMs === replay.toMs
        );
        if (isKnown) return orders;
        if (orders.replays.length === REPLAYS_MAX) throw tooManyReplays();
        return { ...orders, replays: [...orders.replays, replay] };
      });
    });
}

async function listAnswer(c: Context, deps: ContinuousExportDeps): Promise<Response> {
  const query = exportListQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, cursor = "" } = query.data;
  const found = await listExportCheckpoints(deps.kv, { afterId: cursor, limit: limit + 1 });
  const shown = found.slice(0, limit);
  const isMore = found.length > limit;
  const next = isMore
    ? `/api/continuous-exports?limit=${limit}&cursor=${shown[limit - 1].id}`
    : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  const exports = await Promise.all(
    shown.map(async ({ id, checkpoint }) =>
      await bodyOf(deps, { id, checkpoint, orders: await getExportControls(deps.kv, id) })
    ),
  );
  return c.json({ exports, next });
}

/** Changes what is asked of an export; answers with how it is then. */
async function ordered(
  c: Context,
  deps: ContinuousExportDeps,
  change: (orders: ExportControls) => ExportControls,
): Promise<Response> {
  const { id, checkpoint } = await exportOf(c, deps);
  const orders = await changeExportControls(deps.kv, id, change);
  return c.json(await bodyOf(deps, { id, checkpoint, orders }), 202);
}

async function exportOf(
  c: Context,
  { kv }: ContinuousExportDeps,
): Promise<{ id: string; checkpoint: ExportCheckpoint }> {
  const id = deviceId(c.req.param("device_id") ?? "");
  const entry = await getExportCheckpoint(kv, id);
  if (entry !== null) return { id, checkpoint: entry.value };
  throw new AppError("CONTINUOUS_EXPORT_NOT_FOUND", `Device ${id} is not exported continuously`);
}

async function replayOf(c: Context): Promise<{ fromMs: number; toMs: number }> {
  const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
  const request = replayRequest.safeParse(body);
  if (!request.success) throw invalidRequest(fieldErrors(request.error, body));
  // The schema has tried both.
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
  const detail = `at most ${REPLAYS_MAX} spans of a device may wait to be written again`;
  return invalidRequest([{ pointer: "", detail }]);
}

async function bodyOf(
  { kv, now, continuous }: ContinuousExportDeps,
  { id, checkpoint, orders }: { id: string; checkpoint: ExportCheckpoint; orders: ExportControls },
): Promise<Record<string, unknown>> {
  const { plan, nextMs, totals, last, fault } = checkpoint;
  const isEmbedded = continuous.influx === null;
  const revision = isEmbedded ? await revisionOf(kv, id) : 0;
  const lagMs = lagOf(checkpoint, { revision, isEmbedded, nowMs: now() });
  const today = windowAt(plan, now());
  return {
    device_id: id,
    state: stateOf(checkpoint, { continuous, id, isPaused: orders.isPaused, lagMs }),
    checkpoint: nextMs === null ? null : instantText(nextMs),
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
    replays: orders.replays.map(({ fromMs, toMs }) => ({
      from: instantText(fromMs),
      to: instantText(toMs),
    })),
  };
}

/** The revision of all that a device measures, as the export counts it. */
async function revisionOf(kv: Pick<Deno.Kv, "get">, id: string): Promise<number> {
  const revisions = DEVICE_PROFILES.map((profile) => getRevision(kv, { profile, id }));
  return (await Promise.all(revisions)).reduce((sum, one) => sum + one, 0);
}

/** How long ago the first window ended that is over and not exported, milliseconds. */
function lagOf(
  { plan, nextMs, pendingMs, revision: exported }: ExportCheckpoint,
  { revision, isEmbedded, nowMs }: { revision: number; isEmbedded: boolean; nowMs: number },
): number {
  if (nextMs === null) return 0;
  const isQuiet = isEmbedded && revision === exported;
  if (isQuiet && pendingMs === null) return 0;
  const firstMs = isQuiet && pendingMs !== null ? Math.max(nextMs, pendingMs) : nextMs;
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
  const isMeant = continuous.deviceIds.length === 0 || continuous.deviceIds.includes(id);
  if (!continuous.isOn || !isMeant) return "off";
  if (isPaused) return "paused";
  if (fault !== null) return "failing";
  if (nextMs === null) return "waiting";
  return lagMs > 0 ? "catching_up" : "up_to_date";
}
