/**
 * The body of error responses, and when the service sends each error code.
 *
 * @module
 */

import { z } from "zod";
import type { ErrorCode } from "../../data/app_error.ts";
import type { HeaderName } from "./answer_headers.ts";

/** A code that a response can carry. The others appear only in jobs and in `GET /ready`. */
export type AnsweredCode = Exclude<
  ErrorCode,
  "JOB_ABANDONED" | "OBJECTS_KEPT" | "STORAGE_FULL" | "SERIES_REMOVED" | "WORKER_NOT_RUNNING"
>;

/** When the service answers with each code, in Markdown. */
export const PROBLEM_TEXTS: Readonly<Record<AnsweredCode, string>> = {
  INVALID_REQUEST: "The request breaks at least one rule; `errors` lists all of them.",
  MALFORMED_BODY: "The body does not match its media type, or the upload broke off.",
  UNSUPPORTED_MEDIA_TYPE: "The service does not accept this media type, charset or content coding.",
  BODY_TOO_LARGE: "The body is too long.",
  LENGTH_REQUIRED:
    "The body has no `Content-Length`, and arrives faster than the service reads it. " +
    "What was stored stays; send it again with `Content-Length`.",
  REQUEST_TIMEOUT: "Nothing of the body arrived for a minute, or the upload was slow while " +
    "most places were taken. What was stored stays.",
  TOO_MANY_UPLOADS: "As many uploads run as may run at once, all together or yours. Retry after " +
    "`Retry-After`.",
  UNAUTHENTICATED: "The service needs a valid key, and the request has none.",
  FORBIDDEN:
    "The key does not have the scope that the operation needs, or may not touch what the " +
    "request would change; `detail` says which.",
  LINK_INVALID:
    "The address is no link of this service: it was changed, or its secret was replaced; " +
    "or who made it may not read the file any more.",
  LINK_EXPIRED: "The link was valid until the time that `detail` names.",
  ISSUER_UNAVAILABLE: "The keys of the issuer of your token cannot be read at the moment, so the " +
    "token cannot be checked; retry after `Retry-After`.",
  KEYS_UNAVAILABLE: "The service cannot read its keys at the moment.",
  KEY_NOT_FOUND: "There is no such key.",
  KEY_FIXED: "The key is revoked, or it is the setting `ADMIN_KEY`. It cannot change.",
  WEBHOOK_NOT_FOUND: "There is no such webhook.",
  DELIVERY_NOT_FOUND: "The webhook has no such delivery, or it is not kept any more.",
  TOO_MANY_WEBHOOKS: "There are as many webhooks as there can be.",
  WEBHOOKS_OFF: "The setting `WEBHOOKS` is `off`.",
  LAST_ADMIN_KEY: "No other key has the scope `admin`, so nobody could make keys afterwards.",
  TOO_MANY_KEYS: "There are as many keys as there can be.",
  ROUTE_NOT_FOUND: "There is nothing at this address.",
  METHOD_NOT_ALLOWED: "The path does not accept this method; `Allow` lists the methods it accepts.",
  PRECONDITION_FAILED: "The file does not match `If-Match` or `If-Unmodified-Since`.",
  RANGE_NOT_SATISFIABLE: "The range lies outside the file.",
  IDEMPOTENCY_KEY_REUSED: "An earlier request with other content used this key.",
  SMART_METER_NOT_FOUND: "There are no readings of this meter.",
  DEVICE_NOT_FOUND: "There is no such device.",
  STORE_NOT_FOUND: "There are no polls, hours or time zone of this store.",
  DEVICE_PROFILE_FIXED: "The device has readings, so its profile cannot change.",
  PROFILE_NOT_FOUND: "There is no such profile.",
  PROFILE_FIXED: "The profile is built in. It can be neither changed nor deleted.",
  PROFILE_IN_USE:
    "A device or meter has the profile. It cannot be deleted, and only changes that " +
    "keep the meaning of stored readings are possible; `errors` lists the others.",
  ALERT_NOT_FOUND: "There is no such alert.",
  TOO_MANY_ALERTS: "There are as many alerts as there can be.",
  MAINTENANCE_WINDOW_NOT_FOUND: "There is no such maintenance window.",
  TOO_MANY_MAINTENANCE_WINDOWS: "There are as many maintenance windows as there can be.",
  METER_PROFILE_FIXED:
    "The meter has readings, or they are being imported; its profile cannot change.",
  ID_TAKEN: "A meter has this id and profile, or a device has; they would share their readings.",
  TOO_MANY_PROFILES: "There are as many profiles as there can be, or as the key can make.",
  PRESET_NOT_FOUND: "You saved no preset of this name.",
  PRESET_FIXED: "A built-in preset has this name. Take another one.",
  TOO_MANY_PRESETS: "You have as many presets as you can have. Delete some.",
  CONTINUOUS_EXPORT_NOT_FOUND: "This device has no continuous export.",
  SCHEDULE_NOT_FOUND: "There is no such schedule, or it does not exist for your key.",
  SCHEDULE_STOPPED: "The key that made the schedule may not export any more, so it cannot run.",
  TOO_MANY_SCHEDULES: "You have as many schedules as you can have. Delete some.",
  RATE_LIMITED: "You or the device send too often. Nothing was stored; retry after `Retry-After`.",
  DELIVERY_NOT_CONFIGURED:
    "The service lacks a setting that `notify` or `deliver` needs; `errors` " +
    "names each.",
  JOBS_LIMITED:
    "As many of your jobs wait as may wait at the same time. Retry when one of them has started.",
  QUOTA_EXCEEDED: "You have stored as much as you may store. Delete something first.",
  JOB_NOT_FOUND: "There is no job with this id, or its record was deleted.",
  EXPORT_NOT_READY: "The export is pending and has no file yet.",
  EXPORT_EXPIRED: "The file has expired and was deleted.",
  EXPORT_FAILED: "The export failed and has no file; its status gives the reason.",
  EXPORT_CANCELLED: "The export was cancelled and has no file.",
  REPORT_NOT_FOUND: "There is no report with this id, or its record was deleted.",
  REPORT_NOT_READY: "The report is still being generated and has no file yet.",
  REPORT_EXPIRED: "The file has expired and was deleted.",
  REPORT_FAILED: "The report failed and has no file; its status gives the reason.",
  STORED_DATA_DAMAGED: "Stored readings that the request needs are damaged; `detail` names the " +
    "series and the day. Readings of other days can be read.",
  STORAGE_UNAVAILABLE: "The file store is unavailable at the moment.",
  SERIES_BUSY: "Other requests keep writing to the same meter or store. Records stored so far " +
    "stay; send the same request again later.",
  DATABASE_UNAVAILABLE: "The database does not answer; retry after `Retry-After`. What the " +
    "request stores may have been stored already.",
  SERVICE_STOPPING: "The service is stopping and accepts no new requests; retry after " +
    "`Retry-After`.",
  PAGE_NOT_INSTALLED: "The package with the files of this page is not installed here.",
  INTERNAL_ERROR: "Something went wrong in the service; its log names the cause.",
};

