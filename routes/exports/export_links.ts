/**
 * Signed links of the files of exports.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import type { Jobs } from "../../jobs/engine/jobs.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { callerOfLink, type LinkDeps } from "../access/links.ts";
import { fileResponse } from "../http/file_response.ts";
import { answerNewLink } from "../jobs/file_links.ts";
import { readyFile } from "./export_file.ts";
import { exportJob } from "./visible_export.ts";

/** What the routes need. */
export interface ExportLinkDeps {
  /** The jobs. */
  readonly jobs: Pick<Jobs, "get">;
  /** The files. */
  readonly files: Pick<FileStore, "read">;
  /** How links are made and checked. */
  readonly links: LinkDeps;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** `POST /api/exports/{export_id}/link` and the address that it answers with. */
export function exportLinkRoutes({ jobs, files, links, now }: ExportLinkDeps): GuardedRoutes {
  return guardedRoutes()
    .post("/api/exports/:export_id/link", async (c) => {
      const id = c.req.param("export_id");
      const job = await exportJob(jobs, c.get("caller"), id);
      readyFile(job, id, now());
      return await answerNewLink(c, links, `/api/links/exports/${job?.id}`);
    })
    .get("/api/links/exports/:export_id", async (c) => {
      const caller = await callerOfLink(links, c.req.raw);
      const id = c.req.param("export_id");
      const job = await exportJob(jobs, caller, id);
      return await fileResponse(c.req.raw, readyFile(job, id, now()), files);
    });
}
