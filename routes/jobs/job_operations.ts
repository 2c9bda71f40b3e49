/**
 * What all operations that create a job with a file answer, in the OpenAPI document.
 *
 * @module
 */

import type { z } from "zod";
import type { Answer, Link } from "../openapi/operation.ts";
import type { AnsweredCode } from "../openapi/problem_schema.ts";

/** The answers to a request that creates a job, with what you can do next. */
export function createdAnswers(
  schema: z.ZodType,
  links: Readonly<Record<string, Link>>,
): readonly Answer[] {
  const content = [{ mediaType: "application/json", schema }];
  return [
    {
      status: 200,
      description: "The job was created, or exists from an earlier request with the same key.",
      headers: ["Location"],
      mayHave: ["Preference-Applied", "Retry-After"],
      content,
      links,
    },
    {
      status: 202,
      description: "The same, if the request prefers `respond-async` and the job has not ended.",
      headers: ["Location", "Preference-Applied", "Retry-After"],
      content,
      links,
    },
  ];
}

/** The problems of a request that creates a job from a JSON body. */
export const CREATION_PROBLEMS: readonly AnsweredCode[] = [
  "INVALID_REQUEST",
  "MALFORMED_BODY",
  "BODY_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "IDEMPOTENCY_KEY_REUSED",
  "DELIVERY_NOT_CONFIGURED",
  "JOBS_LIMITED",
  "QUOTA_EXCEEDED",
];
