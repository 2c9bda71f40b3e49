/**
 * Errors as `application/problem+json` (RFC 9457).
 *
 * @module
 */

import { withoutSecrets } from "../../data/access/key_text.ts";
import { currentRequestId } from "../../data/request_context.ts";
import { AppError, type ErrorCode, type FieldError } from "../../data/app_error.ts";

interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

/** The HTTP status and title of each code. */
export const PROBLEMS: Readonly<Record<ErrorCode, ProblemKind>> = {
  INVALID_REQUEST: { status: 400, title: "Invalid request" },
  MALFORMED_BODY: { status: 400, title: "Malformed body" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: "Unsupported media type" },
  BODY_TOO_LARGE: { status: 413, title: "Body too large" },
  LENGTH_REQUIRED: { status: 411, title: "Length required" },
  REQUEST_TIMEOUT: { status: 408, title: "Request timeout" },
  TOO_MANY_UPLOADS: { status: 503, title: "Too many uploads" },
  UNAUTHENTICATED: { status: 401, title: "Unauthenticated" },
  FORBIDDEN: { status: 403, title: "Forbidden" },
  LINK_INVALID: { status: 403, title: "Link invalid" },
  LINK_EXPIRED: { status: 403, title: "Link expired" },
  ISSUER_UNAVAILABLE: { status: 503, title: "Issuer unavailable" },
  KEYS_UNAVAILABLE: { status: 503, title: "Keys unavailable" },
  KEY_NOT_FOUND: { status: 404, title: "Key not found" },
  KEY_FIXED: { status: 409, title: "Key fixed" },
  LAST_ADMIN_KEY: { status: 409, title: "Last admin key" },
  TOO_MANY_KEYS: { status: 409, title: "Too many keys" },
  ROUTE_NOT_FOUND: { status: 404, title: "Not found" },
  METHOD_NOT_ALLOWED: { status: 405, title: "Method not allowed" },
  PRECONDITION_FAILED: { status: 412, title: "Precondition failed" },
  RANGE_NOT_SATISFIABLE: { status: 416, title: "Range not satisfiable" },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: "Idempotency key reused" },
  SMART_METER_NOT_FOUND: { status: 404, title: "Smart meter not found" },
  DEVICE_NOT_FOUND: { status: 404, title: "Device not found" },
  CONTINUOUS_EXPORT_NOT_FOUND: { status: 404, title: "Continuous export not found" },
  STORE_NOT_FOUND: { status: 404, title: "Store not found" },
  DEVICE_PROFILE_FIXED: { status: 409, title: "Profile fixed" },
  PROFILE_NOT_FOUND: { status: 404, title: "Profile not found" },
  PROFILE_FIXED: { status: 409, title: "Profile built in" },
  PROFILE_IN_USE: { status: 409, title: "Profile in use" },
  METER_PROFILE_FIXED: { status: 409, title: "Profile of the meter fixed" },
  ID_TAKEN: { status: 409, title: "Id taken" },
  TOO_MANY_PROFILES: { status: 409, title: "Too many profiles" },
  PRESET_NOT_FOUND: { status: 404, title: "Preset not found" },
  PRESET_FIXED: { status: 409, title: "Preset built in" },
  TOO_MANY_PRESETS: { status: 409, title: "Too many presets" },
  WEBHOOK_NOT_FOUND: { status: 404, title: "Webhook not found" },
  DELIVERY_NOT_FOUND: { status: 404, title: "Delivery not found" },
  TOO_MANY_WEBHOOKS: { status: 409, title: "Too many webhooks" },
  WEBHOOKS_OFF: { status: 400, title: "Webhooks are off" },
  ALERT_NOT_FOUND: { status: 404, title: "Alert not found" },
  TOO_MANY_ALERTS: { status: 409, title: "Too many alerts" },
  MAINTENANCE_WINDOW_NOT_FOUND: { status: 404, title: "Maintenance window not found" },
  TOO_MANY_MAINTENANCE_WINDOWS: { status: 409, title: "Too many maintenance windows" },
  SCHEDULE_NOT_FOUND: { status: 404, title: "Schedule not found" },
  SCHEDULE_STOPPED: { status: 409, title: "Schedule stopped" },
  TOO_MANY_SCHEDULES: { status: 409, title: "Too many schedules" },
  RATE_LIMITED: { status: 429, title: "Rate limit exceeded" },
  DELIVERY_NOT_CONFIGURED: { status: 400, title: "Delivery not configured" },
  JOBS_LIMITED: { status: 429, title: "Too many jobs" },
  QUOTA_EXCEEDED: { status: 429, title: "Quota exceeded" },
  JOB_NOT_FOUND: { status: 404, title: "Job not found" },
  EXPORT_NOT_READY: { status: 404, title: "Export not ready" },
  EXPORT_EXPIRED: { status: 410, title: "Export expired" },
  EXPORT_FAILED: { status: 404, title: "Export failed" },
  EXPORT_CANCELLED: { status: 404, title: "Export cancelled" },
  REPORT_NOT_FOUND: { status: 404, title: "Report not found" },
  REPORT_NOT_READY: { status: 404, title: "Report not ready" },
  REPORT_EXPIRED: { status: 410, title: "Report expired" },
  REPORT_FAILED: { status: 404, title: "Report failed" },
  JOB_ABANDONED: { status: 500, title: "Job abandoned" },
  OBJECTS_KEPT: { status: 409, title: "Objects kept" },
  STORED_DATA_DAMAGED: { status: 500, title: "Stored data damaged" },
  DATABASE_UNAVAILABLE: { status: 503, title: "Database unavailable" },
  STORAGE_FULL: { status: 507, title: "Storage full" },
  STORAGE_UNAVAILABLE: { status: 503, title: "Storage unavailable" },
  SERIES_REMOVED: { status: 404, title: "Series removed" },
  SERIES_BUSY: { status: 503, title: "Series busy" },
  SERVICE_STOPPING: { status: 503, title: "Service stopping" },
  WORKER_NOT_RUNNING: { status: 503, title: "Worker not running" },
  PAGE_NOT_INSTALLED: { status: 404, title: "Page not installed" },
  INTERNAL_ERROR: { status: 500, title: "Internal error" },
};