/** Headers that identify the version of a file. */
const OF_A_FILE: readonly HeaderName[] = [
  "ETag",
  "Last-Modified",
  "Accept-Ranges",
  "Cache-Control",
];

/** Headers that problems of a code always have. */
export const PROBLEM_HEADERS: Readonly<Partial<Record<AnsweredCode, readonly HeaderName[]>>> = {
  UNAUTHENTICATED: ["WWW-Authenticate"],
  FORBIDDEN: ["WWW-Authenticate"],
  ISSUER_UNAVAILABLE: ["Retry-After"],
  KEYS_UNAVAILABLE: ["Retry-After"],
  METHOD_NOT_ALLOWED: ["Allow"],
  PRECONDITION_FAILED: OF_A_FILE,
  RANGE_NOT_SATISFIABLE: [...OF_A_FILE, "Content-Range"],
  DATABASE_UNAVAILABLE: ["Retry-After"],
  SERVICE_STOPPING: ["Retry-After"],
  JOBS_LIMITED: ["Retry-After"],
  QUOTA_EXCEEDED: ["Retry-After"],
  TOO_MANY_UPLOADS: ["Retry-After"],
  RATE_LIMITED: ["Retry-After", "RateLimit-Policy", "RateLimit"],
};

/** Headers that problems of a code sometimes have. */
export const MAY_HAVE: Readonly<Partial<Record<AnsweredCode, readonly HeaderName[]>>> = {
  // If the headers with the key are the fault.
  INVALID_REQUEST: ["WWW-Authenticate"],
};

/** One fault of a request. */
export const fieldErrorSchema: z.ZodType = z.strictObject({
  pointer: z.string().meta({
    description: "The place of the fault: a JSON Pointer (RFC 6901) into the body, or `#` and " +
      "the name of a parameter or header, or `#line=` and a line number.",
    examples: ["/end_datetime"],
  }),
  detail: z.string().meta({
    description: "What is wrong.",
    examples: ["end_datetime must be after start_datetime"],
  }),
  value: z.unknown().optional().meta({ description: "The value you sent, shortened." }),
  rule: z.string().optional().meta({ description: "The rule that the value breaks." }),
}).meta({ description: "One fault of a request." });

/** The body of every error response. */
export const problemSchema: z.ZodType = z.strictObject({
  type: z.string().regex(/^urn:openwatts:problem:[a-z-]+$/).meta({
    description: "A URN for the kind of problem. It identifies, it does not resolve.",
  }),
  title: z.string().meta({ description: "The kind of problem in a few words." }),
  status: z.int().min(400).max(599).meta({ description: "The HTTP status." }),
  code: z.enum(Object.keys(PROBLEM_TEXTS)).meta({
    description: "The kind of problem as a stable name to branch on.",
  }),
  detail: z.string().meta({ description: "One sentence that covers everything that is wrong." }),
  details: z.string().optional().meta({ description: "A second sentence." }),
  errors: z.array(fieldErrorSchema).min(1).optional().meta({
    description: "Every fault of the request, at most 100.",
  }),
  stored: z.record(z.string(), z.int().min(0)).optional().meta({
    description: "Counts of what the request stored before it failed, by the names that a " +
      "successful answer has. It stays stored.",
  }),
  request_id: z.string().min(1).max(128).optional().meta({
    description: "The id of the request, as in `X-Request-Id` and in the log of the service.",
  }),
}).meta({ description: "The body of every error response (RFC 9457)." });
