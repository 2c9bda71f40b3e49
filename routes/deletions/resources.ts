/**
 * Deletions as resources over HTTP: many at once, what they would delete, their history, one of them,
 * and cancelling.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import {
  DELETE_MANY,
  deleteManyParams,
  deletionOf,
  isDeletionKind,
  scopeOf,
  storedParams,
  type Subject,
} from "../../jobs/deletions/deletion_contract.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { withdrawErasures } from "../../kv/continuous/controls.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { noteAuditDetails, noteAuditSubject } from "../access/audited.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { fieldErrors, parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { askerOf } from "../jobs/asker.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import { countWindows } from "./count_windows.ts";
import { deletionBodyOf, listDeletions, SUBJECT_NAMES } from "./deletion_body.ts";
import { type FindDeps, findWanted, type Found } from "./find_targets.ts";
import { countReadings } from "./count_readings.ts";
import { deletionListQuery, type DeletionPreview, deletionRequest } from "./resource_schemas.ts";
import { isVisibleDeletion } from "./visible_deletion.ts";

/** How many seconds a client should leave between two reads of the status. */
const RETRY_AFTER_SECONDS = 1;
/** How long the request to cancel a deletion waits for its end, milliseconds. */
const CANCEL_WAIT_MS = 1_000;
/** How many ids an entry of the audit trail names. */
const AUDITED_IDS = 100;

/** What the routes need. */
export interface DeletionResourceDeps extends FindDeps {
  /** The database. */
  readonly kv: FindDeps["kv"] & Pick<Deno.Kv, "atomic">;
  /** The readings. */
  readonly series: FindDeps["series"] & Pick<SeriesStore, "count">;
  /** The jobs. */
  readonly jobs: Pick<Jobs, "create" | "get" | "waitForEnd" | "list" | "cancel" | "remove">;
}

/** What a request asks for. */
interface Asked extends Found {
  readonly subject: Subject;
  readonly span: Span | null;
  readonly objects: boolean;
  /** A digest of the request. */
  readonly digest: string;
}

/** The routes under `/api/deletions`. */
export function deletionResourceRoutes(deps: DeletionResourceDeps): GuardedRoutes {
  const { jobs } = deps;
  return guardedRoutes()
    .get("/api/deletions", async (c) => {
      const query = deletionListQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const body = await listDeletions({ jobs, caller: c.get("caller") }, query.data);
      if (body.next !== null) c.header("link", `<${body.next}>; rel="next"`);
      c.header("cache-control", "no-store");
      return c.json(body);
    })
    .post("/api/deletions", async (c) => {
      const asked = await askedOf(c, deps);
      const { subject, ids, span, objects, digest } = asked;
      noteAuditDetails(c, {
        [SUBJECT_NAMES[subject]]: ids.slice(0, AUDITED_IDS),
        count: ids.length,
      });
      const slot = readIdempotencyKey(c.req.header("idempotency-key"));
      const params = { subject, ids, span, ...(objects ? { objects } : {}), asked: digest };
      const job = await jobs.create({
        kind: DELETE_MANY,
        params: storedParams({ kind: DELETE_MANY, params }),
        ...askerOf(c),
        slot,
        makesFile: false,
        isSame: (stored) => deleteManyParams.safeParse(stored).data?.asked === digest,
      });
      noteAuditSubject(c, "job", job.id);
      return await answerJob(c, deps, job);
    })
    .post("/api/deletions/preview", async (c) => {
      const { subject, ids, notFound, span, objects } = await askedOf(c, deps);
      const body: DeletionPreview = {
        subject: SUBJECT_NAMES[subject],
        ids: [...ids],
        not_found: [...notFound],
        readings: await countReadings(deps, { subject, ids, span }),
        windows: objects ? await countWindows(deps.kv, ids, span) : 0,
      };
      return c.json(body);
    })
    .get("/api/deletions/:deletion_id", async (c) => {
      // The path of previews is no deletion, so it answers 405.
      if (c.req.param("deletion_id") === "preview") return c.notFound();
      const job = await found(c, deps);
      const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
      const body = deletionBodyOf(waitedJob ?? job);
      nameApplied(c, { ...preferences, isAsync: false });
      if (!hasEnded(body)) c.header("retry-after", String(RETRY_AFTER_SECONDS));
      c.header("cache-control", "no-store");
      return c.json(body);
    })
    .delete("/api/deletions/:deletion_id", async (c) => {
      if (c.req.param("deletion_id") === "preview") return c.notFound();
      const job = await found(c, deps);
      if (await jobs.cancel(job.id)) {
        const limits = { timeoutMs: CANCEL_WAIT_MS, signal: c.req.raw.signal };
        const ended = await jobs.waitForEnd(job, limits) ?? job;
        await withdrawCancelled(deps, ended);
        const body = deletionBodyOf(ended);
        return c.json(body, hasEnded(body) ? 200 : 202);
      }
      // Its files are not deleted any more, also if the process died while it was cancelled.
      await withdrawCancelled(deps, job);
      await jobs.remove(job.id);
      return c.body(null, 204);
    });
}

/** A deletion that was cancelled between two runs has nobody else to withdraw its erasures. */
async function withdrawCancelled(
  { kv }: DeletionResourceDeps,
  { id, kind, params, state }: JobRecord,
): Promise<void> {
  if (state !== "cancelled" || !isDeletionKind(kind)) return;
  const { ids, objects } = scopeOf(deletionOf(kind, params));
  if (objects) await withdrawErasures(kv, { jobId: id, ids });
}

async function found(c: Context, { jobs }: DeletionResourceDeps): Promise<JobRecord> {
  const id = c.req.param("deletion_id") ?? "";
  const job = await jobs.get(id);
  if (job !== null && isVisibleDeletion(c.get("caller"), job)) return job;
  throw new AppError("JOB_NOT_FOUND", `Job with ID '${id}' not found`);
}

/** Answers with a new job, after the wait that the request prefers. */
async function answerJob(
  c: Context,
  { jobs }: DeletionResourceDeps,
  job: JobRecord,
): Promise<Response> {
  const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
  const body = deletionBodyOf(waitedJob ?? job);
  const isOver = hasEnded(body);
  nameApplied(c, { ...preferences, isAsync: preferences.isAsync && !isOver });
  c.header("location", `/api/deletions/${job.id}`);
  if (!isOver) c.header("retry-after", String(RETRY_AFTER_SECONDS));
  return c.json(body, isOver ? 200 : 202);
}

/** What the body of a request names. Throws everything that is wrong with it. */
async function askedOf(c: Context, deps: DeletionResourceDeps): Promise<Asked> {
  const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
  const request = deletionRequest.safeParse(body);
  if (!request.success) throw invalidRequest(fieldErrors(request.error, body));
  const { meters, devices, stores, from, to, objects = false } = request.data;
  const subject = meters !== undefined ? "meter" : devices !== undefined ? "device" : "store";
  const texts = meters ?? devices ?? stores ?? [];
  // The schema has read both before, so neither is null where it is given.
  const span = from === undefined || to === undefined
    ? null
    : { fromMs: rangeStartMs(from) ?? 0, toMs: rangeStopMs(to) ?? 0 };
  const named = await findWanted(deps, c.get("caller"), { subject, texts, objects });
  const digest = await digestOf({ subject, texts, span, objects });
  return { ...named, subject, span, objects, digest };
}

async function digestOf(request: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function hasEnded({ ended_at }: { ended_at: string | null }): boolean {
  return ended_at !== null;
}
