/**
 * Takes note of every request: in the log (level `debug`) and in the metrics.
 *
 * @module
 */

import type { Context } from "hono";
import { pathWithoutSecrets } from "../../data/access/key_text.ts";
import type { Log } from "../../data/log.ts";
import { currentRequestId } from "../../data/request_context.ts";
import { describeSpan, isTracing } from "../../data/tracing.ts";
import { NO_RECORDER, type Recorder } from "../../data/metrics/recorder.ts";
import { hideAddress } from "./hidden_address.ts";
import { requestNote } from "./request_note.ts";

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

/** How to take note of the answer to a request that runs. */
const running = requestNote<(status: number) => void>("running");

/**
 * Takes note of an answer that a request gets before the one of the app, which then counts no more.
 * Nothing happens if the app does not have the request.
 */
export function noteAnswer(request: Request, status: number): void {
  running.get(request)?.(status);
}

/** A request that is being answered. */
export interface RunningRequest {
  /** Takes note that it was answered. The first status counts. */
  note(status: number): void;
  /** It runs no more, whether it was answered or not. */
  end(): void;
}

/** Takes note that a request runs. */
export function watchRequest(deps: RequestWatchDeps, c: Context): RunningRequest {
  const { now, record = NO_RECORDER } = deps;
  const startedMs = now(), startMs = performance.now();
  const { raw } = c.req;
  let isNoted = false;
  const note = (status: number) => {
    if (isNoted) return;
    isNoted = true;
    noteRequest(deps, c, { status, startedMs, startMs });
  };
  hideAddress(raw);
  running.set(raw, note);
  record.shift("openwatts_http_requests_running", [], 1);
  return { note, end: () => record.shift("openwatts_http_requests_running", [], -1) };
}

/** Takes note of an answer. The request came at `startedMs`, or `startMs` by `performance.now()`. */
function noteRequest(
  { now, log, record = NO_RECORDER }: RequestWatchDeps,
  c: Context,
  { status, startedMs, startMs }: { status: number; startedMs: number; startMs: number },
): void {
  const { method: given, path } = c.req;
  const route = c.get("route") ?? NO_ROUTE;
  const seconds = (performance.now() - startMs) / 1_000;
  const ms = now() - startedMs;
  log("debug", "request", { method: given, path: pathWithoutSecrets(path), status, ms });
  const method = METHODS.includes(given) ? given : "other";
  if (isTracing()) {
    const fields = { "http.route": route, "openwatts.request_id": currentRequestId() ?? "" };
    describeSpan(fields, `${method} ${route}`);
  }
  record.add("openwatts_http_requests_total", [method, route, String(status)]);
  record.observe("openwatts_http_request_duration_seconds", [method, route], seconds);
}
