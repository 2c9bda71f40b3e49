/**
 * The headers that a request for a job may carry, as the OpenAPI document describes them.
 *
 * @module
 */

import { idempotencyKey } from "../http/idempotency_key.ts";
import type { Parameter } from "../openapi/operation.ts";

/** `Idempotency-Key`, with an example. */
export function idempotencyKeyHeader(example: string): Parameter {
  return {
    in: "header",
    name: "Idempotency-Key",
    description: "The same request with the same key again is the same job: 1 to 255 printable " +
      "ASCII characters. Held as long as the record of the job.",
    schema: idempotencyKey,
    example,
  };
}
