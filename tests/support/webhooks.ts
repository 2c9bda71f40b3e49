/**
 * Webhooks and deliveries for tests, stored as the service does.
 *
 * @module
 */

import { EVERY_ID } from "../../data/access/caller.ts";
import type { Webhook } from "../../data/events/webhook.ts";
import { webhookTarget } from "../../data/events/target.ts";
import { type DeliveryRecord, stageDelivery } from "../../kv/events/deliveries.ts";
import { stageStoredEvent } from "../../kv/events/event_store.ts";
import { stageWebhook } from "../../kv/webhooks/webhook_records.ts";

/** A webhook that anyone made at the beginning of time, whose receiver is not there. */
export const TEST_WEBHOOK: Webhook = {
  id: "wh_0011223344556677",
  name: "",
  url: "http://127.0.0.1:9/",
  events: ["export.completed"],
  filter: EVERY_ID,
  owner: "anyone",
  actor: { kind: "anonymous", id: "", name: "" },
  patterns: EVERY_ID,
  state: "active",
  reason: null,
  stateSinceMs: 0,
  // 32 bytes: 0123456789abcdef0123456789abcdef.
  secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
  previous: null,
  createdMs: 0,
  changedMs: 0,
};

/** Stores a webhook. */
export async function storeWebhook(kv: Deno.Kv, changes: Partial<Webhook> = {}): Promise<Webhook> {
  const webhook = { ...TEST_WEBHOOK, ...changes };
  const op = kv.atomic();
  stageWebhook(op, webhook);
  await op.commit();
  return webhook;
}

/** Stores a delivery that has failed, and its event. */
export async function storeFailedDelivery(
  kv: Deno.Kv,
  { webhookId, atMs, eventId }: { webhookId: string; atMs: number; eventId: string },
): Promise<void> {
  const subject = { kind: "job", id: "4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a" } as const;
  const type = "export.completed";
  const record: DeliveryRecord = {
    v: 1,
    type,
    subject,
    recipient: { kind: "webhook", id: webhookId },
    state: "failed",
    attempt: 10,
    nextMs: null,
    createdMs: atMs,
    endedMs: atMs,
    attempts: [],
  };
  const op = kv.atomic();
  stageStoredEvent(op, { v: 1, id: eventId, type, subject, atMs, account: null, data: {} });
  stageDelivery(op, { target: webhookTarget(webhookId), atMs, eventId }, record);
  await op.commit();
}
