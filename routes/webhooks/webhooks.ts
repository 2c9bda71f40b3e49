/**
 * Webhooks over HTTP: make, list, get, change, delete and test them, and give them new secrets.
 *
 * @module
 */

import type { Context } from "hono";
import { z } from "zod";
import { webhookTarget } from "../../data/events/target.ts";
import type { Webhook } from "../../data/events/webhook.ts";
import { AppError, type FieldError } from "../../data/app_error.ts";
import { JSON_BODY_MAX_BYTES, KEY_GRACE_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { DeliveryFault, type Sent } from "../../data/notify/channel.ts";
import { checkTargetUrl } from "../../data/notify/target_url.ts";
import {
  sendWebhook,
  TEST_TYPE,
  type WebhookChannelDeps,
  webhookPayload,
} from "../../data/notify/webhook_channel.ts";
import { instantText } from "../../data/time/time_text.ts";
import { lookStage, wakeTarget } from "../../jobs/notify/webhook_contract.ts";
import { getTarget } from "../../kv/events/targets.ts";
import { type WebhookStore, withNewSecret } from "../../kv/webhooks/webhooks.ts";
import { noteAuditChange, noteAuditDetails, noteAuditSubject } from "../access/audited.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { fieldErrors, parameterErrors, readJson, readOptionalJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { limitText } from "../openapi/list_query.ts";
import { type WebhookDeliveryDeps, webhookDeliveryRoutes } from "./deliveries.ts";
import {
  type ShownWebhookBody,
  WEBHOOK_ID_PATTERN,
  WEBHOOK_ID_RULE,
  type WebhookBody,
  webhookChange,
  type WebhookListBody,
  webhookRequest,
  webhookRotation,
  type WebhookTestBody,
} from "./schemas.ts";
import { maySeeWebhook } from "../notify/see_webhook.ts";
import { visibleWebhook, webhookNotFound } from "./visible_webhook.ts";
import { changedWebhook, settingsBody, targetOfRequest, webhookBody } from "./webhook_body.ts";

/** What the routes need. */
export interface WebhookDeps extends WebhookDeliveryDeps {
  /** The database. */
  readonly kv: WebhookDeliveryDeps["kv"];
  /** The webhooks. */
  readonly webhooks: WebhookStore;
  /** How requests to webhooks are sent. */
  readonly sending: Omit<WebhookChannelDeps, "findWebhook" | "linkTo">;
  /** Whether webhooks can be made. */
  readonly hasWebhooks: boolean;
  /** The log. */
  readonly log: Log;
}

/** The query of `GET /api/webhooks`. */
const listQuery = z.strictObject({
  limit: limitText,
  cursor: z.string().regex(WEBHOOK_ID_PATTERN, `cursor must be ${WEBHOOK_ID_RULE}`).optional(),
});

/** The routes under `/api/webhooks`. */
export function webhookRoutes(deps: WebhookDeps): GuardedRoutes {
  const { webhooks, now, log, kv } = deps;
  const find = (c: Context, id: string) => visibleWebhook(webhooks, c.get("caller"), id);
  return guardedRoutes()
    .post("/api/webhooks", async (c) => {
      requireOn(deps);
      const given = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const body = parsed(webhookRequest, given, urlErrors(given, deps));
      const webhook = await webhooks.create(targetOfRequest(body), c.get("caller"));
      noteAuditSubject(c, "webhook", webhook.id);
      noteAuditChange(c, null, settingsBody(webhook));
      log("info", "webhook made", { webhookId: webhook.id });
      return await shownAnswer(c, deps, { webhook, status: 201 });
    })
    .get("/api/webhooks", (c) => listAnswer(c, deps))
    .get("/api/webhooks/:id", async (c) => {
      c.header("cache-control", "no-store");
      return c.json(await bodyOf(deps, await find(c, c.req.param("id"))));
    })
    .patch("/api/webhooks/:id", async (c) => {
      const { id } = await find(c, c.req.param("id"));
      const given = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const body = parsed(webhookChange, given, urlErrors(given, deps));
      const webhook = await webhooks.change(id, (before) => {
        const after = changedWebhook(body, before, now());
        noteAuditChange(c, settingsBody(before), settingsBody(after));
        return after;
      });
      if (webhook === null) throw webhookNotFound(id);
      // A receiver that was mended is tried at once.
      if (webhook.state === "active") await wakeTarget(kv, webhookTarget(id), now());
      deps.pokeEvents();
      c.header("cache-control", "no-store");
      return c.json(await bodyOf(deps, webhook));
    })
    .delete("/api/webhooks/:id", async (c) => {
      const { id } = await find(c, c.req.param("id"));
      // The job that finds the webhook gone deletes its deliveries.
      await webhooks.remove(id, lookStage(webhookTarget(id), now()));
      deps.pokeEvents();
      log("info", "webhook deleted", { webhookId: id });
      return c.body(null, 204);
    })
    .post("/api/webhooks/:id/rotate", async (c) => {
      const { id } = await find(c, c.req.param("id"));
      const given = await readOptionalJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const body = parsed(webhookRotation, given === undefined ? {} : given);
      const graceMs = body.grace_seconds === undefined ? KEY_GRACE_MS : body.grace_seconds * 1_000;
      const webhook = await webhooks.change(id, (before) => withNewSecret(before, now() + graceMs));
      if (webhook === null) throw webhookNotFound(id);
      noteAuditDetails(c, { grace_seconds: graceMs / 1_000 });
      return await shownAnswer(c, deps, { webhook, status: 200 });
    })
    .post("/api/webhooks/:id/test", async (c) => {
      requireOn(deps);
      const webhook = await find(c, c.req.param("id"));
      c.header("cache-control", "no-store");
      return c.json(await sendTest(deps, webhook, c.req.raw.signal));
    })
    .route("/", webhookDeliveryRoutes(deps));
}

async function listAnswer(c: Context, deps: WebhookDeps): Promise<Response> {
  const query = listQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, cursor = "" } = query.data;
  const caller = c.get("caller");
  const all = (await deps.webhooks.list())
    .filter((webhook) => webhook.id > cursor && maySeeWebhook(caller, webhook));
  const page = all.slice(0, limit);
  const next = all.length > limit
    ? `/api/webhooks?limit=${limit}&cursor=${page[limit - 1].id}`
    : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  c.header("cache-control", "no-store");
  const webhooks = await Promise.all(page.map((webhook) => bodyOf(deps, webhook)));
  return c.json({ webhooks, next } satisfies WebhookListBody);
}

