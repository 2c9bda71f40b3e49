/**
 * Exports as resources over HTTP: their history, one of them, its manifest and events; to cancel,
 * remove or repeat one.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { gapsFileName } from "../../data/exports/file_name.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import type { Log } from "../../data/log.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { exportResultOf, exportSpecOf, GAPS_FILE } from "../../jobs/exports/export_contract.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { fileResponse, type ServedFile } from "../http/file_response.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { deliveriesOf } from "../notify/deliveries.ts";
import { targetsBody } from "../notify/targets.ts";
import { currentState } from "../jobs/job_state.ts";
import { type CreateDeps, createExport } from "./create_export.ts";
import { exportBodyOf, manifestOf, requestOf } from "./export_body.ts";
import { exportEvents } from "./export_events.ts";
import { jobNotFound } from "./export_file.ts";
import { listExports } from "./export_list.ts";
import { exportListQuery } from "./list_schemas.ts";
import type { ExportResource } from "./resource_schemas.ts";
import { exportJob, maySeeExport } from "./visible_export.ts";

/** How long the request to cancel an export waits for its end, milliseconds. */
const CANCEL_WAIT_MS = 1_000;

/** What the routes need. */
export interface ExportResourceDeps extends CreateDeps {
  /** The jobs. */
  readonly jobs: Pick<
    Jobs,
    "create" | "get" | "waitForEnd" | "list" | "watch" | "cancel" | "remove"
  >;
  /** The files. */
  readonly files: Pick<FileStore, "read">;
  /** The log. */
  readonly log: Log;
}

/** The routes under `/api/exports` besides creation and preview. */
export function exportResourceRoutes(deps: ExportResourceDeps): GuardedRoutes {
  const { jobs, now } = deps;

  async function found(c: Context): Promise<JobRecord> {
    const id = c.req.param("export_id") ?? "";
    const job = await exportJob(jobs, c.get("caller"), id);
    if (job === null) throw jobNotFound(id);
    return job;
  }

  return guardedRoutes()
    .get("/api/exports", async (c) => {
      const query = exportListQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const body = await listExports({ jobs, caller: c.get("caller") }, query.data, now());
      if (body.next !== null) c.header("link", `<${body.next}>; rel="next"`);
      c.header("cache-control", "no-store");
      return c.json(body);
    })
    .get("/api/exports/:export_id", async (c) => {
      const job = await found(c);
      const deliveries = await deliveriesOf(deps.kv, job, now());
      c.header("cache-control", "no-store");
      const body: ExportResource = exportBodyOf(job, now());
      return c.json(deliveries === undefined ? body : { ...body, deliveries });
    })
    .delete("/api/exports/:export_id", async (c) => {
      // The path of previews is no export, so it answers 405.
      if (c.req.param("export_id") === "preview") return c.notFound();
      const job = await found(c);
      if (await jobs.cancel(job.id)) {
        const limits = { timeoutMs: CANCEL_WAIT_MS, signal: c.req.raw.signal };
        const ended = await jobs.waitForEnd(job, limits);
        const body = exportBodyOf(ended ?? job, now());
        return c.json(body, body.status === "running" ? 202 : 200);
      }
      await jobs.remove(job.id);
      return c.body(null, 204);
    })
    .post("/api/exports/:export_id/repeat", async (c) => {
      const { params, targets } = await found(c);
      const body = { ...requestOf(exportSpecOf(params)), ...targetsBody(targets) };
      return await createExport(c, deps, { body, statusPath: "/api/exports/" });
    })
    .get("/api/exports/:export_id/manifest", async (c) => {
      const job = await found(c);
      requireCompleted(job, now());
      c.header("cache-control", "no-store");
      return c.json(manifestOf(job));
    })
    .get("/api/exports/:export_id/gaps", async (c) => {
      return await fileResponse(c.req.raw, gapsFile(await found(c), now()), deps.files);
    })
    .get("/api/exports/:export_id/events", async (c) => {
      const job = await found(c);
      const callerNow = c.get("callerNow");
      return exportEvents(deps, job, {
        lastEventId: c.req.header("last-event-id"),
        signal: c.req.raw.signal,
        isAllowed: async () => {
          const caller = await callerNow();
          return !(caller instanceof AppError) && caller.scopes.has("export") &&
            maySeeExport(caller, job);
        },
      });
    });
}

/** The list of the gaps of an export, which goes with its file. */
function gapsFile(job: JobRecord, nowMs: number): ServedFile {
  requireCompleted(job, nowMs);
  if (currentState(job, nowMs) === "expired") {
    throw new AppError("EXPORT_EXPIRED", "Export file has expired");
  }
  const file = job.result === null ? null : exportResultOf(job.result).gaps?.file;
  if (job.artifact === null || !file) {
    throw new AppError("EXPORT_NOT_READY", "The export has no list of gaps beside its file");
  }
  return {
    name: `${job.artifact.name}.${GAPS_FILE}`,
    filename: gapsFileName(exportSpecOf(job.params)),
    contentType: "text/csv; charset=utf-8; header=present",
    modifiedMs: job.endedMs ?? job.updatedMs,
    ...file,
  };
}

/** The manifest stays when the file has expired. */
function requireCompleted(job: JobRecord, nowMs: number): void {
  switch (currentState(job, nowMs)) {
    case "completed":
    case "expired":
      return;
    case "failed":
      throw new AppError("EXPORT_FAILED", "The export job failed, so it has no manifest");
    case "cancelled":
      throw new AppError("EXPORT_CANCELLED", "The export job was cancelled, so it has no manifest");
    default:
      throw new AppError(
        "EXPORT_NOT_READY",
        "The export job is still pending, so it has neither manifest nor gaps yet",
      );
  }
}
