/**
 * Keys over HTTP: make, list, get, change, revoke them, and give them new secrets.
 *
 * @module
 */

import type { Context } from "hono";
import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import { callerOfKey, type Key } from "../../data/access/key.ts";
import { KEY_ID_PATTERN, KEY_ID_RULE } from "../../data/access/key_text.ts";
import { grantProblems } from "../../data/access/key_rules.ts";
import { JSON_BODY_MAX_BYTES, KEY_GRACE_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { ShownKey } from "../../kv/access/key_changes.ts";
import type { KeyStore } from "../../kv/access/keys.ts";
import { fieldErrors, parameterErrors, readJson, readOptionalJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { limitText } from "../openapi/list_query.ts";
import { noteAuditChange, noteAuditDetails, noteAuditSubject } from "./audited.ts";
import { type GuardedRoutes, guardedRoutes } from "./guarded_routes.ts";
import { changedGrant, grantBody, grantOf, keyBody } from "./key_body.ts";
import {
  keyChange,
  type KeyDetail,
  type KeyListBody,
  keyRequest,
  keyRotation,
  type ShownKeyBody,
} from "./schemas.ts";
import { type UsageDeps, usageOf } from "./usage.ts";

/** What the routes need. */
export interface KeyDeps extends UsageDeps {
  /** The keys. */
  readonly keys: Omit<KeyStore, "verify" | keyof AsyncDisposable>;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** The query of `GET /api/keys`. */
const keyListQuery = z.strictObject({
  limit: limitText,
  cursor: z.string().regex(KEY_ID_PATTERN, `cursor must be ${KEY_ID_RULE}`).optional(),
  state: z.enum(["active", "expired", "revoked"], "state must be active, expired or revoked")
    .optional(),
});

/** The routes under `/api/keys`. */
export function keyRoutes(deps: KeyDeps): GuardedRoutes {
  const { keys, now, log } = deps;
  return guardedRoutes()
    .post("/api/keys", async (c) => {
      const grant = grantOf(parsed(keyRequest, await readJson(c.req.raw, JSON_BODY_MAX_BYTES)));
      requireValid(grant, now());
      const shown = await keys.create({ ...grant, createdBy: c.get("caller").owner });
      noteAuditSubject(c, "key", shown.key.id);
      noteAuditChange(c, null, grantBody(shown.key));
      log("info", "key created", { keyId: shown.key.id, scopes: shown.key.scopes });
      return shownAnswer(c, shown, { nowMs: now(), status: 201 });
    })
    .get("/api/keys", (c) => listAnswer(c, deps))
    .get("/api/keys/:id", async (c) => {
      const id = keyId(c.req.param("id"));
      const key = await keys.get(id);
      if (key === null) throw new AppError("KEY_NOT_FOUND", `There is no key ${id}`);
      return await keyAnswer(c, deps, key);
    })
    .patch("/api/keys/:id", async (c) => {
      const id = keyId(c.req.param("id"));
      const body = parsed(keyChange, await readJson(c.req.raw, JSON_BODY_MAX_BYTES));
      const key = await keys.change(id, (before) => {
        const after = changedGrant(body, before);
        noteAuditChange(c, grantBody(before), grantBody(after));
        // A time that is over may stay; only a new one must be in the future.
        requireValid(body.expires_at === undefined ? { ...after, expiresMs: null } : after, now());
        return after;
      });
      log("info", "key changed", { keyId: id });
      return await keyAnswer(c, deps, key);
    })
    .delete("/api/keys/:id", async (c) => {
      const id = keyId(c.req.param("id"));
      await keys.revoke(id);
      log("info", "key revoked", { keyId: id });
      return c.body(null, 204);
    })
    .post("/api/keys/:id/rotate", async (c) => {
      const id = keyId(c.req.param("id"));
      const given = await readOptionalJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const body = given === undefined ? {} : given;
      const { grace_seconds: graceSeconds } = parsed(keyRotation, body);
      const graceMs = graceSeconds === undefined ? KEY_GRACE_MS : graceSeconds * 1_000;
      const shown = await keys.rotate(id, graceMs);
      noteAuditDetails(c, { grace_seconds: graceMs / 1_000 });
      log("info", "key rotated", { keyId: id, graceMs });
      return shownAnswer(c, shown, { nowMs: now(), status: 200 });
    });
}

async function listAnswer(c: Context, { keys, now }: KeyDeps): Promise<Response> {
  const query = keyListQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, cursor = "", state } = query.data;
  const [all, uses] = await Promise.all([keys.list(), keys.listUses()]);
  const bodies = all.filter(({ id }) => id > cursor)
    .map((key) => keyBody(key, { usedMs: uses.get(key.id), nowMs: now() }))
    .filter((body) => state === undefined || body.state === state);
  const page = bodies.slice(0, limit);
  const filter = state === undefined ? "" : `&state=${state}`;
  const next = bodies.length > limit
    ? `/api/keys?limit=${limit}&cursor=${page[limit - 1].id}${filter}`
    : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  c.header("cache-control", "no-store");
  return c.json({ keys: page, next } satisfies KeyListBody);
}

async function keyAnswer(c: Context, deps: KeyDeps, key: Key): Promise<Response> {
  const { owner, limits } = callerOfKey(key);
  const [uses, usage] = await Promise.all([deps.keys.listUses(), usageOf(deps, owner, limits)]);
  c.header("cache-control", "no-store");
  const body = keyBody(key, { usedMs: uses.get(key.id), nowMs: deps.now() });
  return c.json({ ...body, usage } satisfies KeyDetail);
}

/** The only answers that hold a key. No cache may keep them. */
function shownAnswer(
  c: Context,
  { key, text }: ShownKey,
  { nowMs, status }: { nowMs: number; status: 200 | 201 },
): Response {
  c.header("cache-control", "no-store");
  return c.json({ ...keyBody(key, { nowMs }), key: text } satisfies ShownKeyBody, status);
}

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw invalidRequest(fieldErrors(result.error, body));
  return result.data;
}

function requireValid(grant: Parameters<typeof grantProblems>[0], nowMs: number): void {
  const problems = grantProblems(grant, nowMs);
  if (problems.length > 0) throw invalidRequest(problems);
}

function keyId(id: string): string {
  if (KEY_ID_PATTERN.test(id)) return id;
  // It is not quoted: it may be a whole key.
  throw invalidRequest([{ pointer: "#id", detail: `The key's id must be ${KEY_ID_RULE}` }]);
}