async function bodyOf({ webhooks, kv, now }: WebhookDeps, webhook: Webhook): Promise<WebhookBody> {
  const [caller, { value }] = await Promise.all([
    webhooks.callerOf(webhook),
    getTarget(kv, webhookTarget(webhook.id)),
  ]);
  const { failingSinceMs } = value;
  return webhookBody(webhook, { isAllowed: caller !== null, failingSinceMs, nowMs: now() });
}

/** The only answers that hold a secret. No cache may keep them. */
async function shownAnswer(
  c: Context,
  deps: WebhookDeps,
  { webhook, status }: { webhook: Webhook; status: 200 | 201 },
): Promise<Response> {
  c.header("cache-control", "no-store");
  const body = { ...await bodyOf(deps, webhook), secret: webhook.secret };
  return c.json(body satisfies ShownWebhookBody, status);
}

/** Sends a test now, whatever the state of the webhook, and says what came back. */
async function sendTest(
  { sending, now, kv, pokeEvents }: WebhookDeps,
  webhook: Webhook,
  signal: AbortSignal,
): Promise<WebhookTestBody> {
  const nowMs = now();
  const subject = { kind: "webhook", id: webhook.id } as const;
  const id = `evt_${crypto.randomUUID().replaceAll("-", "")}`;
  const data = { webhook_id: webhook.id, message: "This is a test" };
  const payload = webhookPayload({ id, type: TEST_TYPE, subject, atMs: nowMs, data });
  let sent: Sent, error: string | null = null;
  try {
    sent = await sendWebhook(sending, { webhook, payload, nowMs }, signal);
    if (webhook.state === "active") await wakeTarget(kv, webhookTarget(webhook.id), nowMs);
    pokeEvents();
  } catch (thrown) {
    if (!(thrown instanceof DeliveryFault)) throw thrown;
    sent = thrown;
    error = thrown.message;
  }
  const { request, status, answer } = sent;
  const took_ms = Math.max(0, now() - nowMs);
  const met = { at: instantText(nowMs), took_ms, request, status, answer, error };
  return { delivered: error === null, event_id: id, ...met };
}

function requireOn({ hasWebhooks }: WebhookDeps): void {
  if (hasWebhooks) return;
  throw new AppError("WEBHOOKS_OFF", "Webhooks need the setting WEBHOOKS=on, and it is off");
}

/** What is wrong with the URL of a body besides its form. */
function urlErrors(body: unknown, { sending }: WebhookDeps): FieldError[] {
  const given = typeof body === "object" && body !== null ? Reflect.get(body, "url") : undefined;
  const { data: url } = webhookRequest.shape.url.safeParse(given);
  const problem = url === undefined ? null : checkTargetUrl(url, sending.allowPrivate);
  if (url === undefined || problem === null) return [];
  return [{ pointer: "/url", detail: `url ${problem}`, value: url.slice(0, 100) }];
}

/** The body. Everything that is wrong is refused at once: its form, and the errors that were found. */
function parsed<T>(schema: z.ZodType<T>, body: unknown, found: readonly FieldError[] = []): T {
  const result = schema.safeParse(body);
  const errors = [...result.success ? [] : fieldErrors(result.error, body), ...found];
  if (!result.success || errors.length > 0) throw invalidRequest(errors);
  return result.data;
}
