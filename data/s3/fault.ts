/**
 * What S3 says against a request: what it means, and whether asking again may help.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import { xmlText } from "./xml.ts";

/** A request that did not do what it should. */
export interface S3Fault {
  /** The HTTP status; null where none came. */
  readonly status: number | null;
  /** What S3 calls it (`NoSuchKey`); "" where it says nothing. */
  readonly code: string;
  /** The fault in words, without what was asked for: `503 SlowDown: Please reduce your rate`. */
  readonly text: string;
  /** Milliseconds that the server wants to be left alone for; 0 by default. */
  readonly retryAfterMs: number;
  /** What was thrown, where no answer came. */
  readonly cause?: unknown;
}

const PASSING_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** Told with 400 or inside a 200 by some servers, though asking again helps. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "RequestTimeout",
  "SlowDown",
  "InternalError",
  "ServiceUnavailable",
]);
const FULL_CODES: ReadonlySet<string> = new Set(["QuotaExceeded", "XMinioStorageFull"]);

/** The fault that an answer tells. */
export function answeredFault(response: Response, body: string): S3Fault {
  const error = /<Error[\s>]/.test(body) ? body : "";
  const code = xmlText(error, "Code") ?? "";
  const message = xmlText(error, "Message") ?? "";
  return {
    status: response.status,
    code,
    // Never the whole body: some servers put the signed text and the key's id into it.
    text: `${response.status}${code && ` ${code}`}${message && `: ${message.slice(0, 300)}`}`,
    retryAfterMs: retryAfterMs(response.headers.get("retry-after")),
  };
}

/** The fault of a request that got no answer. */
export function unansweredFault(cause: unknown, timeoutMs: number | null): S3Fault {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const text = timeoutMs === null ? reason : `no answer within ${timeoutMs} ms`;
  return { status: null, code: "", text, retryAfterMs: 0, cause };
}

/** Whether the same request may succeed later. */
export function mayPass({ status, code }: S3Fault): boolean {
  return status === null || PASSING_STATUS.has(status) || PASSING_CODES.has(code);
}

/**
 * The error of a fault. Its message and details tell no more than users may know; its cause, which
 * is logged, names endpoint, bucket and key.
 */
export function s3Error(asked: string, fault: S3Fault): AppError {
  const cause = new Error(`${asked}: ${fault.text}`, { cause: fault.cause });
  if (fault.status === 507 || FULL_CODES.has(fault.code)) {
    return new AppError("STORAGE_FULL", "The storage in S3 has no room left", {
      details: "The file could not be written for lack of space",
      cause,
    });
  }
  const answer = fault.status === null
    ? "does not answer"
    : `answered ${fault.status}${fault.code && ` ${fault.code}`}`;
  return new AppError("STORAGE_UNAVAILABLE", `S3 ${answer}`, {
    details: "The storage in S3 refused to read or write",
    cause,
  });
}

/** RFC 9110 §10.2.3 in seconds; the form with a date is rare here and counts as none. */
function retryAfterMs(text: string | null): number {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : 0;
}
