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
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import { parameterErrors, readJson, readOptionalJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { limitText } from "../openapi/list_query.ts";
import { type GuardedRoutes, guardedRoutes } from "./guarded_routes.ts";
import {
  changeKey,
  createKey,
  type KeyActionDeps,
  listKeys,
  requireKeyId,
  revokeKey,
  rotateKey,
} from "./key_actions.ts";
import { keyBody } from "./key_body.ts";
import type { KeyDetail, KeyListBody, ShownKeyBody } from "./schemas.ts";
import { type UsageDeps, usageOf } from "./usage.ts";

/** What the routes need. */
export interface KeyDeps extends UsageDeps, KeyActionDeps {}

/** The query of `GET /api/keys`. */
const keyListQuery = z.strictObject({
  limit: limitText,
  cursor: z.string().regex(KEY_ID_PATTERN, `cursor must be ${KEY_ID_RULE}`).optional(),
  state: z.enum(["active", "expired", "revoked"], "state must be active, expired or revoked")
    .optional(),
});

/** The routes under `/api/keys`. */
export function keyRoutes(deps: KeyDeps): GuardedRoutes {
  const { keys } = deps;
  return guardedRoutes()
    .post("/api/keys", async (c) => {
      const body = await createKey(c, deps, await readJson(c.req.raw, JSON_BODY_MAX_BYTES));
      return shownAnswer(c, body, 201);
    })
    .get("/api/keys", (c) => listAnswer(c, deps))
    .get("/api/keys/:id", async (c) => {
      const id = requireKeyId(c.req.param("id"));
      const key = await keys.get(id);
      if (key === null) throw new AppError("KEY_NOT_FOUND", `There is no key ${id}`);
      return await keyAnswer(c, deps, key);
    })
    .patch("/api/keys/:id", async (c) => {
      requireKeyId(c.req.param("id"));
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const key = await changeKey(c, deps, { id: c.req.param("id"), body });
      return await keyAnswer(c, deps, key);
    })
    .delete("/api/keys/:id", async (c) => {
      await revokeKey(deps, c.req.param("id"));
      return c.body(null, 204);
    })
    .post("/api/keys/:id/rotate", async (c) => {
      const given = await readOptionalJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const body = given === undefined ? {} : given;
      return shownAnswer(c, await rotateKey(c, deps, { id: c.req.param("id"), body }), 200);
    });
}

async function listAnswer(c: Context, deps: KeyDeps): Promise<Response> {
  const query = keyListQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, cursor = "", state } = query.data;
  const bodies = (await listKeys(deps))
    .filter((body) => body.id > cursor && (state === undefined || body.state === state));
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
function shownAnswer(c: Context, body: ShownKeyBody, status: 200 | 201): Response {
  c.header("cache-control", "no-store");
  return c.json(body, status);
}
