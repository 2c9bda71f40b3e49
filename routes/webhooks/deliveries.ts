/**
 * The log of deliveries of webhooks over HTTP, and sending them again.
 *
 * @module
 */

import type { Context } from "hono";
import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import { EVENT_TYPE_NAMES } from "../../data/events/event.ts";
import { webhookTarget } from "../../data/events/target.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import { webhookPayload } from "../../data/notify/webhook_channel.ts";
import { parseInstant } from "../../data/time/time_text.ts";
import { replayDelivery, type ReplayKv, replayRange } from "../../jobs/notify/webhook_contract.ts";
import {
  DELIVERY_STATES,
  type DeliveryPlace,
  getDelivery,
  listDeliveries,
} from "../../kv/events/deliveries.ts";
import { type EventPlace, getStoredEvent } from "../../kv/events/event_store.ts";
import type { WebhookStore } from "../../kv/webhooks/webhooks.ts";
import { noteAuditDetails } from "../access/audited.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { fieldErrors, parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { limitText } from "../openapi/list_query.ts";
import { deliveryBody, deliveryDetailBody, replayBody } from "./delivery_body.ts";
import {
  DELIVERY_ID_PATTERN,
  DELIVERY_ID_RULE,
  type DeliveryBody,
  type DeliveryListBody,
  replayWebhookRequest,
} from "./schemas.ts";
import { visibleWebhook } from "./visible_webhook.ts";

/** How many deliveries one request reads at most to find those that it asks for. */
const READ_MAX = 10_000;

/** What the routes need. */
export interface WebhookDeliveryDeps {
  /** The database. */
  readonly kv: ReplayKv;
  /** The webhooks. */
  readonly webhooks: Pick<WebhookStore, "get">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Reports that there may be deliveries to send. */
  readonly pokeEvents: () => void;
}

/** The query of `GET /api/webhooks/{id}/deliveries`. */
const listQuery = z.strictObject({
  limit: limitText,
  cursor: z.string().regex(DELIVERY_ID_PATTERN, `cursor must be ${DELIVERY_ID_RULE}`).optional(),
  state: z.enum(DELIVERY_STATES, `state must be ${DELIVERY_STATES.join(", ")}`).optional(),
  type: z.enum(EVENT_TYPE_NAMES, "type must be the type of an event").optional(),
});

/** The routes of the log. */
export function webhookDeliveryRoutes(deps: WebhookDeliveryDeps): GuardedRoutes {
  const { kv, now } = deps;

  async function targetOf(c: Context, id: string): Promise<string> {
    return webhookTarget((await visibleWebhook(deps.webhooks, c.get("caller"), id)).id);
  }

  return guardedRoutes()
    .get("/api/webhooks/:id/deliveries", async (c) => {
      return await listAnswer(c, deps, await targetOf(c, c.req.param("id")));
    })
    .get("/api/webhooks/:id/deliveries/:delivery_id", async (c) => {
      const target = await targetOf(c, c.req.param("id"));
      return await detailAnswer(c, deps, { target, ...placeOf(c.req.param("delivery_id")) });
    })
    .post("/api/webhooks/:id/deliveries/:delivery_id/replay", async (c) => {
      const names = { id: c.req.param("id"), deliveryId: c.req.param("delivery_id") };
      return await detailAnswer(c, deps, await replayOneDelivery(c, deps, names));
    })
    .post("/api/webhooks/:id/replay", async (c) => {
      const target = await targetOf(c, c.req.param("id"));
      const range = rangeOf(await readJson(c.req.raw, JSON_BODY_MAX_BYTES));
      const replayed = await replayRange(kv, target, { range, nowMs: now() });
      noteAuditDetails(c, { replayed: replayed.count });
      deps.pokeEvents();
      c.header("cache-control", "no-store");
      return c.json(replayBody(replayed));
    });
}

/** Which deliveries are wanted. */
export interface DeliveryQuery {
  /** How many at most. */
  readonly limit: number;
  /** The id of the last delivery of the page before; from the newest one on by default. */
  readonly cursor?: string;
  /** Only those in this state. */
  readonly state?: DeliveryBody["state"];
  /** Only those of events of this type. */
  readonly type?: DeliveryBody["type"];
}

