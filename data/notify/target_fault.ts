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

/** The fault of an answer that broke off, or broke the rules of HTTP. */
export function brokenAnswer(
  { host }: Target,
  partial: GuardedAnswer | null,
  cause?: unknown,
): TargetFault {
  const what = partial === null ? "gave no whole answer" : "broke off in its answer";
  return new TargetFault("ANSWER_BROKEN", `${host} ${what}`, { partial, cause });
}
