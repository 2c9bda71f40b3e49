/**
 * What this thread and its workers say to each other about tasks.
 *
 * @module
 */

import { AppError, type ErrorCode } from "../../data/app_error.ts";

/** To a worker. */
export type ToWorker =
  | {
    readonly kind: "begin";
    readonly task: number;
    /** The kind of work. */
    readonly work: string;
    readonly input: unknown;
  }
  | { readonly kind: "abort"; readonly task: number }
  | {
    readonly kind: "answer";
    readonly task: number;
    readonly call: number;
    readonly value: unknown;
  }
  | {
    readonly kind: "fault";
    readonly task: number;
    readonly call: number;
    readonly error: SentError;
  };

/** From a worker. */
export type FromWorker =
  | { readonly kind: "ready" }
  /** It has got the abort of a task, which may still have to clean up. */
  | { readonly kind: "aborting"; readonly task: number }
  | {
    readonly kind: "call";
    readonly task: number;
    readonly call: number;
    readonly name: string;
    readonly value: unknown;
  }
  | { readonly kind: "done"; readonly task: number; readonly value: unknown }
  | {
    readonly kind: "failed";
    readonly task: number;
    readonly error: SentError;
    /** The call whose fault this is; null if it failed by itself. */
    readonly fault: number | null;
  };

/** A value, and the memory in it that moves with it. */
export interface Sent<Value = unknown> {
  /** The value. */
  readonly value: Value;
  /** Memory that the sender does not use any more; none by default. */
  readonly moves?: Transferable[];
}

/** An error as a message has it. */
export interface SentError {
  /** The name of the error. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Where it was thrown. */
  readonly stack?: string;
  /** Its cause; null if it has none. */
  readonly cause: SentError | null;
  /** What an error with a code has besides; null for others. */
  readonly coded: Pick<AppError, "code" | "details" | "errors" | "stored"> | null;
}

/** The most causes of an error that a message has: one may be its own cause. */
const CAUSES_MAX = 5;

/** An error for a message. */
export function sentError(error: unknown, causes: number = CAUSES_MAX): SentError {
  if (!(error instanceof Error)) {
    return { name: "Error", message: String(error), cause: null, coded: null };
  }
  const { name, message, stack, cause } = error;
  const isLast = cause === undefined || cause === null || causes === 0;
  return {
    name,
    message,
    stack,
    cause: isLast ? null : sentError(cause, causes - 1),
    coded: error instanceof AppError ? codedParts(error) : null,
  };
}

/** Posts an error. If a message cannot carry it, without its details. */
export function postError(error: unknown, post: (sent: SentError) => void): void {
  const sent = sentError(error);
  try {
    post(sent);
  } catch {
    const { name, message, stack, coded } = sent;
    const plain = coded && { ...coded, errors: [], stored: null };
    post({ name, message, stack, cause: null, coded: plain });
  }
}

/** The error of a message: an AppError if it was one. */
export function receivedError({ name, message, stack, cause: sent, coded }: SentError): Error {
  const cause = sent === null ? undefined : receivedError(sent);
  const error = coded === null
    ? new Error(message, { cause })
    : new AppError(coded.code satisfies ErrorCode, message, {
      details: coded.details,
      errors: coded.errors,
      stored: coded.stored ?? undefined,
      cause,
    });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

function codedParts({ code, details, errors, stored }: AppError): SentError["coded"] {
  return { code, details, errors, stored };
}
