/**
 * What every upload documents the same way: its content coding, and a body that is a file.
 *
 * @module
 */

import { z } from "zod";
import type { Parameter } from "./operation.ts";
import type { AnsweredCode } from "./problem_schema.ts";

/** `Content-Encoding` of an upload. */
export const contentEncoding: Parameter = {
  in: "header",
  name: "Content-Encoding",
  description: "`gzip` (one or several members) or `identity`.",
  schema: z.enum(["gzip", "x-gzip", "identity"])
    .meta({ id: "ContentEncoding", description: "How the body is compressed." }),
  example: "gzip",
};

/** The problems of every upload. */
export const UPLOAD_PROBLEMS: readonly AnsweredCode[] = [
  "MALFORMED_BODY",
  "BODY_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "TOO_MANY_UPLOADS",
];

/** A body that clients send as a file: text in UTF-8, of any length. */
export function uploadText(description: string): z.ZodString {
  return z.string().min(1).meta({ description, format: "binary" });
}
