/**
 * Exports over HTTP: create one, preview one, read its status, download its file.
 *
 * @module
 */

import type { Context } from "hono";
import { PROFILES } from "../../data/readings/profile.ts";
import { EXPORT, exportParamsOf, exportSpecOf } from "../../jobs/exports/export_contract.ts";
import { METER_EXPORT } from "../../jobs/exports/meter_export_contract.ts";
import { profilesOfMeters } from "../../kv/meters/meters.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { fileResponse } from "../http/file_response.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { readJson } from "../http/json_body.ts";
import { askerOf } from "../jobs/asker.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import { answerCreated, createExport, RETRY_AFTER_SECONDS, warningsOf } from "./create_export.ts";
import { type ExportResourceDeps, exportResourceRoutes } from "./export_resources.ts";
import { readyFile } from "./export_file.ts";
import { type ExportLinkDeps, exportLinkRoutes } from "./export_links.ts";
import { isFirstContract, parseFirstContract } from "./first_contract.ts";
import { parseExportRequest } from "./parse_request.ts";
import { bodyOfQuery, previewBody } from "./preview.ts";
import { createFindProfile } from "./sources.ts";
import { exportStatus, notFoundStatus } from "./status.ts";
import { exportJob } from "./visible_export.ts";

/** The largest body that creates an export, bytes: 1,000 ids and the rest. */
const EXPORT_BODY_MAX_BYTES = 65_536;

/** What the routes need. */
export interface ExportDeps extends ExportResourceDeps, ExportLinkDeps {
  /** The jobs. */
  readonly jobs: ExportResourceDeps["jobs"];
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The routes under `/api/export` and `/api/exports`. */
export function exportRoutes(deps: ExportDeps): GuardedRoutes {
  const { jobs, files, now } = deps;
  return guardedRoutes()
    .post("/api/export/csv", async (c) => {
      const body = await readJson(c.req.raw, EXPORT_BODY_MAX_BYTES);
      const statusPath = "/api/export/status/";
      if (!isFirstContract(body)) return await createExport(c, deps, { body, statusPath });
      const caller = c.get("caller");
      const request = parseFirstContract(body, { nowMs: now(), caller });
      const { meterId, fromMs, toMs, format } = request;
      const slot = readIdempotencyKey(c.req.header("idempotency-key"));
      const [profile] = await profilesOfMeters(deps.kv, [meterId]);
      const source = { profile, sourceKind: "meter", ids: [meterId] } as const;
      const warnings = await warningsOf(deps.series, source);
      const plain = { meterId, fromMs, toMs, format };
      // The stored form of this contract has no profile.
      const kind = profile === PROFILES.meter.name ? METER_EXPORT : EXPORT;
      const params = kind === METER_EXPORT
        ? plain
        : exportParamsOf({ ...exportSpecOf(plain), profile });
      const job = await jobs.create({ kind, params, ...askerOf(c), slot });
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
    .get("/api/export/status/:job_id", async (c) => {
      const id = c.req.param("job_id");
      let job = await exportJob(jobs, c.get("caller"), id);
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
      const job = await exportJob(jobs, c.get("caller"), c.req.param("job_id"));
      const file = readyFile(job, c.req.param("job_id"), now());
      return await fileResponse(c.req.raw, file, files);
    })
    .route("/", exportResourceRoutes(deps))
    .route("/", exportLinkRoutes(deps));
}

async function answerPreview(
  c: Context,
  { previewer, ...deps }: ExportDeps,
  body: unknown,
): Promise<Response> {
  const findProfile = createFindProfile(deps, c.get("caller"));
  const found = await parseExportRequest(body, { nowMs: deps.now(), findProfile });
  c.header("cache-control", "no-store");
  return c.json(await previewBody(previewer, { ...found, signal: c.req.raw.signal }));
}
