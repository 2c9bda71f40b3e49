/**
 * Deletions over HTTP: readings of a span, devices and stores, and the status of the jobs that delete
 * them.
 *
 * @module
 */

import type { Context } from "hono";
import { z } from "zod";
import type { Caller } from "../../data/access/caller.ts";
import { AppError } from "../../data/app_error.ts";
import type { AuditDetails } from "../../data/audit/event.ts";
import { isStoreId, METER_ID_PATTERN, METER_ID_RULE, STORE_ID_RULE } from "../../data/limits.ts";
import { quoted } from "../../data/quoted.ts";
import type { Span } from "../../data/readings/page.ts";
import { restorePlus } from "../../data/time/query_plus.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { instantText } from "../../data/time/time_text.ts";
import {
  DELETE_DEVICE,
  DELETE_METER,
  DELETE_READINGS,
  DELETE_STORE,
  type Deletion,
  deletionResult,
  isDeletionKind,
  storedParams,
} from "../../jobs/deletions/deletion_contract.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { getExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import { getDevice } from "../../kv/devices/devices.ts";
import { getMeter, PLAIN_METER } from "../../kv/meters/meters.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { getStore, type StoreInfoDeps } from "../../kv/stores/info.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { visibleDevice } from "../devices/visible_device.ts";
import { noteAuditDetails } from "../access/audited.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { askerOf } from "../jobs/asker.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import { deviceId } from "../openapi/device_id.ts";
import { deviceQuery, deviceSpanQuery, type JobStatusBody, spanQuery } from "./schemas.ts";
import { isVisibleDeletion } from "./visible_deletion.ts";

/** How many seconds a client should leave between two reads of the status. */
const RETRY_AFTER_SECONDS = 1;

/** What the routes need. */
export interface DeletionDeps {
  /** The database. */
  readonly kv: StoreInfoDeps["kv"];
  /** The readings. */
  readonly series: StoreInfoDeps["series"] & Pick<SeriesStore, "describe">;
  /** The jobs. */
  readonly jobs: Pick<Jobs, "create" | "get" | "waitForEnd">;
}

/** Whether objects are deleted too, as parameters store it: absent where not. */
type Objects = { readonly objects?: true };

/** The routes that delete, and `/api/jobs`. */
export function deletionRoutes(deps: DeletionDeps): GuardedRoutes {
  const { kv, jobs } = deps;
  // What the caller may not touch is as unknown to each of these as what does not exist.
  return guardedRoutes()
    .delete("/devices/:device_id/readings", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      const { objects, ...span } = deviceSpanOf(c);
      const { profile } = await deviceOf(kv, c.get("caller"), id);
      return await answerDeletion(c, deps, {
        kind: DELETE_READINGS,
        params: { subject: "device", profile, id, ...span, ...objects },
      });
    })
    .delete("/api/meters/:id/readings", async (c) => {
      const id = meterId(c);
      const span = spanOf(c);
      const { ref, hasReadings } = await meterOf(deps, c.get("caller"), id);
      if (!hasReadings) throw unknownMeter(id);
      return await answerDeletion(c, deps, {
        kind: DELETE_READINGS,
        params: { subject: "meter", ...ref, ...span },
      });
    })
    .delete("/api/meters/:id", async (c) => {
      const id = meterId(c);
      requireNoQuery(c);
      const { ref, hasReadings, isSetUp } = await meterOf(deps, c.get("caller"), id);
      if (!hasReadings && !isSetUp) throw unknownMeter(id);
      return await answerDeletion(c, deps, {
        kind: DELETE_METER,
        params: { subject: "meter", ...ref },
      });
    })
    .delete("/stores/:store_id/polls", async (c) => {
      const id = storeId(c);
      const span = spanOf(c);
      await requireStore(deps, c.get("caller"), id);
      return await answerDeletion(c, deps, {
        kind: DELETE_READINGS,
        params: { subject: "store", profile: "site", id, ...span },
      });
    })
    .delete("/devices/:device_id", async (c) => {
      const id = deviceId(c.req.param("device_id"));
      const objects = objectsOf(c);
      const device = await deviceOf(kv, c.get("caller"), id, objects.objects);
      const { profile, createdMs } = device;
      return await answerDeletion(c, deps, {
        kind: DELETE_DEVICE,
        params: { subject: "device", id, profile, createdMs, ...objects },
      });
    })
    .delete("/stores/:store_id", async (c) => {
      const id = storeId(c);
      requireNoQuery(c);
      await requireStore(deps, c.get("caller"), id);
      return await answerDeletion(c, deps, {
        kind: DELETE_STORE,
        params: { subject: "store", id },
      });
    })
    .get("/api/jobs/:job_id", async (c) => {
      const job = await jobs.get(c.req.param("job_id"));
      if (job === null || !isVisibleDeletion(c.get("caller"), job)) {
        throw new AppError("JOB_NOT_FOUND", "Job not found");
      }
      const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
      const status = statusOf(waitedJob ?? job);
      nameApplied(c, { ...preferences, isAsync: false });
      if (status.status === "pending") c.header("retry-after", String(RETRY_AFTER_SECONDS));
      c.header("cache-control", "no-store");
      return c.json(status);
    });
}

