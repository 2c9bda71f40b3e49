/**
 * Metrics, assembled: what is counted, what is read at a scrape, and the port of their own if they have
 * one.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { diskPath, diskSpace } from "../../data/files/disk_space.ts";
import { databaseBytes } from "../../data/files/database_bytes.ts";
import type { Log } from "../../data/log.ts";
import type { ReadableRecorder, Recorder } from "../../data/metrics/recorder.ts";
import type { OpenedKv } from "../../kv/opened_kv.ts";
import { listen } from "../http/listen.ts";
import { problemResponse } from "../http/problem.ts";
import { secured } from "../http/security_headers.ts";
import { createExposition, type Exposition } from "./exposition.ts";
import { metricsAnswer } from "./metrics.ts";
import { processFigures, watchEventLoop } from "./process_figures.ts";
import { createStoredFigures } from "./stored_figures.ts";

/** What metrics need. */
export interface OpenMetricsDeps extends Pick<OpenedKv, "kv" | "journalBytes"> {
  /** What is counted. */
  readonly record: ReadableRecorder;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** The release. */
  readonly version: string;
  /** When the process started, epoch milliseconds. */
  readonly startedMs: number;
  /** Where the database is. */
  readonly kvPath: string | null;
  /** Where files are. */
  readonly fileStore: string;
  /** The settings of continuous export. */
  readonly continuous: { readonly isOn: boolean };
  /** The address to listen on. */
  readonly host: string;
  /** The port of the metrics; null if the service serves them with everything else. */
  readonly metricsPort: number | null;
  /** Answers `/health` and `/ready` on that port too: a worker listens on no other. */
  readonly probe: Deno.ServeHandler;
}

/** Metrics of a service. Disposing of them closes their port. */
export interface OpenedMetrics extends AsyncDisposable {
  /** Reads them for the service; null if they have a port of their own. */
  readonly readMetrics: (() => Promise<Exposition>) | null;
}

/** Opens metrics. Throws if their port is in use. */
export function openMetrics(deps: OpenMetricsDeps): OpenedMetrics {
  const { record, kvPath, metricsPort: port, host, log } = deps;
  const write = createExposition(record);
  const stored = createStoredFigures({ ...deps, isExporting: deps.continuous.isOn });
  const setProcessFigures = processFigures({
    ...deps,
    diskSpace: () => diskSpace(diskPath(deps)),
    kvBytes: () => databaseBytes(kvPath),
  });
  async function read(): Promise<Exposition> {
    await Promise.all([stored.refresh(), setProcessFigures()]);
    return await write();
  }
  const server = port === null
    ? null
    : listen({ host, port, corsOrigins: [], graceMs: 1_000 }, answerOf(read, deps));
  const loop = watchEventLoop(record);
  if (server !== null) log("info", "metrics served", { url: `${server.url}/metrics` });
  return {
    readMetrics: server === null ? read : null,
    async [Symbol.asyncDispose]() {
      loop[Symbol.dispose]();
      await server?.stop();
    },
  };
}

/** Answers requests to the port of the metrics: those of programs that watch, and no others. */
function answerOf(
  read: () => Promise<Exposition>,
  { probe, log }: Pick<OpenMetricsDeps, "probe" | "log">,
): Deno.ServeHandler {
  return async (request, info) => {
    const { method, url } = request;
    const { pathname } = new URL(url);
    if (pathname === "/health" || pathname === "/ready") return await probe(request, info);
    if (pathname !== "/metrics") {
      const error = new AppError("ROUTE_NOT_FOUND", `There is nothing at ${pathname}`);
      return secured(problemResponse(error));
    }
    if (method !== "GET" && method !== "HEAD") {
      const error = new AppError("METHOD_NOT_ALLOWED", "/metrics allows only GET, HEAD");
      return secured(problemResponse(error, { allow: "GET, HEAD" }));
    }
    try {
      const answer = secured(metricsAnswer(await read()));
      return method === "GET" ? answer : new Response(null, answer);
    } catch (error) {
      log("error", "request failed", { method, path: pathname, error });
      return secured(problemResponse(error));
    }
  };
}

/** A log that counts its records by level, also those that it does not write. */
export function countedLog(log: Log, record: Pick<Recorder, "add">): Log {
  return (level, event, fields) => {
    record.add("openwatts_log_records_total", [level]);
    log(level, event, fields);
  };
}
