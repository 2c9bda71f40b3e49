/**
 * Finds out who sends a request, before any route sees it.
 *
 * It refuses nothing: public routes answer everyone, also with a wrong key. The routes that need a
 * scope refuse (`routes/access/guarded_routes.ts`), with the reason that is kept here.
 *
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { anonymousCaller, type Caller, unknownCaller } from "../../data/access/caller.ts";
import { AppError } from "../../data/app_error.ts";
import type { Authenticator, Presented, Recognized } from "./authenticator.ts";
import { INVALID_KEY } from "./key_authenticator.ts";
import { presentedToken } from "./presented_token.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** Who sends the request. */
    caller: Caller;
    /** Finds out again who sends the request, for answers that go on: a key may be revoked meanwhile. */
    callerNow: () => Promise<Caller>;
    /** Why the credentials of the request do not count; undefined if they do, or there are none. */
    refusal: AppError | undefined;
  }
}

/**
 * Sets `caller`. Without authenticators, everyone may do everything.
 *
 * @param authenticators The ways to prove who one is; null if authentication is off.
 */
export function authenticate(authenticators: readonly Authenticator[] | null): MiddlewareHandler {
  if (authenticators === null) {
    return (c, next) => {
      const caller = anonymousCaller(c.get("address"));
      c.set("caller", caller);
      c.set("callerNow", () => Promise.resolve(caller));
      return next();
    };
  }
  return async (c, next) => {
    const { req: { raw: request } } = c;
    const address = c.get("address");
    const token = presentedToken(request);
    const recognize = async () =>
      token instanceof AppError
        ? token
        : await firstRecognized(authenticators, { request, token, address });
    const found = await recognize();
    if (found instanceof AppError) c.set("refusal", found);
    c.set("caller", callerOf(found, address));
    c.set("callerNow", async () => callerOf(await recognize(), address));
    await next();
  };
}

function callerOf(recognized: Recognized, address: string): Caller {
  return recognized === null || recognized instanceof AppError
    ? unknownCaller(address)
    : recognized;
}

async function firstRecognized(
  authenticators: readonly Authenticator[],
  presented: Presented,
): Promise<Recognized> {
  for (const { authenticate } of authenticators) {
    const answer = authenticate(presented);
    const recognized = answer instanceof Promise ? await answer : answer;
    if (recognized !== null) return recognized;
  }
  if (presented.token === null) return null;
  return new AppError("UNAUTHENTICATED", INVALID_KEY);
}
