/**
 * The bodies of line protocol and of the answers to it. The OpenAPI document and the types of the
 * bodies come from these schemas.
 *
 * @module
 */

import { z } from "zod";

/** An error as InfluxDB 1 words it. */
export const writeErrorV1 = z.strictObject({
  error: z.string().min(1).meta({
    description: "What is wrong: each line with its reason, and how many lines were dropped.",
    examples: ["partial write: line 2: unable to parse 'm': missing fields; dropped=1"],
  }),
}).meta({ description: "What went wrong with a write, as clients of InfluxDB 1 read it." });

/** An error as InfluxDB 1 words it. */
export type WriteErrorV1 = z.infer<typeof writeErrorV1>;

/** An error as InfluxDB 2 words it. */
export const writeErrorV2 = z.strictObject({
  code: z.enum([
    "invalid",
    "unauthorized",
    "forbidden",
    "request too large",
    "unsupported media type",
    "too many requests",
    "internal error",
    "unavailable",
  ]).meta({ description: "The kind of error." }),
  message: z.string().min(1).meta({
    description: "What is wrong: each line with its reason, and how many lines were dropped.",
    examples: ["partial write: line 2: unable to parse 'm': missing fields; dropped=1"],
  }),
  line: z.int().min(1).optional().meta({
    description: "The first line that is wrong, counted from 1.",
    examples: [2],
  }),
}).meta({ description: "What went wrong with a write, as clients of InfluxDB 2 read it." });

/** An error as InfluxDB 2 words it. */
export type WriteErrorV2 = z.infer<typeof writeErrorV2>;

/** The version, as clients of InfluxDB 1 ask for it. */
export const pingVersion = z.strictObject({
  version: z.string().min(1).meta({
    description:
      "The release of InfluxDB whose write API the service follows, and its own release.",
    examples: ["2.7.0-openwatts.0.9.0"],
  }),
}).meta({ description: "The version of the service." });

/** The version, as clients of InfluxDB 1 ask for it. */
export type PingVersion = z.infer<typeof pingVersion>;
