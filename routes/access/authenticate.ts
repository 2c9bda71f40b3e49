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
      c.set("caller", anonymousCaller(c.get("address")));
      return next();
    };
  }
  return async (c, next) => {
    const { req: { raw: request } } = c;
    const address = c.get("address");
    const token = presentedToken(request);
    const found = token instanceof AppError
      ? token
      : await firstRecognized(authenticators, { request, token, address });
    if (found instanceof AppError) c.set("refusal", found);
    c.set("caller", found === null || found instanceof AppError ? unknownCaller(address) : found);
    await next();
  };
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
