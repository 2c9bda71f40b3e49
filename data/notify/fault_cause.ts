/**
 * The cause of a fault for the log of the service. Errors of servers and libraries may quote addresses
 * of people, and URLs that hold secrets; the log shows neither.
 *
 * @module
 */

/** A cause: fields of an error that the log may show. */
export interface LoggedCause {
  /** The class of the error. */
  readonly name: string;
  /** Its code, such as `ECONNREFUSED`; absent if it has none. */
  readonly code?: string;
  /** Its message. */
  readonly message: string;
  /** Where it was thrown. */
  readonly stack?: string;
  /** Its own cause; absent if it has none. */
  readonly cause?: LoggedCause;
}

/** How many causes of causes are shown. */
const DEPTH_MAX = 4;
/** The most characters of a text. */
const TEXT_MAX = 2_000;

/** What the log shows of a cause; undefined for none. */
export function loggedCause(cause: unknown, depth = 1): LoggedCause | undefined {
  if (cause === undefined || cause === null) return undefined;
  if (!(cause instanceof Error)) return { name: typeof cause, message: masked(String(cause)) };
  const { name, message, stack } = cause;
  const code = "code" in cause && typeof cause.code === "string" ? { code: cause.code } : {};
  const deeper = depth < DEPTH_MAX ? loggedCause(cause.cause, depth + 1) : undefined;
  return {
    name,
    ...code,
    message: masked(message),
    ...(stack === undefined ? {} : { stack: masked(stack) }),
    ...(deeper === undefined ? {} : { cause: deeper }),
  };
}

/** A text without what comes after the host of a URL, and without e-mail addresses. */
function masked(text: string): string {
  return text.slice(0, TEXT_MAX)
    .replaceAll(/\b(https?|smtps?|s3):\/\/(?:[^\s/@]*@)?([^\s/?#"')]+)[^\s"')]*/g, "$1://$2/…")
    .replaceAll(/[^\s<>"'(),:;]+@[^\s<>"'(),:;]+/g, "…@…");
}
