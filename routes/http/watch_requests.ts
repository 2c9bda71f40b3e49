/**
 * Takes note of every request: in the log (level `debug`) and in the metrics.
 *
 * @module
 */

import type { Context } from "hono";
import { pathWithoutSecrets } from "../../data/access/key_text.ts";
import type { Log } from "../../data/log.ts";
import { objectNote } from "../../data/object_note.ts";
import { currentRequestId } from "../../data/request_context.ts";
import { describeSpan, isTracing } from "../../data/tracing.ts";
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

/** A request that is being answered. */
export interface RunningRequest {
  /** Its context. */
  readonly c: Context;
  /** When it came, epoch milliseconds. */
  readonly startedMs: number;
  /** The same by `performance.now()`. */
  readonly startMs: number;
  /** What takes note of its answer. */
  readonly watch: RequestWatch;
  /** Whether that has happened. */
  isNoted: boolean;
}

/** Takes note of requests. */
export interface RequestWatch {
  /** Takes note that a request runs. */
  begin(c: Context): RunningRequest;
  /** Takes note of its answer. The first status counts. */
  note(running: RunningRequest, status: number): void;
  /** It runs no more, whether it was answered or not. */
  end(running: RunningRequest): void;
}

/** The requests that run. */
const all = objectNote<Request, RunningRequest>("running");

/**
 * Takes note of an answer that a request gets before the one of the app, which then counts no more.
 * Nothing happens if the app does not have the request.
 */
export function noteAnswer(request: Request, status: number): void {
  const running = all.get(request);
  running?.watch.note(running, status);
}

/** Creates what takes note of requests. */
export function createRequestWatch(deps: RequestWatchDeps): RequestWatch {
  const { now, record = NO_RECORDER } = deps;
  const watch: RequestWatch = {
    begin(c) {
      const { raw } = c.req;
      hideAddress(raw);
      const startMs = performance.now();
      const running = { c, startedMs: now(), startMs, watch, isNoted: false };
      all.set(raw, running);
      record.shift("openwatts_http_requests_running", [], 1);
      return running;
    },
    note(running, status) {
      if (running.isNoted) return;
      running.isNoted = true;
      noteRequest(deps, running, status);
    },
    end: () => record.shift("openwatts_http_requests_running", [], -1),
  };
  return watch;
}

/** Takes note of an answer. */
function noteRequest(
  { now, log, record = NO_RECORDER }: RequestWatchDeps,
  { c, startedMs, startMs }: RunningRequest,
  status: number,
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
