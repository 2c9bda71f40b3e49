/**
 * The port through which a way to prove who sends a request is plugged in: keys, tokens of an
 * OpenID provider, signed links.
 *
 * @module
 */

import type { AppError } from "../../data/app_error.ts";
import type { Caller } from "../../data/access/caller.ts";

/** A request, and what its headers present as proof. */
export interface Presented {
  /** The request. */
  readonly request: Request;
  /** The key or token of `Authorization` or `X-API-Key`; null if neither is there. */
  readonly token: string | null;
  /** The address of the client. */
  readonly address: string;
}

/**
 * The caller; or why what is presented does not count; or null if it is nothing that this way knows.
 * The first answer that is not null counts.
 */
export type Recognized = Caller | AppError | null;

/** One way to prove who sends a request. */
export interface Authenticator {
  /** Recognizes the caller. It answers at once where it needs no I/O, as requests wait for it. */
  authenticate(presented: Presented): Recognized | Promise<Recognized>;
}
