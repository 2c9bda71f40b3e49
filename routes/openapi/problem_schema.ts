/**
 * What problems are and when each one is answered, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import type { ErrorCode } from "../../data/app_error.ts";
import type { HeaderName } from "./answer_headers.ts";

/** A code that an answer may have. The others are told by jobs, or by `GET /ready` in words. */
export type AnsweredCode = Exclude<
  ErrorCode,
  "JOB_ABANDONED" | "STORAGE_FULL" | "SERIES_REMOVED" | "WORKER_NOT_RUNNING"
>;

/** When each code is answered, in Markdown. */
export const PROBLEM_TEXTS: Readonly<Record<AnsweredCode, string>> = {
  INVALID_REQUEST: "The request breaks a rule; `errors` lists every one.",
  MALFORMED_BODY: "The body is not what its media type says, or it broke off.",
  UNSUPPORTED_MEDIA_TYPE: "The body has a media type, charset or content coding that is not taken.",
  BODY_TOO_LARGE: "The body is longer than it may be.",
  ROUTE_NOT_FOUND: "There is nothing at this address.",
  METHOD_NOT_ALLOWED: "The path does not take this method; `Allow` lists those that it takes.",
  PRECONDITION_FAILED: "The file is not the one that `If-Match` or `If-Unmodified-Since` asks for.",
  RANGE_NOT_SATISFIABLE: "The range lies outside the file.",
  IDEMPOTENCY_KEY_REUSED: "The key was used before with another request.",
  SMART_METER_NOT_FOUND: "There are no readings of this meter.",
  DEVICE_NOT_FOUND: "There is no such device.",
  STORE_NOT_FOUND: "There are no polls, hours or time zone of this store.",
  DEVICE_PROFILE_FIXED: "The device has readings, so its profile stays as it is.",
  CONTINUOUS_EXPORT_NOT_FOUND: "There is no continuous export of this device.",
  RATE_LIMITED: "The device sends too often; ask again after `Retry-After`. Nothing was taken.",
  JOB_NOT_FOUND: "There is no export of this id, or not any more.",
  EXPORT_NOT_READY: "The export is pending, so it has no file yet.",
  EXPORT_EXPIRED: "The file was kept as long as it is kept, and deleted.",
  EXPORT_FAILED: "The export failed, so it has no file; its status says why.",
  EXPORT_CANCELLED: "The export was cancelled, so it has no file.",
  REPORT_NOT_FOUND: "There is no report of this id, or not any more.",
  REPORT_NOT_READY: "The report is still being generated, so it has no file yet.",
  REPORT_EXPIRED: "The file was kept as long as it is kept, and deleted.",
  REPORT_FAILED: "The report failed, so it has no file; its status says why.",
  STORAGE_UNAVAILABLE: "The file store cannot be used at the moment.",
  SERIES_BUSY:
    "Others keep writing the same meter or store. What was taken stays; send the same again later.",
  SERVICE_STOPPING: "The service stops and takes no new requests; ask again after `Retry-After`.",
  PAGE_NOT_INSTALLED: "This installation lacks the package with the files of the page.",
  INTERNAL_ERROR: "Something went wrong on the side of the service; its log names the cause.",
};

/** The headers of a file's validators. */
const OF_A_FILE: readonly HeaderName[] = [
  "ETag",
  "Last-Modified",
  "Accept-Ranges",
  "Cache-Control",
];

/** Headers that a problem always has. */
export const PROBLEM_HEADERS: Readonly<Partial<Record<AnsweredCode, readonly HeaderName[]>>> = {
  METHOD_NOT_ALLOWED: ["Allow"],
  PRECONDITION_FAILED: OF_A_FILE,
  RANGE_NOT_SATISFIABLE: [...OF_A_FILE, "Content-Range"],
  SERVICE_STOPPING: ["Retry-After"],
  RATE_LIMITED: ["Retry-After", "RateLimit-Policy", "RateLimit"],
};

/** One thing that is wrong with a request. */
export const fieldErrorSchema: z.ZodType = z.strictObject({
  pointer: z.string().meta({
    description: "Where: a JSON Pointer (RFC 6901) into the body; behind `#` the name of a " +
      "parameter or header, or `line=` and the number of a line.",
    examples: ["/end_datetime"],
  }),
  detail: z.string().meta({
    description: "What is wrong.",
    examples: ["end_datetime must be after start_datetime"],
  }),
  value: z.unknown().optional().meta({ description: "What was sent, shortened." }),
  rule: z.string().optional().meta({ description: "The rule that it breaks." }),
}).meta({ description: "One thing that is wrong with a request." });

/** The body of every error. */
export const problemSchema: z.ZodType = z.strictObject({
  type: z.string().regex(/^urn:openwatts:problem:[a-z-]+$/).meta({
    description: "Names the kind of problem; there is nothing to fetch.",
  }),
  title: z.string().meta({ description: "The kind of problem in a few words." }),
  status: z.int().min(400).max(599).meta({ description: "The HTTP status." }),
  code: z.enum(Object.keys(PROBLEM_TEXTS)).meta({
    description: "The stable name to branch on.",
  }),
  detail: z.string().meta({ description: "A sentence that names everything that is wrong." }),
  details: z.string().optional().meta({ description: "A second sentence." }),
  errors: z.array(fieldErrorSchema).min(1).optional().meta({
    description: "Everything that is wrong with the request.",
  }),
}).meta({ description: "What went wrong (RFC 9457)." });
