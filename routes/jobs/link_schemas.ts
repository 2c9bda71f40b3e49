/**
 * Requests for signed links of files, and their answer.
 *
 * @module
 */

import { z } from "zod";
import { LINK_DEFAULT_SECONDS, LINK_MAX_SECONDS } from "../../data/limits.ts";
import { instant } from "../openapi/schema_parts.ts";

const secondsRule = `expires_in must be a whole number of 1 to ${LINK_MAX_SECONDS}`;

/** The body of a request for a link. */
export const linkRequest = z.strictObject({
  expires_in: z.int(secondsRule).min(1, secondsRule).max(LINK_MAX_SECONDS, secondsRule)
    .optional().meta({
      description: "How many seconds the link is valid, at most seven days; by default " +
        `${LINK_DEFAULT_SECONDS}.`,
      examples: [86_400],
    }),
}).meta({ description: "How long a link is valid." });

/** A link. */
export const fileLink = z.strictObject({
  url: z.string().meta({
    description: "The address of the file, with its signature. Whoever has it can download the " +
      "file. It begins with `PUBLIC_URL`, or with the address to which you sent the request.",
    format: "uri",
    examples: [
      "https://watts.example/api/links/exports/4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a" +
      `?expires=4102444800&by=anyone&signature=${"0".repeat(64)}`,
    ],
  }),
  expires_at: instant("Until when the link is valid.", "2100-01-01T00:00:00Z"),
}).meta({ description: "An address of a file that needs no key." });

/** A link. */
export type FileLink = z.infer<typeof fileLink>;
