/**
 * Recognizes browsers by the session that they began when they signed in.
 *
 * @module
 */

import { openToken, sessionHash } from "../../data/access/session_seal.ts";
import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";
import { getSession } from "../../kv/access/sessions.ts";
import type { Authenticator, Recognized } from "./authenticator.ts";
import { isOwnRequest } from "./same_origin.ts";
import { sessionIdOf } from "./session_cookie.ts";

/** What the authenticator needs. */
export interface SessionAuthenticatorDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get">;
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/**
 * Recognizes sessions. Their key or token is checked by the ways through which it can come, with each
 * request: a session has no rights of its own.
 */
export function sessionAuthenticator(
  ways: readonly Authenticator[],
  { kv, publicUrl, now, log }: SessionAuthenticatorDeps,
): Authenticator {
  async function recognize(id: string, request: Request, address: string): Promise<Recognized> {
    let token: string | null;
    try {
      const session = await getSession(kv, sessionHash(id), now());
      token = session === null ? null : openToken(id, session.sealed);
    } catch (error) {
      log("error", "sessions unavailable", { error });
      return new AppError("KEYS_UNAVAILABLE", "Sessions cannot be read now; try again");
    }
    if (token === null) return new AppError("UNAUTHENTICATED", ENDED);
    for (const way of ways) {
      const found = await way.authenticate({ request, token, address });
      if (found !== null) return found;
    }
    return new AppError("UNAUTHENTICATED", ENDED);
  }

  return {
    authenticate({ request, token, address }) {
      if (token !== null) return null;
      const id = sessionIdOf(request);
      if (id === null) return null;
      if (!isOwnRequest(request, publicUrl)) return new AppError("UNAUTHENTICATED", FOREIGN);
      return recognize(id, request, address);
    },
  };
}

const ENDED = "The session has ended; sign in again";
const FOREIGN = "A session counts only for requests of the pages of this service";
