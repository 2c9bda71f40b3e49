/**
 * Finds out who sends a request, before any route sees it.
 *
 * It refuses nothing: public routes answer everyone, also with a wrong key. The routes that need a
 * scope refuse (`routes/access/guarded_routes.ts`), with the reason that is kept here.
 *
 * @module
 */

import type { Context } from "hono";
import { anonymousCaller, type Caller, unknownCaller } from "../../data/access/caller.ts";
import { AppError } from "../../data/app_error.ts";
import type { Authenticator, Presented, Recognized } from "./authenticator.ts";
import { INVALID_KEY } from "./key_authenticator.ts";
import { presentedToken } from "./presented_token.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** Who sends the request. */
    caller: Caller;
    /**
     * Finds out again who sends the request, for requests and answers that go on: a key may be revoked
     * meanwhile. Gives the reason if the credentials do not count any more.
     */
    callerNow: () => Promise<Caller | AppError>;
    /** Why the credentials of the request do not count; undefined if they do, or there are none. */
    refusal: AppError | undefined;
  }
}

/** How many addresses without a key are known at once, as most requests come from few. */
const MAX_ADDRESSES = 1_000;

/** Who sends requests from an address where everyone may do everything. */
interface Anonymous {
  readonly caller: Caller;
  readonly callerNow: () => Promise<Caller>;
}

/** Sets who sends a request. Most callers are known at once; otherwise it has to be awaited. */
export type SetCaller = (c: Context) => Promise<void> | undefined;

/**
 * Finds out who sends a request. Without authenticators, everyone may do everything.
 *
 * @param authenticators The ways to prove who one is; null if authentication is off.
 */
export function authenticate(authenticators: readonly Authenticator[] | null): SetCaller {
  if (authenticators === null) {
    const known = new Map<string, Anonymous>();
    return (c) => {
      const address = c.get("address");
      let anonymous = known.get(address);
      if (anonymous === undefined) {
        if (known.size === MAX_ADDRESSES) known.clear();
        known.set(address, anonymous = anonymousAt(address));
      }
      c.set("caller", anonymous.caller);
      c.set("callerNow", anonymous.callerNow);
      return undefined;
    };
  }
  return (c) => {
    const { req: { raw: request } } = c;
    const address = c.get("address");
    const token = presentedToken(request);
    const recognize = () =>
      token instanceof AppError
        ? token
        : firstRecognized(authenticators, { request, token, address });
    c.set("callerNow", async () => (await recognize()) ?? unknownCaller(address));
    const found = recognize();
    if (found instanceof Promise) return found.then((later) => setCaller(c, later));
    setCaller(c, found);
    return undefined;
  };
}

function anonymousAt(address: string): Anonymous {
  const caller = anonymousCaller(address);
  return { caller, callerNow: () => Promise.resolve(caller) };
}

function setCaller(c: Context, found: Recognized): void {
  if (found instanceof AppError) c.set("refusal", found);
  c.set("caller", callerOf(found, c.get("address")));
}

function callerOf(recognized: Recognized, address: string): Caller {
  return recognized === null || recognized instanceof AppError
    ? unknownCaller(address)
    : recognized;
}

/** The first answer that is not null, from the authenticator at `first` on. */
function firstRecognized(
  authenticators: readonly Authenticator[],
  presented: Presented,
  first = 0,
): Recognized | Promise<Recognized> {
  for (let index = first; index < authenticators.length; index++) {
    const found = authenticators[index].authenticate(presented);
    if (found instanceof Promise) {
      return found.then((later) => later ?? firstRecognized(authenticators, presented, index + 1));
    }
    if (found !== null) return found;
  }
  if (presented.token === null) return null;
  return new AppError("UNAUTHENTICATED", INVALID_KEY);
}
