/**
 * Creating an export from a body, and the answer to it.
 *
 * @module
 */

import type { Context } from "hono";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { EXPORT, exportParamsOf } from "../../jobs/exports/export_contract.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import { parseExportRequest } from "./parse_request.ts";
import type { ExportAccepted } from "./schemas.ts";
import { createFindProfile } from "./sources.ts";
import { exportStatus } from "./status.ts";

/** How many seconds a client should wait before it reads the status again. */
export const RETRY_AFTER_SECONDS = 1;
/** The owner of every job, until there are accounts. */
export const ANYONE = "anyone";
/** How many sources without readings the warnings name. */
const WARNINGS_MAX = 10;

/** What creation needs. */
export interface CreateDeps {
  /** The jobs. */
  readonly jobs: Pick<Jobs, "create" | "waitForEnd">;
  /** The database, for the profiles of devices. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** The profiles. */
  readonly profiles: Pick<Profiles, "get">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Creates the export that a body asks for. */
export async function createExport(
  c: Context,
  deps: CreateDeps,
  { body, statusPath }: { body: unknown; statusPath: string },
): Promise<Response> {
  const findProfile = createFindProfile(deps);
  const { spec } = await parseExportRequest(body, { nowMs: deps.now(), findProfile });
  const slot = readIdempotencyKey(c.req.header("idempotency-key"));
  const warnings = await warningsOf(deps.series, spec);
  const params = exportParamsOf(spec);
  const job = await deps.jobs.create({ kind: EXPORT, params, owner: ANYONE, slot });
  return await answerCreated(c, deps, { job, warnings, statusPath });
}

/** Reasons why an export may fail. The job decides: readings may arrive before it runs. */
export async function warningsOf(
  series: CreateDeps["series"],
  { profile, sourceKind, ids }: Pick<ExportSpec, "profile" | "sourceKind" | "ids">,
): Promise<string[]> {
  const warnings: string[] = [];
  for (const id of ids) {
    if (await series.describe({ profile, id }) !== null) continue;
    const who = sourceKind === "meter" ? "Smart meter" : "Device";
    if (warnings.length === WARNINGS_MAX) return [...warnings, "More sources have no readings"];
    warnings.push(`${who} '${id}' has no readings`);
  }
  return warnings;
}

/** Answers a request that created a job, after the wait that it prefers. */
export async function answerCreated(
  c: Context,
  { jobs, now }: CreateDeps,
  { job, warnings, statusPath }: { job: JobRecord; warnings: string[]; statusPath: string },
): Promise<Response> {
  const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
  const isWaited = preferences.waitSeconds !== null;
  const { job_id, status, message, ...rest }: ExportAccepted = isWaited
    ? exportStatus(waitedJob ?? job, now())
    : { job_id: job.id, status: "pending", message: "Export job created successfully" };
  const isAsync = preferences.isAsync && status === "pending";
  c.header("location", statusPath + job.id);
  nameApplied(c, { ...preferences, isAsync });
  if (isAsync || (isWaited && status === "pending")) {
    c.header("retry-after", String(RETRY_AFTER_SECONDS));
  }
  const answer: ExportAccepted = {
    job_id,
    status,
    message,
    ...(warnings.length === 0 ? {} : { warnings }),
    ...rest,
  };
  return c.json(answer, isAsync ? 202 : 200);
}
