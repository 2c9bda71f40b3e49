/**
 * What all requests have in common, around the route that answers.
 *
 * It is one function, not a layer for each thing: every layer is a function and a few promises for each
 * request, and together they cost more than storing a reading.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import { accountOf } from "../data/access/account.ts";
import type { LimitSettings } from "../data/limit_settings.ts";
import { currentRequestId, runForRequest } from "../data/request_context.ts";
import type { Audit } from "../kv/audit/audit.ts";
import { authenticate } from "./access/authenticate.ts";
import type { Authenticator } from "./access/authenticator.ts";
import { limitRequests } from "./access/limit_requests.ts";
import { addressOf } from "./http/address.ts";
import { type AnswerLimitOptions, refusalWhileAway } from "./http/answer_limit.ts";
import { allowOrigin, preflightAnswer } from "./http/cors.ts";
import { boundBodies } from "./http/request_body.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "./http/request_id.ts";
import { secured } from "./http/security_headers.ts";
import { type RequestWatchDeps, watchRequest } from "./http/watch_requests.ts";

/** What requests have in common. */
export interface FrameDeps extends RequestWatchDeps {
  /** The ways to prove who one is; null if authentication is off. */
  readonly authenticators: readonly Authenticator[] | null;
  /** What callers may send. */
  readonly limits: LimitSettings;
  /** Origins whose pages may read answers. */
  readonly corsOrigins: readonly string[];
  /** How long calls of the database have waited without any answer, milliseconds. */
  readonly waitingMs?: AnswerLimitOptions["waitingMs"];
  /** Records who changes what. */
  readonly audit: Pick<Audit, "begin" | "record">;
}

/** What the app does where no route answers. */
export interface FrameAnswers {
  /** Answers an error. */
  error(thrown: unknown, c: Context): Promise<Response>;
  /** Whether a path is one without parameters that has another method: then no route may answer. */
  isHidden(c: Context): boolean;
}

/** Puts the frame around requests. */
export function requestFrame(deps: FrameDeps, answers: FrameAnswers): MiddlewareHandler {
  const { corsOrigins, limits, now, waitingMs, audit } = deps;
  const setCaller = authenticate(deps.authenticators);
  const limit = limitRequests({ rate: limits.requestRate, now });
  const bound = boundBodies(limits, {
    now,
    uploaderOf: (c) => ({
      who: accountOf(c.get("caller")),
      bytesAtOnce: c.get("caller").limits?.uploadBytesAtOnce ?? null,
    }),
  });

  /** Sets who sends a request, and lets a route answer; or answers itself. */
  function enter(c: Context): Response | Promise<void> | undefined {
    const { raw } = c.req;
    const early = corsOrigins.length === 0 ? null : preflightAnswer(raw, corsOrigins);
    if (early !== null) return early;
    const refusal = waitingMs === undefined ? null : refusalWhileAway(c.req.path, waitingMs);
    if (refusal !== null) return refusal;
    c.set("address", addressOf(raw, c.env, limits.trustedProxies));
    c.set("audit", audit);
    return setCaller(c);
  }

  async function run(c: Context, next: () => Promise<void>, id: string): Promise<void> {
    const { raw } = c.req;
    const running = watchRequest(deps, c);
    try {
      const afterAnswer = bound(c);
      let limitHeaders: ReturnType<typeof limit> = null;
      try {
        const entered = enter(c);
        if (entered instanceof Response) c.res = entered;
        else {
          if (entered !== undefined) await entered;
          limitHeaders = limit(c);
          if (answers.isHidden(c)) c.res = await c.notFound();
          else await next();
        }
      } catch (thrown) {
        // The errors of most routes are answered by Hono already.
        c.res = await answers.error(thrown, c);
      }
      afterAnswer?.();
      const answer = secured(c.res);
      if (answer !== c.res) c.res = answer;
      // Hono copies an answer that is set again.
      const { headers } = c.res;
      if (limitHeaders !== null) addLimit(headers, limitHeaders());
      allowOrigin(headers, raw, corsOrigins);
      headers.set(REQUEST_ID_HEADER, id);
    } finally {
      running.end();
    }
    running.note(c.res.status);
  }

  return (c, next) => {
    const id = currentRequestId() ?? requestIdOf(c.req.raw.headers);
    return runForRequest(id, () => run(c, next, id));
  };
}

/** Adds the headers of a limit, unless there are those of a device. */
function addLimit(headers: Headers, limit: Readonly<Record<string, string>>): void {
  if (headers.has("ratelimit")) return;
  for (const [name, value] of Object.entries(limit)) headers.set(name, value);
}
