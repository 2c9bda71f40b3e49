/**
 * Routes that requests reach without the router and its context. These cost more than most of what a
 * message of a device needs.
 *
 * @module
 */

import type { Context, Hono } from "hono";
import type { GuardedHandler } from "./guarded_routes.ts";

/** Answers a request, with what the server knows of its connection. */
type Fetch = Hono["fetch"];

/** Lets a route answer: afterwards the context has the answer. */
export type AnswerRoute = (c: Context) => Promise<void> | void;

/** Lets a route answer within what all requests have in common. */
export type RequestFrame = (c: Context, answer: AnswerRoute) => Promise<Response>;

/** A route without parameters. Its handler uses only what {@link directContext} has. */
export interface DirectRoute {
  /** The method. */
  readonly method: string;
  /** The path. */
  readonly path: string;
  /** What answers. */
  readonly handler: GuardedHandler;
}

/** Passes requests for a route to its handler, within the frame of the app, and all others to the app. */
export function withDirectRoute(
  { method, path, handler }: DirectRoute,
  frame: RequestFrame,
  app: Fetch,
): Fetch {
  const answerWith = (c: Context, answer: Response) => void (c.res = answer);
  const run = (c: Context) => {
    const answer = handler(c);
    return answer instanceof Response
      ? answerWith(c, answer)
      : answer.then((later) => answerWith(c, later));
  };

  return (request, ...rest) =>
    request.method === method && hasPath(request.url, path)
      ? frame(directContext(request, { path, env: rest[0] }), run)
      : app(request, ...rest);
}

/** Whether a URL has this path, and nothing after it. */
function hasPath(url: string, path: string): boolean {
  return url.endsWith(path) &&
    url.indexOf("/", url.indexOf("://") + 3) === url.length - path.length;
}

/** The properties that a direct context may have. */
interface Direct {
  readonly known: Record<string, unknown>;
}

// The methods of all direct contexts, as functions of its own would cost each of them.
function get(this: Direct, name: string): unknown {
  return this.known[name];
}
function set(this: Direct, name: string, value: unknown): void {
  this.known[name] = value;
}
function header(this: { readonly raw: Request }, name: string): string | null {
  return this.raw.headers.get(name);
}

/** What the frame, the guard and the handler of a direct route need of a context. */
function directContext(
  raw: Request,
  { path, env }: { path: string; env: unknown },
): Context {
  const context = {
    req: { raw, path, method: raw.method, header },
    env: env ?? {},
    get,
    set,
    // Named here, as an object that grows costs more.
    known: {
      address: undefined,
      audit: undefined,
      caller: undefined,
      callerNow: undefined,
      countRequest: undefined,
      isPage: undefined,
      limitHeaders: undefined,
      refusal: undefined,
      requireStillAllowed: undefined,
      route: undefined,
    },
    res: undefined,
  };
  // The rest of a context is for routes with parameters, and for pages.
  return context as unknown as Context;
}
