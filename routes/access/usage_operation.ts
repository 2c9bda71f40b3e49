/**
 * `GET /api/usage`, for the OpenAPI document.
 *
 * @module
 */

import type { Operation } from "../openapi/operation.ts";
import { usageSchema } from "./usage_schemas.ts";

const get: Operation = {
  method: "get",
  path: "/api/usage",
  id: "getUsage",
  tag: "Access",
  summary: "Read what you use, and your limits",
  description: "What your key uses of its limits; without keys, what your address uses.\n\n" +
    "Jobs and the bytes of files are exact. Readings count once they are in blocks: those of an " +
    "upload at once, live ones within a minute. A series counts for whoever stored its first " +
    "reading, until it is deleted.\n\nWhat is over a limit is refused with 429, except jobs that " +
    "could run: they wait, and keep no jobs of others waiting.",
  answers: [{
    status: 200,
    description: "What you use now.",
    headers: ["Cache-Control"],
    content: [{ mediaType: "application/json", schema: usageSchema }],
  }],
  problems: [],
};

/** The operations of usage. */
export const usageOperations: readonly Operation[] = [get];
