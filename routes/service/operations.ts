/**
 * `GET /health` and `GET /ready` in the OpenAPI document.
 *
 * @module
 */

import type { Operation } from "../openapi/operation.ts";
import { healthSchema, notReadySchema, readySchema } from "./schemas.ts";

const health: Operation = {
  method: "get",
  path: "/health",
  id: "getHealth",
  tag: "Service",
  summary: "Check that the service is up",
  description: "Checks no other part. Use it to restart a process that hangs.",
  answers: [{
    status: 200,
    description: "The service is up.",
    content: [{ mediaType: "application/json", schema: healthSchema }],
  }],
  problems: [],
};

const ready: Operation = {
  method: "get",
  path: "/ready",
  id: "getReadiness",
  tag: "Service",
  summary: "Check that the service can do its work",
  description: "Checks the database, the file store and the worker, and the parts of continuous " +
    "export if it is on.",
  answers: [
    {
      status: 200,
      description: "The service can do its work.",
      headers: ["Cache-Control"],
      content: [{ mediaType: "application/json", schema: readySchema }],
    },
    {
      status: 503,
      description: "The service cannot do its work; `reason` names each part that fails.",
      mayHave: ["Cache-Control"],
      content: [{ mediaType: "application/json", schema: notReadySchema }],
    },
  ],
  problems: [],
};

/** The operations on the service itself. */
export const healthOperations: readonly Operation[] = [health, ready];
