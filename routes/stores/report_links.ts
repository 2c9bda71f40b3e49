/**
 * Signed links of the files of reports.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import type { Jobs } from "../../jobs/engine/jobs.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { callerOfLink, type LinkDeps } from "../access/links.ts";
import { fileResponse } from "../http/file_response.ts";
import { answerNewLink } from "../jobs/file_links.ts";
import { readyFile } from "./report_file.ts";
import { reportJob } from "./visible_report.ts";

/** What the routes need. */
export interface ReportLinkDeps {
  /** The jobs. */
  readonly jobs: Pick<Jobs, "get">;
  /** The files. */
  readonly files: Pick<FileStore, "read">;
  /** How links are made and checked. */
  readonly links: LinkDeps;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** `POST /api/reports/{report_id}/link` and the address that it answers with. */
export function reportLinkRoutes({ jobs, files, links, now }: ReportLinkDeps): GuardedRoutes {
  return guardedRoutes()
    .post("/api/reports/:report_id/link", async (c) => {
      const job = await reportJob(jobs, c.get("caller"), c.req.param("report_id"));
      readyFile(job, now());
      return await answerNewLink(c, links, `/api/links/reports/${job.id}`);
    })
    .get("/api/links/reports/:report_id", async (c) => {
      const caller = await callerOfLink(links, c.req.raw);
      const job = await reportJob(jobs, caller, c.req.param("report_id"));
      return await fileResponse(c.req.raw, readyFile(job, now()), files);
    });
}
