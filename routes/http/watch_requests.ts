/**
 * Takes note of every request: in the log (level `debug`) and in the metrics.
 *
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { pathWithoutSecrets } from "../../data/access/key_text.ts";
import type { Log } from "../../data/log.ts";
import { currentRequestId } from "../../data/request_context.ts";
import { describeSpan } from "../../data/tracing.ts";
import { NO_RECORDER, type Recorder } from "../../data/metrics/recorder.ts";
import { hideAddress } from "./hidden_address.ts";

/** What taking note needs. */
export interface RequestWatchDeps {
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** Counts requests; nothing by default. */
  readonly record?: Recorder;
}

/** The route of requests that no route answers: their paths are not ours, and so are without number. */
const NO_ROUTE = "none";
/** Methods that a route may have. Clients may send any other word. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Takes note of requests when they are answered. */
export function watchRequests(
  { now, log, record = NO_RECORDER }: RequestWatchDeps,
): MiddlewareHandler {
  return async (c, next) => {
    const startedMs = now(), startMs = performance.now();
    hideAddress(c.req.raw);
    record.shift("openwatts_http_requests_running", [], 1);
    try {
      await next();
    } finally {
      record.shift("openwatts_http_requests_running", [], -1);
    }
    const seconds = (performance.now() - startMs) / 1_000;
    const { status } = c.res;
    const path = pathWithoutSecrets(c.req.path);
    log("debug", "request", { method: c.req.method, path, status, ms: now() - startedMs });
    const method = METHODS.includes(c.req.method) ? c.req.method : "other";
    const route = c.get("route") ?? NO_ROUTE;
    const fields = { "http.route": route, "openwatts.request_id": currentRequestId() ?? "" };
    describeSpan(fields, `${method} ${route}`);
    record.add("openwatts_http_requests_total", [method, route, String(status)]);
    record.observe("openwatts_http_request_duration_seconds", [method, route], seconds);
  };
}
