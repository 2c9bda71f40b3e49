/**
 * Routes that ask the table of rules before they answer. All routes are made with it.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import type { BlankEnv } from "hono/types";
import { AppError } from "../../data/app_error.ts";
import type { Caller } from "../../data/access/caller.ts";
import { auditRefusal, runAudited } from "./audited.ts";
import { problemResponse, PROBLEMS } from "../http/problem.ts";
import type { Method, RouteRule } from "./route_rule.ts";
import { type PathOf, type RouteName, ruleOf } from "./route_rules.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** Whether the request is for a page or a part of one; undefined if it is not, or nothing is there. */
    isPage: true | undefined;
    /** The template of the route that answers; undefined if there is none. */
    route: string | undefined;
  }
}

/** Answers a request. */
export type RouteHandler<P extends string> = (
  c: Context<BlankEnv, P>,
) => Response | Promise<Response>;

type Add<M extends Method> = <P extends PathOf<M>>(
  path: P,
  handler: RouteHandler<P>,
) => GuardedRoutes;

/** Routes, each of which has its rule in the table. */
export interface GuardedRoutes {
  /** Adds a route for GET, and so for HEAD. */
  readonly get: Add<"GET">;
  /** Adds a route for POST. */
  readonly post: Add<"POST">;
  /** Adds a route for PUT. */
  readonly put: Add<"PUT">;
  /** Adds a route for PATCH. */
  readonly patch: Add<"PATCH">;
  /** Adds a route for DELETE. */
  readonly delete: Add<"DELETE">;
  /** Adds the routes of another part. */
  route(path: "/", other: GuardedRoutes): GuardedRoutes;
  /** All of them, for the app. */
  readonly hono: Hono;
  /** What answers at a path of these routes, without the routes of other parts. */
  find<M extends Method>(method: M, path: PathOf<M>): GuardedHandler | undefined;
}

/** Answers a request, after asking the rule of its route. */
export type GuardedHandler = (c: Context) => Response | Promise<Response>;

/** Words the answer to a caller who may not use a route. */
export type Refuse = (
  error: AppError,
  headers: Record<string, string>,
  c: Context,
) => Response | Promise<Response>;

/** A set of routes without any. `refuse` is for clients that do not read problems. */
export function guardedRoutes(refuse: Refuse = problemResponse): GuardedRoutes {
  const hono = new Hono();
  const handlers = new Map<string, GuardedHandler>();

  function add<M extends Method>(method: M): Add<M> {
    return (path, handler) => {
      // The type of `path` says that the table has this name.
      const rule = ruleOf(`${method} ${path}` as RouteName);
      const guarded: GuardedHandler = (c) => {
        if (rule.isPage === true) c.set("isPage", true);
        c.set("route", path);
        // Whoever sends wrong credentials makes work also where others are free.
        const isFree = rule.isUnlimited === true && !isRefused(c);
        const limited = isFree ? null : c.get("countRequest")?.() ?? null;
        if (limited !== null) return refuse(limited.error, limited.headers, c);
        const refusal = rule.scope === "public"
          ? null
          : refusalOf(rule, c.get("caller"), c.get("refusal"));
        if (refusal === null) {
          // Keys alone can be revoked.
          if (rule.scope !== "public" && c.get("caller").actor.kind === "key") {
            c.set("requireStillAllowed", () => requireStillAllowed(c, rule));
          }
          const own = c as Context<BlankEnv, typeof path>;
          if (rule.audited === undefined) return handler(own);
          return runAudited(c, path, rule.audited, () => handler(own));
        }
        auditRefusal(c, path, { rule, code: refusal.error.code });
        return refuse(refusal.error, refusal.headers, c);
      };
      handlers.set(`${method} ${path}`, guarded);
      hono.on(method, path, guarded);
      return routes;
    };
  }

  const routes: GuardedRoutes = {
    get: add("GET"),
    post: add("POST"),
    put: add("PUT"),
    patch: add("PATCH"),
    delete: add("DELETE"),
    route(path, other) {
      hono.route(path, other.hono);
      return routes;
    },
    hono,
    find: (method, path) => handlers.get(`${method} ${path}`),
  };
  return routes;
}

/** Whether the request has credentials that do not count; not if they cannot be checked now. */
export function isRefused(c: Context): boolean {
  const refusal = c.get("refusal");
  return refusal !== undefined && PROBLEMS[refusal.code].status < 500;
}

/**
 * Refuses a caller whose key lost its rights while the request runs. A token of an issuer cannot be
 * revoked, and an upload may take longer than it is valid: it counts as it did at the beginning.
 */
async function requireStillAllowed(c: Context, rule: RouteRule): Promise<void> {
  const { patterns } = c.get("caller");
  const found = await c.get("callerNow")();
  if (found instanceof AppError) throw found;
  const refusal = refusalOf(rule, found, undefined);
  if (refusal !== null) throw refusal.error;
  if (JSON.stringify(found.patterns) === JSON.stringify(patterns)) return;
  throw new AppError("FORBIDDEN", "The ids that your key may touch have changed meanwhile", {
    details: "Send the request again",
  });
}

/** Why a caller may not use a route, and the headers that say what would help (RFC 6750). */
interface Refusal {
  readonly error: AppError;
  readonly headers: Record<string, string>;
}

function refusalOf(
  { scope }: RouteRule,
  { actor, scopes }: Caller,
  invalid: AppError | undefined,
): Refusal | null {
  if (scope === "public" || (scope === "any" ? scopes.size > 0 : scopes.has(scope))) return null;
  if (invalid !== undefined) return { error: invalid, headers: headersOf(invalid) };
  if (actor.kind === "anonymous") {
    const detail = "This needs a key: send it as Authorization: Bearer or as X-API-Key";
    const error = new AppError("UNAUTHENTICATED", detail);
    return { error, headers: challenge("") };
  }
  if (scope === "any") {
    return {
      error: new AppError("FORBIDDEN", "Your key or token has no scope, so it may use nothing"),
      headers: challenge(', error="insufficient_scope"'),
    };
  }
  const detail = `This needs the scope ${scope}, which your key does not have`;
  return {
    error: new AppError("FORBIDDEN", detail),
    headers: challenge(`, error="insufficient_scope", scope="${scope}"`),
  };
}

/** The headers for credentials that do not count, or that cannot be checked now. */
function headersOf({ code }: AppError): Record<string, string> {
  if (PROBLEMS[code].status >= 500) return { "retry-after": RETRY_SECONDS };
  const kind = code === "UNAUTHENTICATED" ? "invalid_token" : "invalid_request";
  return challenge(`, error="${kind}"`);
}

/** How to authenticate, and what was wrong (RFC 6750, section 3). */
function challenge(fault: string): Record<string, string> {
  return { "www-authenticate": `Bearer realm="openwatts"${fault}` };
}

/** When to try again if credentials cannot be checked: issuers and databases take a while. */
const RETRY_SECONDS = "5";
