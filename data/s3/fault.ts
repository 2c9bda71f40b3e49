/**
 * Faults of requests to S3: what they mean, and whether a retry may help.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import { xmlText } from "./xml.ts";

/** The fault of a failed request. */
export interface S3Fault {
  /** The HTTP status; null if there was no answer. */
  readonly status: number | null;
  /** The error code of S3 (`NoSuchKey`); "" if there is none. */
  readonly code: string;
  /** The fault in words, without the request: `503 SlowDown: Please reduce your rate`. */
  readonly text: string;
  /** How long the server asks to wait before a retry, milliseconds; 0 by default. */
  readonly retryAfterMs: number;
  /** What was thrown, if there was no answer. */
  readonly cause?: unknown;
}

/** The cause of an error that S3 answered: it names the request, and is logged. */
export class S3Refusal extends Error {
  /** The error code of S3 (`NoSuchKey`); "" if there is none. */
  readonly code: string;

  /** Creates it. */
  constructor(message: string, { code, cause }: Pick<S3Fault, "code" | "cause">) {
    super(message, { cause });
    this.code = code;
  }
}

const PASSING_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** Codes that some servers send with 400, or inside a 200, although a retry helps. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "RequestTimeout",
  "SlowDown",
  "InternalError",
  "ServiceUnavailable",
]);
const FULL_CODES: ReadonlySet<string> = new Set(["QuotaExceeded", "XMinioStorageFull"]);

/** The fault in an answer. */
export function answeredFault(response: Response, body: string): S3Fault {
  const error = /<Error[\s>]/.test(body) ? body : "";
  const code = xmlText(error, "Code") ?? "";
  const message = xmlText(error, "Message") ?? "";
  return {
    status: response.status,
    code,
    // Never the whole body, as some servers put the signed text and the id of the key into it.
    text: `${response.status}${code && ` ${code}`}${message && `: ${message.slice(0, 300)}`}`,
    retryAfterMs: retryAfterMs(response.headers.get("retry-after")),
  };
}

/** The fault of a request without an answer. */
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
 * The error for a fault. Message and details contain only what users may know. The cause, which is
 * logged, contains endpoint, bucket and key.
 */
export function s3Error(request: string, fault: S3Fault): AppError {
  const cause = new S3Refusal(`${request}: ${fault.text}`, fault);
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

/** `Retry-After` in seconds (RFC 9110 §10.2.3). The form with a date is rare here and ignored. */
function retryAfterMs(text: string | null): number {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : 0;
}