/** Creates the job of a deletion, and answers after the wait that the request prefers. */
async function answerDeletion(
  c: Context,
  { jobs }: DeletionDeps,
  deletion: Deletion,
): Promise<Response> {
  const slot = readIdempotencyKey(c.req.header("idempotency-key"));
  const { kind } = deletion;
  const params = storedParams(deletion);
  const job = await jobs.create({ kind, params, ...askerOf(c), slot, makesFile: false });
  noteAuditDetails(c, { job_id: job.id, ...spanDetails(deletion.params) });
  const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
  const status = statusOf(waitedJob ?? job);
  const isPending = status.status === "pending";
  nameApplied(c, { ...preferences, isAsync: preferences.isAsync && isPending });
  c.header("location", `/api/jobs/${job.id}`);
  if (isPending) c.header("retry-after", String(RETRY_AFTER_SECONDS));
  return c.json(status, isPending ? 202 : 200);
}

function spanDetails(params: Deletion["params"]): AuditDetails {
  if (!("fromMs" in params)) return {};
  return { from: instantText(params.fromMs), to: instantText(params.toMs) };
}

function statusOf(job: JobRecord): JobStatusBody {
  const { id, kind, createdMs, updatedMs, progress, error } = job;
  if (!isDeletionKind(kind)) throw new TypeError(`Cannot show a job that is no deletion: ${kind}`);
  const common = {
    job_id: id,
    kind,
    created_at: instantText(createdMs),
    updated_at: instantText(updatedMs),
    percent: progress.percent,
    deleted_readings: progress.done,
    error: null,
  };
  switch (job.state) {
    case "completed": {
      const { readingCount } = deletionResult.parse(job.result);
      const done = { percent: 100, deleted_readings: readingCount };
      return { ...common, ...done, status: "completed", message: "Deletion completed" };
    }
    case "failed":
      return { ...common, status: "failed", message: "Deletion failed", error };
    case "cancelled":
      return { ...common, status: "failed", message: "Deletion cancelled" };
    default:
      return { ...common, status: "pending", message: "Deletion is being processed" };
  }
}

/** A device. With `objects` also one that was deleted, but has been exported continuously. */
async function deviceOf(
  kv: DeletionDeps["kv"],
  caller: Caller,
  id: string,
  objects = false,
): Promise<{ profile: string; createdMs: number | null }> {
  const isGone = objects && caller.mayTouch("device", id) && await getDevice(kv, id) === null;
  if (isGone && await getExportCheckpoint(kv, id) !== null) return { profile: "", createdMs: null };
  return (await visibleDevice(kv, caller, id)).value;
}

/** A meter as it is now: its series, whether it has readings, and whether it was set up. */
async function meterOf(
  { kv, series }: DeletionDeps,
  caller: Caller,
  id: string,
): Promise<{ ref: SeriesRef; hasReadings: boolean; isSetUp: boolean }> {
  if (!caller.mayTouch("meter", id)) throw unknownMeter(id);
  const entry = await getMeter(kv, id);
  const { profile } = entry?.value ?? PLAIN_METER;
  const ref = { profile, id };
  return { ref, hasReadings: await series.describe(ref) !== null, isSetUp: entry !== null };
}

function unknownMeter(id: string): AppError {
  return new AppError("SMART_METER_NOT_FOUND", `Smart meter with ID '${id}' not found`);
}

async function requireStore(deps: DeletionDeps, caller: Caller, id: string): Promise<void> {
  const store = caller.mayTouch("store", id) ? await getStore(deps, id) : null;
  if (store === null) throw new AppError("STORE_NOT_FOUND", "Store not found");
}

function meterId(c: Context): string {
  const id = c.req.param("id") ?? "";
  if (METER_ID_PATTERN.test(id)) return id;
  throw invalidId("id", `The meter's id`, METER_ID_RULE, id);
}

function storeId(c: Context): string {
  const id = c.req.param("store_id") ?? "";
  if (isStoreId(id)) return id;
  throw invalidId("store_id", "store_id", STORE_ID_RULE, id);
}

function invalidId(name: string, label: string, rule: string, id: string): AppError {
  return invalidRequest([{
    pointer: `#${name}`,
    detail: `${label} must be ${rule}`,
    value: id.slice(0, 100),
  }]);
}

/** The span of the query. Throws everything that is wrong with it. */
function spanOf(c: Context): Span {
  const query = spanQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  return toSpan(query.data);
}

/** The span of the query, and whether objects are deleted too. */
function deviceSpanOf(c: Context): Span & { objects: Objects } {
  const query = deviceSpanQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  return { ...toSpan(query.data), objects: query.data.objects === "true" ? { objects: true } : {} };
}

function objectsOf(c: Context): Objects {
  const query = deviceQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  return query.data.objects === "true" ? { objects: true } : {};
}

function toSpan({ from, to }: { from: string; to: string }): Span {
  // The schema has read both before, so neither is null.
  const fromMs = rangeStartMs(restorePlus(from)) ?? 0, toMs = rangeStopMs(restorePlus(to)) ?? 0;
  if (toMs > fromMs) return { fromMs, toMs };
  throw invalidRequest([{ pointer: "#to", detail: "to must be after from", value: quoted(to) }]);
}

function requireNoQuery(c: Context): void {
  const result = z.strictObject({}).safeParse(c.req.query());
  if (!result.success) throw invalidRequest(parameterErrors(result.error, c.req.query()));
}
