/**
 * How targets fail that users name.
 *
 * @module
 */

import type { Target } from "./target_url.ts";

/** An answer. */
export interface GuardedAnswer {
  /** Its status, of any class. */
  readonly status: number;
  /** Its headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its first bytes, as they were sent: `Content-Encoding` is not undone. */
  readonly answer: Uint8Array;
  /** How long the whole took, milliseconds. */
  readonly tookMs: number;
}

/** What failed. */
export type TargetFaultCode =
  | "NAME_NOT_RESOLVED"
  | "NOT_CONNECTED"
  | "TLS_FAILED"
  | "TIMED_OUT"
  | "ANSWER_BROKEN";

/** The target, or the way to it, failed. */
export class TargetFault extends Error {
  /** The name of the class. */
  override readonly name = "TargetFault";
  /** What failed. */
  readonly code: TargetFaultCode;
  /** What had arrived of the answer; null if its status had not. */
  readonly partial: GuardedAnswer | null;

  /** Creates a fault with a sentence for people. */
  constructor(
    code: TargetFaultCode,
    message: string,
    { partial = null, cause }: { partial?: GuardedAnswer | null; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.partial = partial;
  }
}

/** The target is none that the service may connect to. */
export class AddressRefused extends Error {
  /** The name of the class. */
  override readonly name = "AddressRefused";
  /** The code in logs. */
  readonly code = "ADDRESS_REFUSED";
}

/** The fault of a target that took longer than `timeoutMs`. */
export function timedOut(
  { host }: Target,
  timeoutMs: number,
  partial: GuardedAnswer | null,
): TargetFault {
  const what = partial === null ? "did not answer" : "did not end its answer";
  return new TargetFault("TIMED_OUT", `${host} ${what} within ${timeoutMs / 1_000} s`, { partial });
}

/** Codes of errors before a connection stands. */
const NOT_CONNECTED =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT|EACCES|EPERM)$/;
/** Codes of errors of certificates and of the handshake of TLS. */
const TLS_FAILED = /SSL|TLS|CERT|SIGNATURE|ISSUER|HANDSHAKE|EPROTO/;

/** The fault that an error of a connection, or its early end, stands for. */
export function answerFault(
  { host, port }: Target,
  cause: unknown,
  partial: GuardedAnswer | null,
): TargetFault {
  const code = codeOf(cause);
  if (NOT_CONNECTED.test(code)) {
    return new TargetFault("NOT_CONNECTED", `${host}:${port} cannot be reached: ${code}`, {
      cause,
    });
  }
  if (TLS_FAILED.test(code)) {
    const { message } = cause as Error;
    return new TargetFault("TLS_FAILED", `${host}:${port} has no valid TLS: ${message}`, { cause });
  }
  const what = partial === null ? "broke off before its answer" : "broke off in its answer";
  return new TargetFault("ANSWER_BROKEN", `${host} ${what}`, { partial, cause });
}

/** The code of an error; of several attempts that failed, that of the last. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors.at(-1));
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
