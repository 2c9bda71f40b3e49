/**
 * The steps of a write to S3, as a proxy distinguishes them.
 *
 * @module
 */

import type { ProxiedRequest } from "./fault_proxy.ts";

/** The steps of writing objects, in one request and in parts. */
export const WRITE_STEPS = ["create", "upload part", "complete", "put", "head"] as const;

/** A step. */
export type S3Step = typeof WRITE_STEPS[number] | "abort" | "get" | "list" | "remove";

/** The step that a request belongs to. */
export function s3StepOf({ method, target }: ProxiedRequest): S3Step {
  const { pathname, searchParams: query } = new URL(target, "http://x");
  const isBucket = pathname.split("/").length < 3;
  switch (method) {
    case "POST":
      return query.has("uploads") ? "create" : "complete";
    case "PUT":
      return query.has("uploadId") ? "upload part" : "put";
    case "HEAD":
      return "head";
    case "DELETE":
      return query.has("uploadId") ? "abort" : "remove";
    default:
      return isBucket ? "list" : "get";
  }
}
