/**
 * Reports on stores over HTTP: trigger one, list them, read a status, download a file.
 *
 * @module
 */

import type { Context } from "hono";
import type { DeliveryAbilities } from "../../data/delivery_settings.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { STORE_REPORT } from "../../jobs/stores/report_contract.ts";
import type { WebhookStore } from "../../kv/webhooks/webhooks.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { fileResponse } from "../http/file_response.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { parameterErrors, readOptionalJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { askerOf } from "../jobs/asker.ts";
import { deliveriesOf } from "../notify/deliveries.ts";
import { rightRequest } from "../notify/targets.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import { readyFile } from "./report_file.ts";
import { type ReportLinkDeps, reportLinkRoutes } from "./report_links.ts";
import { listReports } from "./report_list.ts";
import { readReport } from "./report_request.ts";
import { reportListQuery } from "./report_request_schemas.ts";
import type { ReportStatus, ReportTriggered } from "./report_schemas.ts";
import { reportStatus } from "./report_status.ts";
import { reportJob } from "./visible_report.ts";

/** How many seconds a client should leave between two reads of the status. */
const RETRY_AFTER_SECONDS = 1;

/** What the routes need. */
export interface ReportDeps extends ReportLinkDeps {
  /** The jobs. */
  readonly jobs: Pick<Jobs, "create" | "get" | "list" | "waitForEnd">;
  /** The age of the last poll from which a store is stale by default, milliseconds; or null. */
  readonly staleAfterMs: number | null;
  /** What can be delivered to. */
  readonly abilities: DeliveryAbilities;
  /** The webhooks. */
  readonly webhooks: Pick<WebhookStore, "get">;
}

/** `/trigger_report`, `/get_report` and `/download_report`. */
export function reportRoutes(deps: ReportDeps): GuardedRoutes {
  const { jobs, files, now } = deps;
  return guardedRoutes()
    .post("/trigger_report", async (c) => {
      const caller = c.get("caller");
      const body = await readOptionalJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const { params, targets } = rightRequest(await readReport(deps, caller, body));
      const job = await jobs.create({
        kind: STORE_REPORT,
        params: { ...params },
        ...(targets === undefined ? {} : { targets }),
        ...askerOf(c),
        slot: readIdempotencyKey(c.req.header("idempotency-key")),
      });
      return await answerTriggered(c, { jobs, now }, job);
    })
    .get("/reports", async (c) => {
      const query = reportListQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const body = await listReports({ jobs, caller: c.get("caller") }, query.data, now());
      if (body.next !== null) c.header("link", `<${body.next}>; rel="next"`);
      c.header("cache-control", "no-store");
      return c.json(body);
    })
    .get("/get_report/:report_id", async (c) => {
      const job = await reportJob(jobs, c.get("caller"), c.req.param("report_id"));
      const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
      const status = reportStatus(waitedJob ?? job, now());
      nameApplied(c, { ...preferences, isAsync: false });
      if (status.status === "Running") c.header("retry-after", String(RETRY_AFTER_SECONDS));
      c.header("cache-control", "no-store");
      const deliveries = await deliveriesOf(deps.links.kv, waitedJob ?? job, now());
      return c.json(deliveries === undefined ? status : { ...status, deliveries });
    })
    .get("/download_report/:report_id", async (c) => {
      const job = await reportJob(jobs, c.get("caller"), c.req.param("report_id"));
      return await fileResponse(c.req.raw, readyFile(job, now()), files);
    })
    .route("/", reportLinkRoutes(deps));
}

/** Answers a request that created a report, after the wait that it prefers. */
async function answerTriggered(
  c: Context,
  { jobs, now }: Pick<ReportDeps, "jobs" | "now">,
  job: JobRecord,
): Promise<Response> {
  const started: ReportTriggered = {
    report_id: job.id,
    status: "triggered",
    message: `Report generation started. Use /get_report/${job.id}/ to check status.`,
  };
  const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
  const isWaited = preferences.waitSeconds !== null;
  const answer = isWaited ? withMessage(reportStatus(waitedJob ?? job, now())) : started;
  const isRunning = answer.status === "triggered" || answer.status === "Running";
  const isAsync = preferences.isAsync && isRunning;
  c.header("location", `/get_report/${job.id}/`);
  nameApplied(c, { ...preferences, isAsync });
  if (isAsync || (isWaited && isRunning)) c.header("retry-after", String(RETRY_AFTER_SECONDS));
  // The id comes first, whatever the status is: scripts in shells cut it out.
  const { report_id, ...others } = answer;
  return c.json({ report_id, ...others }, isAsync ? 202 : 200);
}

/** The status of a report, always with a sentence. */
function withMessage(status: ReportStatus): ReportTriggered {
  switch (status.status) {
    case "Complete":
      return { message: `Report is complete. Download it from ${status.download_url}`, ...status };
    case "Failed":
      return { message: "Report failed", ...status };
    default:
      return status;
  }
}
