/**
 * What all requests have in common, around the route that answers.
 *
 * It is one function, not a layer for each thing: every layer is a function and a few promises for each
 * request, and together they cost more than storing a reading.
 *
 * @module
 */

import type { Context } from "hono";
import { accountOf } from "../data/access/account.ts";
import type { LimitSettings } from "../data/limit_settings.ts";
import { currentRequestId, runForRequest } from "../data/request_context.ts";
import type { Audit } from "../kv/audit/audit.ts";
import { authenticate } from "./access/authenticate.ts";
import type { Authenticator } from "./access/authenticator.ts";
import type { AnswerRoute, RequestFrame } from "./access/direct_routes.ts";
import { limitRequests } from "./access/limit_requests.ts";
import { addressOf } from "./http/address.ts";
import { type AnswerLimitOptions, refusalWhileAway } from "./http/answer_limit.ts";
import { allowOrigin, preflightAnswer } from "./http/cors.ts";
import { boundBodies } from "./http/request_body.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "./http/request_id.ts";
import { secured } from "./http/security_headers.ts";
import {
  createRequestWatch,
  type RequestWatchDeps,
  type RunningRequest,
} from "./http/watch_requests.ts";

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

/**
 * The frame around requests. Its functions are not async, as each of those keeps up to a kilobyte of a
 * request while it waits for a commit.
 */
export function requestFrame(deps: FrameDeps, answers: FrameAnswers): RequestFrame {
  const { corsOrigins, limits, now, waitingMs, audit } = deps;
  const watch = createRequestWatch(deps);
  const setCaller = authenticate(deps.authenticators);
  const limit = limitRequests({ rate: limits.requestRate, now });
  const bodies = boundBodies(limits, {
    now,
    uploaderOf: (c) => ({
      who: accountOf(c.get("caller")),
      bytesAtOnce: c.get("caller").limits?.uploadBytesAtOnce ?? null,
    }),
  });

  /** Sets who sends a request, and lets a route answer; or answers itself. */
  function enter(c: Context, run: AnswerRoute): Promise<void> | void {
    const { raw } = c.req;
    const early = corsOrigins.length === 0 ? null : preflightAnswer(raw, corsOrigins);
    if (early !== null) return answerWith(c, early);
    const refusal = waitingMs === undefined ? null : refusalWhileAway(c.req.path, waitingMs);
    if (refusal !== null) return answerWith(c, refusal);
    c.set("address", addressOf(raw, c.env, limits.trustedProxies));
    c.set("audit", audit);
    const setting = setCaller(c);
    return setting === undefined ? route(c, run) : setting.then(() => route(c, run));
  }

  function route(c: Context, run: AnswerRoute): Promise<void> | void {
    limit(c);
    if (!answers.isHidden(c)) return run(c);
    const missing = c.notFound();
    return missing instanceof Response
      ? answerWith(c, missing)
      : missing.then((answer) => answerWith(c, answer));
  }

  /** Adds what all answers have. */
  function complete(c: Context, running: RunningRequest, id: string): Response {
    const { raw } = c.req;
    try {
      bodies.leave(raw, c.env);
      const answer = secured(c.res);
      if (answer !== c.res) c.res = answer;
      // Hono copies an answer that is set again.
      const { headers } = c.res;
      const limitHeaders = c.get("limitHeaders");
      if (limitHeaders !== undefined) addLimit(headers, limitHeaders);
      allowOrigin(headers, raw, corsOrigins);
      headers.set(REQUEST_ID_HEADER, id);
    } finally {
      watch.end(running);
    }
    const { res } = c;
    watch.note(running, res.status);
    return res;
  }

  function answerError(c: Context, thrown: unknown): Promise<void> {
    // The errors of most routes are answered by Hono already.
    return answers.error(thrown, c).then((answer) => answerWith(c, answer));
  }

  function run(c: Context, answer: AnswerRoute, id: string): Promise<Response> {
    const running = watch.begin(c);
    const end = (thrown: unknown) => {
      watch.end(running);
      throw thrown;
    };
    let answering: Promise<void> | void;
    try {
      bodies.bound(c);
      answering = enter(c, answer);
    } catch (thrown) {
      answering = answerError(c, thrown);
    }
    return Promise.resolve(answering).then(
      () => complete(c, running, id),
      (thrown) => answerError(c, thrown).then(() => complete(c, running, id), end),
    );
  }

  return (c, answer) => {
    const id = currentRequestId() ?? requestIdOf(c.req.raw.headers);
    return runForRequest(id, () => run(c, answer, id));
  };
}

function answerWith(c: Context, answer: Response): void {
  c.res = answer;
}

/** Adds the headers of a limit, unless there are those of a device. */
function addLimit(headers: Headers, limit: Readonly<Record<string, string>>): void {
  if (headers.has("ratelimit")) return;
  for (const [name, value] of Object.entries(limit)) headers.set(name, value);
}
