/**
 * Webhooks over HTTP: make, list, get, change, delete and test them, and give them new secrets.
 *
 * @module
 */

import type { Context } from "hono";
import { z } from "zod";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { parameterErrors, readJson, readOptionalJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { limitText } from "../openapi/list_query.ts";
import { webhookDeliveryRoutes } from "./deliveries.ts";
import {
  type ShownWebhookBody,
  WEBHOOK_ID_PATTERN,
  WEBHOOK_ID_RULE,
  type WebhookListBody,
} from "./schemas.ts";
import { visibleWebhook } from "./visible_webhook.ts";
import {
  changeWebhook,
  createWebhook,
  getWebhook,
  listWebhooks,
  removeWebhook,
  requireWebhooksOn,
  rotateWebhook,
  testWebhook,
  type WebhookDeps,
} from "./webhook_actions.ts";

/** The query of `GET /api/webhooks`. */
const listQuery = z.strictObject({
  limit: limitText,
  cursor: z.string().regex(WEBHOOK_ID_PATTERN, `cursor must be ${WEBHOOK_ID_RULE}`).optional(),
});

/** The routes under `/api/webhooks`. */
export function webhookRoutes(deps: WebhookDeps): GuardedRoutes {
  return guardedRoutes()
    .post("/api/webhooks", async (c) => {
      requireWebhooksOn(deps);
      const body = await createWebhook(c, deps, await readJson(c.req.raw, JSON_BODY_MAX_BYTES));
      return shownAnswer(c, body, 201);
    })
    .get("/api/webhooks", (c) => listAnswer(c, deps))
    .get("/api/webhooks/:id", async (c) => {
      c.header("cache-control", "no-store");
      return c.json(await getWebhook(c, deps, c.req.param("id")));
    })
    .patch("/api/webhooks/:id", async (c) => {
      const { id } = await visibleWebhook(deps.webhooks, c.get("caller"), c.req.param("id"));
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const changed = await changeWebhook(c, deps, { id, body });
      c.header("cache-control", "no-store");
      return c.json(changed);
    })
    .delete("/api/webhooks/:id", async (c) => {
      await removeWebhook(c, deps, c.req.param("id"));
      return c.body(null, 204);
    })
    .post("/api/webhooks/:id/rotate", async (c) => {
      const { id } = await visibleWebhook(deps.webhooks, c.get("caller"), c.req.param("id"));
      const given = await readOptionalJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const body = given === undefined ? {} : given;
      return shownAnswer(c, await rotateWebhook(c, deps, { id, body }), 200);
    })
    .post("/api/webhooks/:id/test", async (c) => {
      const sent = await testWebhook(c, deps, c.req.param("id"));
      c.header("cache-control", "no-store");
      return c.json(sent);
    })
    .route("/", webhookDeliveryRoutes(deps));
}

async function listAnswer(c: Context, deps: WebhookDeps): Promise<Response> {
  const query = listQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, cursor = "" } = query.data;
  const { webhooks, isMore } = await listWebhooks(c, deps, { limit, cursor });
  const next = isMore ? `/api/webhooks?limit=${limit}&cursor=${webhooks[limit - 1].id}` : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  c.header("cache-control", "no-store");
  return c.json({ webhooks, next } satisfies WebhookListBody);
}

/** The only answers that hold a secret. No cache may keep them. */
function shownAnswer(c: Context, body: ShownWebhookBody, status: 200 | 201): Response {
  c.header("cache-control", "no-store");
  return c.json(body, status);
}
