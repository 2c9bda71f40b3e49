/**
 * `GET /metrics`, for Prometheus.
 *
 * @module
 */

import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { Exposition } from "./exposition.ts";

/** What the route needs. */
export interface MetricsDeps {
  /** Reads the metrics; null if they have a port of their own, so that there is no route. */
  readonly readMetrics: (() => Promise<Exposition>) | null;
}

/** The route. */
export function metricsRoutes({ readMetrics }: MetricsDeps): GuardedRoutes {
  const routes = guardedRoutes();
  if (readMetrics === null) return routes;
  return routes.get("/metrics", async () => metricsAnswer(await readMetrics()));
}

/** The metrics as an answer. */
export function metricsAnswer({ text, contentType }: Exposition): Response {
  return new Response(text, {
    headers: { "content-type": contentType, "cache-control": "no-store" },
  });
}