/** When to try again after a problem that passes by itself, seconds; for those without another time. */
const RETRY_AFTER_SECONDS: Readonly<Partial<Record<ErrorCode, number>>> = {
  DATABASE_UNAVAILABLE: 5,
  JOBS_LIMITED: 10,
  QUOTA_EXCEEDED: 60,
  TOO_MANY_UPLOADS: 5,
};

/** What is said of an error without a code, whose message is not for callers. */
export const UNEXPECTED_DETAIL = "An unexpected error occurred; it has been logged";

/** The error as an answer. An error without a code is answered without its message. */
export function problemResponse(error: unknown, headers: HeadersInit = {}): Response {
  const known = error instanceof AppError
    ? error
    : new AppError("INTERNAL_ERROR", UNEXPECTED_DETAIL);
  const answer = new Headers(headers);
  answer.set("content-type", "application/problem+json");
  const { status } = PROBLEMS[known.code];
  const retryAfter = retryAfterSeconds(known);
  if (retryAfter !== null && !answer.has("retry-after")) {
    answer.set("retry-after", String(retryAfter));
  }
  for (const [name, value] of Object.entries(challengeOf(known))) {
    if (!answer.has(name)) answer.set(name, value);
  }
  const requestId = currentRequestId();
  const body = {
    ...problemBody(known),
    ...(requestId === undefined ? {} : { request_id: requestId }),
  };
  return new Response(withoutSecrets(JSON.stringify(body)), { status, headers: answer });
}

/** Whether an error is a fault of the service, which is logged. Being busy is none. */
export function isFault(error: unknown): boolean {
  return !(error instanceof AppError) ||
    (PROBLEMS[error.code].status >= 500 && error.code !== "TOO_MANY_UPLOADS");
}

/** How to authenticate, for a caller whose credentials do not count (RFC 6750, section 3). */
export function challengeOf(error: unknown): Record<string, string> {
  if (!(error instanceof AppError) || error.code !== "UNAUTHENTICATED") return {};
  return { "www-authenticate": `Bearer realm="openwatts", error="invalid_token"` };
}

/** When to send a request again that failed with this error, seconds; null if that is not known. */
export function retryAfterSeconds(error: unknown): number | null {
  return error instanceof AppError ? RETRY_AFTER_SECONDS[error.code] ?? null : null;
}

/** The error as the body of an answer. */
export function problemBody(
  { code, message, details, errors, stored }: AppError,
): Record<string, unknown> {
  const { status, title } = PROBLEMS[code];
  return {
    type: `urn:openwatts:problem:${code.toLowerCase().replaceAll("_", "-")}`,
    title,
    status,
    code,
    detail: message,
    ...(details === "" ? {} : { details }),
    ...(errors.length === 0 ? {} : { errors }),
    ...(stored === null ? {} : { stored }),
  };
}

/** The most errors in one answer: nobody fixes more by hand. */
const MAX_ERRORS = 100;

/**
 * One error that lists everything wrong with a request, at most 100 items, and names them in its
 * message. `more` is a sentence about what to do.
 */
export function invalidRequest(all: readonly FieldError[], more = ""): AppError {
  const errors = all.slice(0, MAX_ERRORS);
  const details = [...new Set(errors.map(({ detail }) => detail))];
  if (all.length > errors.length) details.push(`${all.length - errors.length} more errors`);
  const message = details.length === 1
    ? details[0]
    : details.map((detail) => detail.replace(/\.$/, "")).join("; ");
  return new AppError("INVALID_REQUEST", message, { details: more, errors });
}
