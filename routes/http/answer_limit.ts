/**
 * Answers requests for a database that does not answer: those that wait for it, and those that come
 * while it is away.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { runForRequest } from "../../data/request_context.ts";
import { allowOrigin } from "./cors.ts";
import { problemResponse } from "./problem.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "./request_id.ts";
import { secured } from "./security_headers.ts";
import { noteAnswer } from "./watch_requests.ts";

/** How long a request waits for the database, milliseconds. */
const WAIT_MS = 6_000;
/** How often a request that takes longer looks again, milliseconds. */
const LOOK_MS = 1_000;
/** What is answered all the same: programs that watch ask there, and files need no database. */
const ALWAYS_ANSWERED = /^\/(?:(?:health|ready|metrics)$|(?:docs\/)?assets\/)/;

/** What decides. */
export interface AnswerLimitOptions {
  /** How long calls of the database have waited without any answer, milliseconds. */
  readonly waitingMs: () => number;
  /** Origins whose pages may read answers. */
  readonly corsOrigins: readonly string[];
  /** How long a request waits for the database, milliseconds; 6,000 by default. */
  readonly waitMs?: number;
}

/**
 * Passes requests to a handler. While the database does not answer, those that have no answer after a few
 * seconds get 503. What they asked for may still be done once it is back.
 */
export function limitWaiting(
  handler: Deno.ServeHandler,
  { waitingMs, corsOrigins, waitMs = WAIT_MS }: AnswerLimitOptions,
): Deno.ServeHandler {
  return (request, info) => {
    // The answer here and the one of the handler have the same id, and so have their log records.
    const id = requestIdOf(request.headers);
    return runForRequest(id, () => answerInTime(request, info, id));
  };

  async function answerInTime(
    request: Request,
    info: Deno.ServeHandlerInfo,
    id: string,
  ): Promise<Response> {
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const look = () => {
      if (waitingMs() >= waitMs) resolve(null);
      else timer = setTimeout(look, Math.min(LOOK_MS, waitMs));
    };
    let timer = setTimeout(look, waitMs);
    try {
      const answering = Promise.resolve(handler(request, info));
      const answer = await Promise.race([answering, late]);
      if (answer !== null) return answer;
      // Nobody reads the answer that comes too late.
      answering.then((response) => response.body?.cancel()).catch(() => {});
      const unavailable = away(request, id, corsOrigins);
      noteAnswer(request, unavailable.status);
      return unavailable;
    } finally {
      clearTimeout(timer);
    }
  }
}

function away(request: Request, id: string, corsOrigins: readonly string[]): Response {
  const details = "Send the request again; what it stores may have been stored already";
  const answer = secured(problemResponse(unavailable(details)));
  answer.headers.set(REQUEST_ID_HEADER, id);
  allowOrigin(answer.headers, request, corsOrigins);
  return answer;
}

/**
 * Refuses a request that comes when the database has already been away as long as one waits for it; null
 * for others. A request that runs waits in the client of the database, also after its answer: without
 * this, they would grow in number during an outage, and all go on at its end.
 */
export function refusalWhileAway(
  path: string,
  waitingMs: AnswerLimitOptions["waitingMs"],
): Response | null {
  if (waitingMs() < WAIT_MS || ALWAYS_ANSWERED.test(path)) return null;
  return problemResponse(unavailable("Nothing was done; send the request again"));
}

function unavailable(details: string): AppError {
  return new AppError("DATABASE_UNAVAILABLE", "The database does not answer", { details });
}