/**
 * Deliveries of a target, the newest first. `next` is the id of the last one that was looked at;
 * null if there are no more.
 *
 * @throws {AppError} INVALID_REQUEST if the cursor is no id of a delivery.
 */
export async function findDeliveries(
  { kv }: Pick<WebhookDeliveryDeps, "kv">,
  target: string,
  { limit, cursor, state, type }: DeliveryQuery,
): Promise<{ found: DeliveryBody[]; next: string | null }> {
  const before = cursor === undefined ? undefined : placeOf(cursor);
  const found: DeliveryBody[] = [];
  let last: EventPlace | null = null;
  let read = 0;
  for await (const entry of listDeliveries(kv, target, { before })) {
    if (read++ === READ_MAX || found.length === limit) {
      return { found, next: last === null ? null : `${last.atMs}-${last.eventId}` };
    }
    last = entry;
    if (state !== undefined && entry.value.state !== state) continue;
    if (type === undefined || entry.value.type === type) found.push(deliveryBody(entry));
  }
  return { found, next: null };
}

/**
 * Sends a delivery again.
 *
 * @throws {AppError} INVALID_REQUEST, WEBHOOK_NOT_FOUND or DELIVERY_NOT_FOUND.
 */
export async function replayOneDelivery(
  c: Context,
  { kv, webhooks, now, pokeEvents }: WebhookDeliveryDeps,
  { id, deliveryId }: { id: string; deliveryId: string },
): Promise<DeliveryPlace> {
  const webhook = await visibleWebhook(webhooks, c.get("caller"), id);
  const place = { target: webhookTarget(webhook.id), ...placeOf(deliveryId) };
  if (await replayDelivery(kv, place, now()) === null) throw notFound();
  noteAuditDetails(c, { delivery: deliveryId });
  pokeEvents();
  return place;
}

async function listAnswer(
  c: Context,
  deps: WebhookDeliveryDeps,
  target: string,
): Promise<Response> {
  const query = listQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, state, type } = query.data;
  const { found, next } = await findDeliveries(deps, target, query.data);
  const filter = [
    ...state === undefined ? [] : [`&state=${state}`],
    ...type === undefined ? [] : [`&type=${type}`],
  ].join("");
  const path = new URL(c.req.url).pathname;
  const nextPath = next === null ? null : `${path}?limit=${limit}&cursor=${next}${filter}`;
  if (nextPath !== null) c.header("link", `<${nextPath}>; rel="next"`);
  c.header("cache-control", "no-store");
  return c.json(
    { deliveries: found, next: nextPath } satisfies DeliveryListBody,
  );
}

async function detailAnswer(
  c: Context,
  { kv }: WebhookDeliveryDeps,
  place: DeliveryPlace,
): Promise<Response> {
  const entry = await getDelivery(kv, place);
  if (entry === null) throw notFound();
  const event = await getStoredEvent(kv, place);
  c.header("cache-control", "no-store");
  return c.json(deliveryDetailBody(entry, event === null ? null : webhookPayload(event)));
}

function rangeOf(body: unknown) {
  const result = replayWebhookRequest.safeParse(body);
  if (!result.success) throw invalidRequest(fieldErrors(result.error, body));
  const { from, to, states = ["failed", "skipped"] } = result.data;
  const [fromMs, toMs] = [instantOf(from), instantOf(to)];
  if (fromMs >= toMs) throw invalidRequest([{ pointer: "/to", detail: "to must be after from" }]);
  return { fromMs, toMs, states };
}

/** The schema has accepted the text. */
function instantOf(text: string): number {
  return parseInstant(text) ?? 0;
}

function placeOf(id: string): EventPlace {
  if (!DELIVERY_ID_PATTERN.test(id)) {
    const detail = `The delivery's id must be ${DELIVERY_ID_RULE}`;
    throw invalidRequest([{ pointer: "#delivery_id", detail }]);
  }
  const [atMs, eventId] = id.split("-");
  return { atMs: Number(atMs), eventId };
}

function notFound(): AppError {
  return new AppError("DELIVERY_NOT_FOUND", "The webhook has no such delivery");
}
