/**
 * The HTTP app: all routes, and what they have in common.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { AppError } from "../data/app_error.ts";
import { pathWithoutSecrets } from "../data/access/key_text.ts";
import type { Log } from "../data/log.ts";
import type { DeviceIntake } from "../kv/devices/intake.ts";
import { isRefused } from "./access/guarded_routes.ts";
import { withDirectRoute } from "./access/direct_routes.ts";
import { type KeyDeps, keyRoutes } from "./access/keys.ts";
import { type AlertDeps, alertRoutes } from "./alerts/alerts.ts";
import { type MaintenanceDeps, maintenanceRoutes } from "./alerts/maintenance.ts";
import { apiDocument } from "./api_document.ts";
import { type FrameDeps, requestFrame } from "./app_frame.ts";
import { type AuditDeps, auditRoutes } from "./audit/audit.ts";
import type { ChartDeps } from "./charts/chart_source.ts";
import { chartRoutes } from "./charts/charts.ts";
import {
  type ContinuousExportDeps,
  continuousExportRoutes,
} from "./continuous/continuous_exports.ts";
import { type DeviceReadingsDeps, deviceReadingsRoutes } from "./devices/readings.ts";
import { type DeletionDeps, deletionRoutes } from "./deletions/deletions.ts";
import { type DeletionResourceDeps, deletionResourceRoutes } from "./deletions/resources.ts";
import { type DeviceDeps, deviceRoutes } from "./devices/devices.ts";
import { docsRoutes } from "./docs/docs.ts";
import { type AllLinksDeps, allLinksRoutes } from "./jobs/all_links.ts";
import { type ExportDeps, exportRoutes } from "./exports/exports.ts";
import { type HealthDeps, healthRoutes } from "./service/health.ts";
import { type LineProtocolDeps, lineProtocolRoutes } from "./line_protocol/write.ts";
import { type MeterDeps, meterRoutes } from "./meters/meters.ts";
import { type MailStopDeps, mailStopRoutes } from "./notify/mail_stops.ts";
import type { ReadPackageFile } from "./docs/package_files.ts";
import { isFault, problemResponse } from "./http/problem.ts";
import { createOverviewReader, type OverviewDeps, overviewRoutes } from "./overview/overview.ts";
import { openPages, type PagesDeps } from "./pages/pages.ts";
import { type MetricsDeps, metricsRoutes } from "./metrics/metrics.ts";
import { type ProfileDeps, profileRoutes } from "./profiles/profiles.ts";
import { type ReportDeps, reportRoutes } from "./stores/reports.ts";
import { routePath } from "./http/route_path.ts";
import type { ScheduleDeps } from "./schedules/schedule_actions.ts";
import { scheduleRoutes } from "./schedules/schedules.ts";
import { type StoreDeps, storeRoutes } from "./stores/stores.ts";
import { type StoreChangeDeps, storeChangeRoutes } from "./stores/store_change.ts";
import { createUptimeReader, type UptimeDeps } from "./stores/uptime_reader.ts";
import { uptimeRoutes } from "./stores/uptime.ts";
import { type UsageDeps, usageRoutes } from "./access/usage.ts";
import type { WebhookDeps } from "./webhooks/webhook_actions.ts";
import { webhookRoutes } from "./webhooks/webhooks.ts";
import { type TelemetryDeps, telemetryRoutes } from "./devices/telemetry.ts";

/** What all routes need. */
export interface AppDeps
  extends
    AlertDeps,
    MaintenanceDeps,
    KeyDeps,
    AllLinksDeps,
    ExportDeps,
    MeterDeps,
    TelemetryDeps,
    LineProtocolDeps,
    DeviceDeps,
    DeviceReadingsDeps,
    ChartDeps,
    ProfileDeps,
    HealthDeps,
    MetricsDeps,
    FrameDeps,
    ContinuousExportDeps,
    ReportDeps,
    ScheduleDeps,
    DeletionDeps,
    DeletionResourceDeps,
    AuditDeps,
    MailStopDeps,
    StoreDeps,
    Omit<PagesDeps, "publicUrl" | "overview" | "uptime">,
    OverviewDeps,
    WebhookDeps,
    UsageDeps {
  /** The webhooks. */
  readonly webhooks: WebhookDeps["webhooks"];
  /** The database. */
  readonly kv:
    & DeviceDeps["kv"]
    & UsageDeps["kv"]
    & MailStopDeps["kv"]
    & WebhookDeps["kv"]
    & ScheduleDeps["kv"]
    & StoreChangeDeps["kv"];
  /** The files of jobs. */
  readonly files: ExportDeps["files"] & OverviewDeps["files"];
  /** The jobs. */
  readonly jobs: ExportDeps["jobs"] & ReportDeps["jobs"] & ScheduleDeps["jobs"];
  /** The store of readings. */
  readonly series:
    & MeterDeps["series"]
    & DeviceDeps["series"]
    & DeviceReadingsDeps["series"]
    & ChartDeps["series"]
    & DeletionResourceDeps["series"]
    & StoreDeps["series"]
    & UptimeDeps["series"];
  /** The profiles. */
  readonly profiles: ProfileDeps["profiles"] & LineProtocolDeps["profiles"];
  /** Accepts what devices send. */
  readonly intake: DeviceIntake;
  /** The log. */
  readonly log: Log;
  /** Reads the files of the documentation pages. */
  readonly readPackageFile: ReadPackageFile;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** Creates the app. It answers every error as a problem and logs unexpected errors whole. */
export function createApp(deps: AppDeps): Hono {
  const { log } = deps;
  const app = new Hono({ getPath: routePath });
  let written: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  const frame = requestFrame(deps, {
    error: answerError,
    isHidden({ req }) {
      written ??= writtenPaths(app);
      return written.get(req.path)?.has(req.method) === false;
    },
  });
  app.use((c, next) => frame(c, next));
  app.route("/", keyRoutes(deps).hono);
  app.route("/", exportRoutes(deps).hono);
  app.route("/", allLinksRoutes(deps).hono);
  app.route("/", meterRoutes(deps).hono);
  app.route("/", reportRoutes(deps).hono);
  app.route("/", scheduleRoutes(deps).hono);
  const telemetry = telemetryRoutes(deps);
  app.route("/", telemetry.hono);
  app.route("/", lineProtocolRoutes(deps).hono);
  app.route("/", deviceRoutes(deps).hono);
  app.route("/", deviceReadingsRoutes(deps).hono);
  app.route("/", chartRoutes(deps).hono);
  app.route("/", profileRoutes(deps).hono);
  app.route("/", continuousExportRoutes(deps).hono);
  const uptime = createUptimeReader(deps);
  app.route("/", storeRoutes(deps).hono);
  app.route("/", uptimeRoutes({ ...deps, uptime }).hono);
  app.route("/", storeChangeRoutes(deps).hono);
  app.route("/", alertRoutes(deps).hono);
  app.route("/", maintenanceRoutes(deps).hono);
  app.route("/", deletionRoutes(deps).hono);
  app.route("/", deletionResourceRoutes(deps).hono);
  app.route("/", webhookRoutes(deps).hono);
  app.route("/", usageRoutes(deps).hono);
  app.route("/", mailStopRoutes(deps).hono);
  app.route("/", auditRoutes(deps).hono);
  app.route("/", healthRoutes(deps).hono);
  app.route("/", metricsRoutes(deps).hono);
  app.route("/", docsRoutes({ ...deps, makeDocument: () => apiDocument(deps.version) }).hono);
  const overview = createOverviewReader(deps);
  app.route("/", overviewRoutes(overview).hono);
  const pages = openPages({ ...deps, overview, uptime, publicUrl: deps.links.publicUrl });
  app.route("/", pages.routes.hono);
  app.notFound((c) => {
    const limited = isRefused(c) ? c.get("countRequest")?.() ?? null : null;
    if (limited !== null) return problemResponse(limited.error, limited.headers);
    const allowed = allowedMethods(app, c.req.path);
    const path = pathWithoutSecrets(c.req.path);
    if (allowed.length === 0) {
      return answerProblem(c, new AppError("ROUTE_NOT_FOUND", `There is nothing at ${path}`));
    }
    const allow = allowed.join(", ");
    const error = new AppError("METHOD_NOT_ALLOWED", `${path} allows only ${allow}`);
    return answerProblem(c, error, { allow });
  });
  app.onError(answerError);
  const handler = telemetry.find("POST", "/telemetry");
  if (handler !== undefined) {
    const direct = { method: "POST", path: "/telemetry", handler };
    app.fetch = withDirectRoute(direct, frame, app.fetch);
  }

  function answerError(error: unknown, c: Context): Promise<Response> {
    const { req } = c;
    const [method, path] = [req.method, pathWithoutSecrets(req.path)];
    if (isFault(error)) log("error", "request failed", { method, path, error });
    return answerProblem(c, error);
  }

  /** Browsers that open a page get a page, all others a problem. */
  async function answerProblem(
    c: Context,
    error: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    try {
      return await pages.answerProblem(c, error, headers) ?? problemResponse(error, headers);
    } catch (fault) {
      log("error", "request failed", { method: c.req.method, path: "a page", error: fault });
      return problemResponse(error, headers);
    }
  }

  return app;
}

/**
 * The methods of each path without parameters. It hides paths with parameters, for every method:
 * `/stores/hours` is not a store, and nothing with the id `firing` is an alert.
 */
function writtenPaths(app: Hono): Map<string, Set<string>> {
  const written = new Map<string, Set<string>>();
  for (const { method, path } of app.routes) {
    if (method === "ALL" || /[:*]/.test(path)) continue;
    const methods = written.get(path) ?? new Set();
    written.set(path, methods.add(method));
    if (method === "GET") methods.add("HEAD");
  }
  return written;
}

/**
 * The methods for which a path has a handler. Middleware for all paths does not count. A path with
 * fewer parameters hides others.
 */
function allowedMethods(app: Hono, path: string): string[] {
  const matches = METHODS.flatMap((method) => {
    const [handlers] = app.router.match(method === "HEAD" ? "GET" : method, path);
    const routes = handlers.map(([[, route]]) => route).filter((route) => route.method !== "ALL");
    return routes.map((route) => ({ method, path: route.path }));
  });
  const parameters = ({ path }: { path: string }) => path.split("/:").length;
  const least = Math.min(...matches.map(parameters));
  const nearest = matches.filter((match) => parameters(match) === least);
  return [...new Set(nearest.map(({ method }) => method))];
}
