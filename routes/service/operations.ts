/**
 * `GET /health` and `GET /ready`, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import type { Operation } from "../openapi/operation.ts";

/** The service is up. */
export const healthSchema: z.ZodType = z.strictObject({
  status: z.literal("healthy"),
  version: z.string().meta({ description: "This release.", examples: ["0.2.0"] }),
  timestamp: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/).meta({
    format: "date-time",
    description: "The service's clock.",
    examples: ["2024-02-01T08:00:00.000Z"],
  }),
}).meta({ description: "The service is up." });

const continuousPart = (description: string) => z.boolean().optional().meta({ description });

function checks(id: string, part: () => z.ZodType): z.ZodType {
  return z.strictObject({
    kv: part().meta({ description: "The database answers." }),
    file_store: part().meta({ description: "The file store takes files." }),
    worker_running: part().meta({ description: "Some process runs jobs." }),
    checkpoint_store_connected: continuousPart("The checkpoints of continuous export can be read."),
    destination_accessible: continuousPart("The folder of continuous export takes files."),
    s3_accessible: continuousPart("The bucket of continuous export takes objects."),
  }).meta({
    id,
    description:
      "Each part that must work, and those that continuous export needs where it is on. " +
      "Without the latter the service is ready nevertheless, unless `READY_REQUIRES_DESTINATION` " +
      "says otherwise of the destination.",
  });
}

/** The service can do its work. */
export const readySchema: z.ZodType = z.strictObject({
  ready: z.literal(true),
  checks: checks("ReadyChecks", () => z.literal(true)),
  reason: z.string().optional().meta({
    description: "What does not work of continuous export, and why.",
    examples: ["destination_accessible: The file store has no room left"],
  }),
}).meta({ description: "The service can do its work." });

/** The service cannot do its work, and why. */
export const notReadySchema: z.ZodType = z.strictObject({
  ready: z.literal(false),
  checks: checks("NotReadyChecks", () => z.boolean()),
  reason: z.string().meta({
    description: "Each part that does not work, and why.",
    examples: ["worker_running: no process runs jobs"],
  }),
}).meta({ description: "The service cannot do its work." });

const health: Operation = {
  method: "get",
  path: "/health",
  id: "getHealth",
  tag: "Service",
  summary: "Ask whether the service is up",
  description: "Asks no other part. Made for restarting a process that hangs.",
  answers: [{
    status: 200,
    description: "It is.",
    content: [{ mediaType: "application/json", schema: healthSchema }],
  }],
  problems: [],
};

const ready: Operation = {
  method: "get",
  path: "/ready",
  id: "getReadiness",
  tag: "Service",
  summary: "Ask whether the service can do its work",
  description: "Tries the database, the file store and the worker, and where it is on what " +
    "continuous export needs.",
  answers: [
    {
      status: 200,
      description: "It can.",
      headers: ["Cache-Control"],
      content: [{ mediaType: "application/json", schema: readySchema }],
    },
    {
      status: 503,
      description: "It cannot; `reason` names each part that does not work.",
      mayHave: ["Cache-Control"],
      content: [{ mediaType: "application/json", schema: notReadySchema }],
    },
  ],
  problems: [],
};

/** All of them. */
export const healthOperations: readonly Operation[] = [
  health,
  ready,
];
