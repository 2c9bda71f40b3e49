/**
 * `GET /metrics` in the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import type { Operation } from "../openapi/operation.ts";

const metrics: Operation = {
  method: "get",
  path: "/metrics",
  id: "getMetrics",
  tag: "Service",
  summary: "Read metrics for Prometheus",
  description:
    "Counts and figures of the process that answers, and of the database. The address is " +
    "not there if `METRICS_PORT` is set: then that port has it, without a key.",
  answers: [{
    status: 200,
    description: "The metrics in the text format of Prometheus.",
    headers: ["Cache-Control"],
    content: [{
      mediaType: "text/plain",
      schema: z.string().meta({
        description: "Prometheus text format 0.0.4.",
        examples: [
          "# HELP openwatts_readings_out_total Readings that were read.\n# TYPE openwatts_readings_out_total counter\nopenwatts_readings_out_total 525600\n",
        ],
      }),
    }],
  }],
  problems: [],
};

/** The operation on metrics. */
export const metricsOperations: readonly Operation[] = [metrics];
