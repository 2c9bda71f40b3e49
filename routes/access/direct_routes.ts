/**
 * Routes that requests reach without the router and its context. These cost more than most of what a
 * message of a device needs.
 *
 * @module
 */

import type { Context, Hono, MiddlewareHandler } from "hono";
import type { GuardedHandler } from "./guarded_routes.ts";

/** Answers a request, with what the server knows of its connection. */
type Fetch = Hono["fetch"];

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
  frame: MiddlewareHandler,
  app: Fetch,
): Fetch {
  async function answer(request: Request, env: unknown): Promise<Response> {
    const c = directContext(request, { path, env });
    await frame(c, async () => {
      c.res = await handler(c);
    });
    return c.res;
  }

  return (request, ...rest) =>
    request.method === method && hasPath(request.url, path)
      ? answer(request, rest[0])
      : app(request, ...rest);
}

/** Whether a URL has this path, and nothing after it. */
function hasPath(url: string, path: string): boolean {
  return url.endsWith(path) &&
    url.indexOf("/", url.indexOf("://") + 3) === url.length - path.length;
}

/** What the frame, the guard and the handler of a direct route need of a context. */
function directContext(
  raw: Request,
  { path, env }: { path: string; env: unknown },
): Context {
  const known = new Map<string, unknown>();
  const req = { raw, path, method: raw.method, header: (name: string) => raw.headers.get(name) };
  const context = {
    req,
    env: env ?? {},
    get: (name: string) => known.get(name),
    set: (name: string, value: unknown) => void known.set(name, value),
    res: undefined,
  };
  // The rest of a context is for routes with parameters, and for pages.
  return context as unknown as Context;
}
