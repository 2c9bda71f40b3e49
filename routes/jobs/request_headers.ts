/**
 * Request headers of operations on jobs, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { idempotencyKey } from "../http/idempotency_key.ts";
import { MAX_WAIT_SECONDS } from "../http/prefer.ts";
import type { Parameter } from "../openapi/operation.ts";

const WAIT = `\`wait=N\` delays the answer until the job has ended, at most N seconds. N is 0 to ` +
  `${MAX_WAIT_SECONDS}; with a larger N the service waits ${MAX_WAIT_SECONDS} seconds.`;
const IGNORED = "`Preference-Applied` names what was applied. The service ignores unknown and " +
  "invalid preferences (RFC 7240).";

/** `Idempotency-Key`, with an example. */
export function idempotencyKeyHeader(example: string): Parameter {
  return {
    in: "header",
    name: "Idempotency-Key",
    description: "Makes a retry safe: the same request with the same key returns the same job. " +
      "1 to 255 printable ASCII characters. A key is kept as long as the record of its job.",
    schema: idempotencyKey,
    example,
  };
}

/** `Prefer` of a request that reads or creates a job and can wait for its end. */
export const preferWait: Parameter = preferHeader("wait=10", `${WAIT} ${IGNORED}`);

/** `Prefer` of a request that can also be answered with 202. */
export const preferWaitOrAsync: Parameter = preferHeader(
  "respond-async",
  `${WAIT} With \`respond-async\` the status is 202 instead of 200 if the job has not ended by ` +
    `then; you can combine them: \`respond-async, wait=10\`. ${IGNORED}`,
);

function preferHeader(example: string, description: string): Parameter {
  return { in: "header", name: "Prefer", description, schema: z.string(), example };
}
