/**
 * Signing in by a key, and signing out.
 *
 * @module
 */

import type { Context } from "hono";
import { parseKey } from "../../data/access/key_text.ts";
import {
  newSessionId,
  sealToken,
  SESSION_ID_BYTES,
  sessionHash,
} from "../../data/access/session_seal.ts";
import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";
import type { Caller } from "../../data/access/caller.ts";
import { addSession, removeSession } from "../../kv/access/sessions.ts";
import { auditRefusal } from "../access/audited.ts";
import type { Authenticator } from "../access/authenticator.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { ruleOf } from "../access/route_rules.ts";
import { isOwnRequest } from "../access/same_origin.ts";
import {
  endedSessionCookie,
  isOverTls,
  SESSION_MS,
  sessionCookie,
  sessionIdOf,
} from "../access/session_cookie.ts";
import { readForm } from "../http/form_body.ts";
import { PROBLEMS } from "../http/problem.ts";
import type { PageContent } from "./layout.tsx";
import { ownPath } from "./own_path.ts";
import type { Pages } from "./show_page.tsx";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";

/** What signing in needs. */
export interface SignInDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "atomic">;
  /** The ways to prove who one is; null if authentication is off. */
  readonly authenticators: readonly Authenticator[] | null;
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** Tokens as headers may have them (`routes/access/presented_token.ts`). */
const TOKEN = /^[A-Za-z0-9._~+/=-]{1,8000}$/;
const DAY_MS = 86_400_000;

/** `GET` and `POST /sign-in`, `POST /sign-out`. */
export function signInRoutes(deps: SignInDeps, pages: Pages): GuardedRoutes {
  return guardedRoutes((error, headers, c) => {
    if (error.code !== "RATE_LIMITED") return pages.refuse(error, headers, c);
    return new Response(error.message, { status: PROBLEMS[error.code].status, headers });
  })
    .get("/sign-in", async (c) => {
      const view = await pages.viewOf(c);
      const to = ownPath(c.req.query("to"));
      if (!view.hasSignIn || view.caller.scopes.size > 0) return redirect(to);
      return await pages.answer(c, view, signInPage(view, { to, fault: null, status: 200 }));
    })
    .post("/sign-in", async (c) => {
      const form = await readForm(c.req.raw);
      const to = ownPath(form.get("to") ?? undefined);
      if (deps.authenticators === null) return redirect(to);
      const found = await callerOf(c, deps, form.get("key")?.trim() ?? "");
      if ("fault" in found) {
        const view = await pages.viewOf(c);
        return await pages.answer(c, view, signInPage(view, { to, ...found }));
      }
      const id = newSessionId(crypto.getRandomValues(new Uint8Array(SESSION_ID_BYTES)));
      const nowMs = deps.now();
      await addSession(deps.kv, sessionHash(id), {
        createdMs: nowMs,
        expiresMs: nowMs + SESSION_MS,
        sealed: sealToken(id, found.token),
      });
      const earlier = sessionIdOf(c.req.raw);
      if (earlier !== null) await removeSession(deps.kv, sessionHash(earlier));
      deps.log("info", "signed in", { actor: found.caller.actor.kind, id: found.caller.actor.id });
      return redirect(to, sessionCookie(id, isOverTls(c.req.raw)));
    })
    .post("/sign-out", async (c) => {
      const id = sessionIdOf(c.req.raw);
      if (id !== null && isOwnRequest(c.req.raw, deps.publicUrl)) {
        await removeSession(deps.kv, sessionHash(id));
        return redirect("/sign-in", endedSessionCookie(isOverTls(c.req.raw)));
      }
      return redirect("/");
    });
}

/** Who a key stands for; or why it does not count, with the status of the answer. */
type Found =
  | { readonly caller: Caller; readonly token: string }
  | { readonly fault: TextKey; readonly status: number };

async function callerOf(c: Context, deps: SignInDeps, token: string): Promise<Found> {
  // Otherwise another site could sign somebody in as somebody else.
  if (!isOwnRequest(c.req.raw, deps.publicUrl)) return { fault: "signin.foreign", status: 403 };
  if (token === "") return { fault: "signin.empty", status: 400 };
  const found = TOKEN.test(token) ? await recognize(c, deps, token) : null;
  if (found !== null && !(found instanceof AppError)) return { caller: found, token };
  if (found !== null && PROBLEMS[found.code].status >= 500) {
    return { fault: "signin.unavailable", status: PROBLEMS[found.code].status };
  }
  c.set("refusal", new AppError("UNAUTHENTICATED", "The key is not valid"));
  auditRefusal(c, "/sign-in", { rule: ruleOf("POST /sign-in"), code: "UNAUTHENTICATED" });
  const id = parseKey(token)?.id ?? null;
  deps.log("warn", "sign-in refused", { keyId: id, address: c.get("address") });
  return { fault: "signin.wrong", status: 401 };
}

async function recognize(
  c: Context,
  { authenticators }: SignInDeps,
  token: string,
): Promise<Caller | AppError | null> {
  const presented = { request: c.req.raw, token, address: c.get("address") };
  for (const way of authenticators ?? []) {
    const found = await way.authenticate(presented);
    if (found !== null) return found;
  }
  return null;
}

function redirect(location: string, cookie?: string): Response {
  const headers = new Headers({ location, "cache-control": "no-store" });
  if (cookie !== undefined) headers.set("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
}

function signInPage(
  { say }: View,
  { to, fault, status }: { to: string; fault: TextKey | null; status: number },
): PageContent {
  return {
    title: say("signin.title"),
    screen: null,
    status,
    hasOwnHeading: true,
    body: (
      <div class="card sign-in">
        <h1>{say("signin.title")}</h1>
        <p>{say("signin.intro")}</p>
        <form method="post" action="/sign-in">
          <input type="hidden" name="to" value={to} />
          <label for="key">{say("signin.key")}</label>
          <input
            id="key"
            name="key"
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            required
            autofocus
            aria-describedby={fault === null ? "key-hint" : "key-fault key-hint"}
            aria-invalid={fault === null ? undefined : "true"}
          />
          {fault === null ? null : <p id="key-fault" class="fault" role="alert">{say(fault)}</p>}
          <p id="key-hint" class="hint">{say("signin.key.hint", { days: SESSION_MS / DAY_MS })}</p>
          <button type="submit" class="main">{say("signin.submit")}</button>
        </form>
        <p class="hint">{say("signin.help")}</p>
      </div>
    ),
  };
}
