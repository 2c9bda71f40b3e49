/**
 * The webhooks as they are stored. Their secrets are stored as they are, because the service signs with
 * them.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["webhook", id]` | {@link WebhookRecord} | whoever makes, changes or deletes a webhook, under a check |
 * | `["webhook"]` | `true`; its versionstamp is that of the last change of any webhook | with every change |
 *
 * @module
 */

import { z } from "zod";
import { EVENT_TYPE_NAMES } from "../../data/events/event.ts";
import { type Webhook, WEBHOOK_REASONS, WEBHOOK_STATES } from "../../data/events/webhook.ts";
import type { Staging } from "../budget.ts";

const SPACE = "webhook";
const LIST_BATCH = 100;

const patternsSchema = z.object({
  meter: z.array(z.string()).nullable(),
  device: z.array(z.string()).nullable(),
  store: z.array(z.string()).nullable(),
});

const recordSchema = z.object({
  v: z.literal(1),
  name: z.string(),
  url: z.string(),
  // A type that a later release knows is left out.
  events: z.array(z.string()).transform((names) =>
    EVENT_TYPE_NAMES.filter((name) => names.includes(name))
  ),
  filter: patternsSchema,
  owner: z.string(),
  actor: z.object({
    kind: z.enum(["anonymous", "key", "oidc", "link"]),
    id: z.string(),
    name: z.string(),
  }),
  patterns: patternsSchema,
  state: z.enum(WEBHOOK_STATES),
  reason: z.enum(WEBHOOK_REASONS).nullable(),
  stateSinceMs: z.number(),
  secret: z.string(),
  previous: z.object({ secret: z.string(), untilMs: z.number() }).nullable(),
  createdMs: z.number(),
  changedMs: z.number(),
});

/** A webhook without its id, which is in the key of the entry. */
export type WebhookRecord = z.infer<typeof recordSchema>;

/** A webhook and its version. */
export interface WebhookEntry {
  /** The key, for checks. */
  readonly key: Deno.KvKey;
  /** The webhook. */
  readonly value: Webhook;
  /** The version that was read. */
  readonly versionstamp: string;
}

/** Reads a webhook; null if there is none. */
export async function getWebhook(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<WebhookEntry | null> {
  const { key, value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : { key, value: webhookOf(id, value), versionstamp };
}

/** All webhooks that can be read, in the order of their ids. */
export async function listWebhooks(
  kv: Pick<Deno.Kv, "list">,
  onUnreadable: (id: string, error: unknown) => void,
): Promise<Webhook[]> {
  const webhooks: Webhook[] = [];
  for await (const { key, value } of kv.list({ prefix: [SPACE] }, { batchSize: LIST_BATCH })) {
    const id = String(key[1]);
    try {
      webhooks.push(webhookOf(id, value));
    } catch (error) {
      onUnreadable(id, error);
    }
  }
  return webhooks;
}

/** The version of the last change of any webhook, for checks. */
export async function lastWebhookChange(
  kv: Pick<Deno.Kv, "get">,
): Promise<{ key: Deno.KvKey; versionstamp: string | null }> {
  const { key, versionstamp } = await kv.get([SPACE]);
  return { key, versionstamp };
}

/** Writes a webhook. */
export function stageWebhook(op: Staging, { id, ...webhook }: Webhook): void {
  op.set([SPACE, id], JSON.parse(JSON.stringify({ ...webhook, v: 1 })));
  op.set([SPACE], true);
}

/** Deletes a webhook. */
export function stageWebhookDelete(op: Staging, id: string): void {
  op.delete([SPACE, id]);
  op.set([SPACE], true);
}

function webhookOf(id: string, value: unknown): Webhook {
  const { v: _, ...record } = recordSchema.parse(value);
  return { ...record, id };
}
