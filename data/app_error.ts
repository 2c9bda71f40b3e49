/**
 * Errors that a caller may branch on. Everything else that is thrown is a defect or a fault of the
 * machine: it is logged whole and answered without its message.
 *
 * @module
 */

/** The stable name of an error. `routes/http/problem.ts` gives each one an HTTP status. */
export type ErrorCode =
  | "INVALID_REQUEST"
  | "MALFORMED_BODY"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "BODY_TOO_LARGE"
  | "LENGTH_REQUIRED"
  | "REQUEST_TIMEOUT"
  | "TOO_MANY_UPLOADS"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "ISSUER_UNAVAILABLE"
  | "LINK_INVALID"
  | "LINK_EXPIRED"
  | "KEYS_UNAVAILABLE"
  | "KEY_NOT_FOUND"
  | "KEY_FIXED"
  | "LAST_ADMIN_KEY"
  | "TOO_MANY_KEYS"
  | "ROUTE_NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "PRECONDITION_FAILED"
  | "RANGE_NOT_SATISFIABLE"
  | "IDEMPOTENCY_KEY_REUSED"
  | "SMART_METER_NOT_FOUND"
  | "DEVICE_NOT_FOUND"
  | "STORE_NOT_FOUND"
  | "DEVICE_PROFILE_FIXED"
  | "PROFILE_NOT_FOUND"
  | "PROFILE_FIXED"
  | "PROFILE_IN_USE"
  | "TOO_MANY_PROFILES"
  | "PRESET_NOT_FOUND"
  | "PRESET_FIXED"
  | "TOO_MANY_PRESETS"
  | "ID_TAKEN"
  | "METER_PROFILE_FIXED"
  | "CONTINUOUS_EXPORT_NOT_FOUND"
  | "WEBHOOK_NOT_FOUND"
  | "DELIVERY_NOT_FOUND"
  | "TOO_MANY_WEBHOOKS"
  | "WEBHOOKS_OFF"
  | "ALERT_NOT_FOUND"
  | "TOO_MANY_ALERTS"
  | "MAINTENANCE_WINDOW_NOT_FOUND"
  | "TOO_MANY_MAINTENANCE_WINDOWS"
  | "SCHEDULE_NOT_FOUND"
  | "SCHEDULE_STOPPED"
  | "TOO_MANY_SCHEDULES"
  | "RATE_LIMITED"
  | "DELIVERY_NOT_CONFIGURED"
  | "JOBS_LIMITED"
  | "QUOTA_EXCEEDED"
  | "JOB_NOT_FOUND"
  | "EXPORT_NOT_READY"
  | "EXPORT_EXPIRED"
  | "EXPORT_FAILED"
  | "EXPORT_CANCELLED"
  | "REPORT_NOT_FOUND"
  | "REPORT_NOT_READY"
  | "REPORT_EXPIRED"
  | "REPORT_FAILED"
  | "JOB_ABANDONED"
  | "OBJECTS_KEPT"
  | "STORED_DATA_DAMAGED"
  | "DATABASE_UNAVAILABLE"
  | "STORAGE_FULL"
  | "STORAGE_UNAVAILABLE"
  | "SERIES_BUSY"
  | "SERIES_REMOVED"
  | "SERVICE_STOPPING"
  | "WORKER_NOT_RUNNING"
  | "PAGE_NOT_INSTALLED"
  | "INTERNAL_ERROR";

/** One thing that is wrong with a request: where (JSON Pointer, RFC 6901), what, and which rule. */
export interface FieldError {
  /** A JSON Pointer into the body; or `#` and a parameter, a header, or `line=` and a line number. */
  readonly pointer: string;
  /** A sentence for people. */
  readonly detail: string;
  /** The value that was sent, shortened; absent if none was. */
  readonly value?: unknown;
  /** The rule that the value breaks. */
  readonly rule?: string;
}

/** The optional parts of an {@link AppError}. */
export interface AppErrorOptions {
  /** A second sentence; never about internals. */
  readonly details?: string;
  /** Everything that is wrong with the request. */
  readonly errors?: readonly FieldError[];
  /** Counts of what the request stored before it failed; it stays stored. */
  readonly stored?: Readonly<Record<string, number>>;
  /** The cause, which is logged but never answered. */
  readonly cause?: unknown;
}

/** An error with a code. Its message and details are safe to show to clients. */
export class AppError extends Error {
  /** The stable name. */
  readonly code: ErrorCode;
  /** A second sentence, or "". */
  readonly details: string;
  /** Everything that is wrong with the request, or an empty list. */
  readonly errors: readonly FieldError[];
  /** Counts of what the request stored before it failed; null if nothing is known of it. */
  readonly stored: Readonly<Record<string, number>> | null;

  /** Creates an error with a code and a sentence for people. */
  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details ?? "";
    this.errors = options.errors ?? [];
    this.stored = options.stored ?? null;
  }
}

/** The same error with counts of what the request stored before it, and perhaps other details. */
export function withStored(
  error: AppError,
  stored: Readonly<Record<string, number>>,
  details: string = error.details,
): AppError {
  const { code, message, errors } = error;
  return new AppError(code, message, { details, errors, stored, cause: error });
}
