/**
 * What one can do with webhooks, for the API and for pages: the same rules, audit entries and log
 * lines.
 *
 * @module
 */

import type { Context } from "hono";
import type { z } from "zod";
import { webhookTarget } from "../../data/events/target.ts";
import type { Webhook } from "../../data/events/webhook.ts";
import { AppError, type FieldError } from "../../data/app_error.ts";
import { KEY_GRACE_MS } from "../../data/limits.ts";
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
import { fieldErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { maySeeWebhook } from "../notify/see_webhook.ts";
import type { WebhookDeliveryDeps } from "./deliveries.ts";
import {
  type ShownWebhookBody,
  type WebhookBody,
  webhookChange,
  webhookRequest,
  webhookRotation,
  type WebhookTestBody,
} from "./schemas.ts";
import { visibleWebhook, webhookNotFound } from "./visible_webhook.ts";
import { changedWebhook, settingsBody, targetOfRequest, webhookBody } from "./webhook_body.ts";

/** What the routes and actions need. */
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

/** What an action needs to know: which webhook, and the body of its request. */
export interface WebhookAction {
  /** The id of the webhook. */
  readonly id: string;
  /** The body, as JSON has it. */
  readonly body: unknown;
}

/** Webhooks that exist for the caller, after an id, in the order of their ids. */
export async function listWebhooks(
  c: Context,
  deps: WebhookDeps,
  { limit, cursor }: { limit: number; cursor: string },
): Promise<{ webhooks: WebhookBody[]; isMore: boolean }> {
  const caller = c.get("caller");
  const all = (await deps.webhooks.list())
    .filter((webhook) => webhook.id > cursor && maySeeWebhook(caller, webhook));
  const page = all.slice(0, limit);
  return {
    webhooks: await Promise.all(page.map((webhook) => bodyOf(deps, webhook))),
    isMore: all.length > limit,
  };
}

/**
 * A webhook that exists for the caller.
 *
 * @throws {AppError} INVALID_REQUEST or WEBHOOK_NOT_FOUND, as all that take an id.
 */
export async function getWebhook(c: Context, deps: WebhookDeps, id: string): Promise<WebhookBody> {
  return await bodyOf(deps, await visibleWebhook(deps.webhooks, c.get("caller"), id));
}

/**
 * Makes a webhook. `body` is that of `POST /api/webhooks`.
 *
 * @throws {AppError} WEBHOOKS_OFF, INVALID_REQUEST with all mistakes, or TOO_MANY_WEBHOOKS.
 */
export async function createWebhook(
  c: Context,
  deps: WebhookDeps,
  body: unknown,
): Promise<ShownWebhookBody> {
  requireWebhooksOn(deps);
  const target = targetOfRequest(parsed(webhookRequest, body, urlErrors(body, deps)));
  const webhook = await deps.webhooks.create(target, c.get("caller"));
  noteAuditSubject(c, "webhook", webhook.id);
  noteAuditChange(c, null, settingsBody(webhook));
  deps.log("info", "webhook made", { webhookId: webhook.id });
  return { ...await bodyOf(deps, webhook), secret: webhook.secret };
}

/**
 * Changes, pauses or resumes a webhook. `body` is that of `PATCH /api/webhooks/{id}`.
 *
 * @throws {AppError} INVALID_REQUEST with all mistakes, or WEBHOOK_NOT_FOUND.
 */
export async function changeWebhook(
  c: Context,
  deps: WebhookDeps,
  { id, body }: WebhookAction,
): Promise<WebhookBody> {
  const { webhooks, now, kv } = deps;
  await visibleWebhook(webhooks, c.get("caller"), id);
  const change = parsed(webhookChange, body, urlErrors(body, deps));
  const webhook = await webhooks.change(id, (before) => {
    const after = changedWebhook(change, before, now());
    noteAuditChange(c, settingsBody(before), settingsBody(after));
    return after;
  });
  if (webhook === null) throw webhookNotFound(id);
  // A receiver that was mended is tried at once.
  if (webhook.state === "active") await wakeTarget(kv, webhookTarget(id), now());
  deps.pokeEvents();
  return await bodyOf(deps, webhook);
}

/**
 * Deletes a webhook.
 *
 * @throws {AppError} INVALID_REQUEST or WEBHOOK_NOT_FOUND.
 */
export async function removeWebhook(c: Context, deps: WebhookDeps, id: string): Promise<void> {
  await visibleWebhook(deps.webhooks, c.get("caller"), id);
  // The job that finds the webhook gone deletes its deliveries.
  await deps.webhooks.remove(id, lookStage(webhookTarget(id), deps.now()));
  deps.pokeEvents();
  deps.log("info", "webhook deleted", { webhookId: id });
}

/**
 * Gives a webhook a new secret. `body` is that of `POST /api/webhooks/{id}/rotate`.
 *
 * @throws {AppError} INVALID_REQUEST with all mistakes, or WEBHOOK_NOT_FOUND.
 */
export async function rotateWebhook(
  c: Context,
  deps: WebhookDeps,
  { id, body }: WebhookAction,
): Promise<ShownWebhookBody> {
  const { webhooks, now } = deps;
  await visibleWebhook(webhooks, c.get("caller"), id);
  const { grace_seconds: graceSeconds } = parsed(webhookRotation, body);
  const graceMs = graceSeconds === undefined ? KEY_GRACE_MS : graceSeconds * 1_000;
  const webhook = await webhooks.change(id, (before) => withNewSecret(before, now() + graceMs));
  if (webhook === null) throw webhookNotFound(id);
  noteAuditDetails(c, { grace_seconds: graceMs / 1_000 });
  return { ...await bodyOf(deps, webhook), secret: webhook.secret };
}

/**
 * Sends a test now, in whichever state the webhook is.
 *
 * @throws {AppError} WEBHOOKS_OFF, INVALID_REQUEST or WEBHOOK_NOT_FOUND.
 */
export async function testWebhook(
  c: Context,
  deps: WebhookDeps,
  id: string,
): Promise<WebhookTestBody> {
  requireWebhooksOn(deps);
  const webhook = await visibleWebhook(deps.webhooks, c.get("caller"), id);
  return await sendTest(deps, webhook, c.req.raw.signal);
}

/**
 * Refuses what needs webhooks while they are off.
 *
 * @throws {AppError} WEBHOOKS_OFF.
 */
export function requireWebhooksOn({ hasWebhooks }: Pick<WebhookDeps, "hasWebhooks">): void {
  if (hasWebhooks) return;
  throw new AppError("WEBHOOKS_OFF", "Webhooks need the setting WEBHOOKS=on, and it is off");
}

async function bodyOf({ webhooks, kv, now }: WebhookDeps, webhook: Webhook): Promise<WebhookBody> {
  const [caller, { value }] = await Promise.all([
    webhooks.callerOf(webhook),
    getTarget(kv, webhookTarget(webhook.id)),
  ]);
  const { failingSinceMs } = value;
  return webhookBody(webhook, { isAllowed: caller !== null, failingSinceMs, nowMs: now() });
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
