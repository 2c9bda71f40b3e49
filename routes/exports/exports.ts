/**
 * Exports over HTTP: create one, read its status, download its file.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { AppError } from "../../data/app_error.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { EXPORT, EXPORT_KINDS, exportParamsOf } from "../../jobs/exports/export_contract.ts";
import type { ExportPreviewer } from "../../jobs/exports/preview_contract.ts";
import { METER_EXPORT } from "../../jobs/exports/meter_export_contract.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { fileResponse } from "../http/file_response.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { readJson } from "../http/json_body.ts";
import { currentState } from "../jobs/job_state.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import { exportBodyOf } from "./export_body.ts";
import { isFirstContract, parseFirstContract } from "./first_contract.ts";
import { parseExportRequest } from "./parse_request.ts";
import { bodyOfQuery, previewBody } from "./preview.ts";
import type { ExportAccepted } from "./schemas.ts";
import { createFindProfile } from "./sources.ts";
import { exportStatus, notFoundStatus } from "./status.ts";

/** The largest body that creates an export, bytes: 1,000 ids and the rest. */
const EXPORT_BODY_MAX_BYTES = 65_536;
/** How many sources without readings the warnings name. */
const WARNINGS_MAX = 10;
/** How many seconds a client should wait before it reads the status again. */
const RETRY_AFTER_SECONDS = 1;
/** The owner of every job, until there are accounts. */
const ANYONE = "anyone";

/** What the routes need. */
export interface ExportDeps {
  /** The jobs. */
  readonly jobs: Pick<Jobs, "create" | "get" | "waitForEnd">;
  /** The database, for the profiles of devices. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** The profiles. */
  readonly profiles: Pick<Profiles, "get">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe">;
  /** The files. */
  readonly files: Pick<FileStore, "read">;
  /** Previews exports. */
  readonly previewer: ExportPreviewer;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The routes under `/api/export`. */
export function exportRoutes(deps: ExportDeps): Hono {
  const { jobs, files, now } = deps;
  return new Hono()
    .post("/api/export/csv", async (c) => {
      const body = await readJson(c.req.raw, EXPORT_BODY_MAX_BYTES);
      const statusPath = "/api/export/status/";
      if (!isFirstContract(body)) return await createExport(c, deps, { body, statusPath });
      const { meterId, fromMs, toMs, format } = parseFirstContract(body, now());
      const slot = readIdempotencyKey(c.req.header("idempotency-key"));
      const source = { profile: "meter", sourceKind: "meter", ids: [meterId] } as const;
      const warnings = await warningsOf(deps.series, source);
      const params = { meterId, fromMs, toMs, format };
      const job = await jobs.create({ kind: METER_EXPORT, params, owner: ANYONE, slot });
      return await answerCreated(c, deps, { job, warnings, statusPath });
    })
    .post("/api/exports", async (c) => {
      const body = await readJson(c.req.raw, EXPORT_BODY_MAX_BYTES);
      return await createExport(c, deps, { body, statusPath: "/api/exports/" });
    })
    .get("/api/exports/preview", async (c) => {
      return await answerPreview(c, deps, bodyOfQuery(c.req.query()));
    })
    .post("/api/exports/preview", async (c) => {
      return await answerPreview(c, deps, await readJson(c.req.raw, EXPORT_BODY_MAX_BYTES));
    })
    .get("/api/exports/:export_id", async (c) => {
      const job = await exportJob(jobs, c.req.param("export_id"));
      if (job === null) throw jobNotFound(c.req.param("export_id"));
      c.header("cache-control", "no-store");
      return c.json(exportBodyOf(job, now()));
    })
    .get("/api/export/status/:job_id", async (c) => {
      const id = c.req.param("job_id");
      let job = await exportJob(jobs, id);
      if (job !== null) {
        const waited = await waitAsPreferred(c, jobs, job);
        nameApplied(c, { ...waited.preferences, isAsync: false });
        job = waited.job;
      }
      const status = job === null ? notFoundStatus(id) : exportStatus(job, now());
      if (status.status === "pending") c.header("retry-after", String(RETRY_AFTER_SECONDS));
      c.header("cache-control", "no-store");
      return c.json(status);
    })
    .get("/api/export/download/:job_id", async (c) => {
      const job = await exportJob(jobs, c.req.param("job_id"));
      const file = readyFile(job, c.req.param("job_id"), now());
      return await fileResponse(c.req.raw, file, files);
    });
}

/** Creates the export that a body asks for. */
async function createExport(
  c: Context,
  deps: ExportDeps,
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

async function answerPreview(
  c: Context,
  { previewer, ...deps }: ExportDeps,
  body: unknown,
): Promise<Response> {
  const findProfile = createFindProfile(deps);
  const found = await parseExportRequest(body, { nowMs: deps.now(), findProfile });
  c.header("cache-control", "no-store");
  return c.json(await previewBody(previewer, { ...found, signal: c.req.raw.signal }));
}

/** Reasons why an export may fail. The job decides: readings may arrive before it runs. */
async function warningsOf(
  series: ExportDeps["series"],
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
async function answerCreated(
  c: Context,
  { jobs, now }: ExportDeps,
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

async function exportJob(jobs: ExportDeps["jobs"], id: string): Promise<JobRecord | null> {
  const job = await jobs.get(id);
  return job !== null && EXPORT_KINDS.includes(job.kind) ? job : null;
}

function readyFile(
  job: JobRecord | null,
  id: string,
  nowMs: number,
): Parameters<typeof fileResponse>[1] {
  if (job === null) throw jobNotFound(id);
  switch (currentState(job, nowMs)) {
    case "expired":
      throw new AppError("EXPORT_EXPIRED", "Export file has expired");
    case "failed":
      throw new AppError("EXPORT_FAILED", "The export job failed, so it has no file");
    case "cancelled":
      throw new AppError("EXPORT_CANCELLED", "The export job was cancelled, so it has no file");
  }
  if (job.artifact === null) {
    throw new AppError(
      "EXPORT_NOT_READY",
      "The export job is still pending, so it has no file yet",
    );
  }
  return { ...job.artifact, modifiedMs: job.endedMs ?? job.updatedMs };
}

function jobNotFound(id: string): AppError {
  return new AppError("JOB_NOT_FOUND", `Job with ID '${id}' not found`);
}
