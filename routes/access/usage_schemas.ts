/**
 * What an account uses, and its limits. The OpenAPI document and the type come from these schemas.
 *
 * @module
 */

import { z } from "zod";
import { count } from "../openapi/schema_parts.ts";

function used(what: string, example: number, limit: number | null) {
  return z.strictObject({
    used: count(`${what} now.`, example),
    limit: z.int().min(0).nullable().meta({
      description: "The most there may be; null for any number.",
      examples: [limit],
    }),
  }).meta({ description: `${what}, and the limit.` });
}

/** What an account uses. */
export const usageSchema = z.strictObject({
  jobs_waiting: used("Jobs that wait", 3, 500),
  jobs_running: used("Jobs that run", 1, 2),
  stored_readings: used("Readings of the series that began with yours", 525_600, null),
  file_bytes: used("Bytes of the files of your jobs", 25_165_824, 1_000_000_000),
}).meta({ description: "What a key, or without keys an address, uses of its limits." });

/** What an account uses. */
export type Usage = z.infer<typeof usageSchema>;
