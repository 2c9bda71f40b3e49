/**
 * The webhooks of the service.
 *
 * Fan-out needs all of them for each event, so a process keeps them in memory and reads them again when
 * one has changed.
 *
 * @module
 */

import { type Caller, createCaller } from "../../data/access/caller.ts";
import { type LinkMaker, makerOf } from "../../data/access/link.ts";
import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";
import type { Webhook, WebhookTarget } from "../../data/events/webhook.ts";
import { WEBHOOKS_MAX } from "../../data/limits.ts";
import type { Stage } from "../budget.ts";
import {
  getWebhook,
  lastWebhookChange,
  listWebhooks,
  stageWebhook,
  stageWebhookDelete,
} from "./webhook_records.ts";

/** How many random bytes a secret has: Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32;
/** How many random bytes an id has. */
const ID_BYTES = 8;

/** A webhook, and what its owner may do now. */
export interface LiveWebhook {
  /** The webhook. */
  readonly webhook: Webhook;
  /** Its owner; null if the service does not accept who made it any more. */
  readonly caller: Caller | null;
}

/** Keeps the webhooks. */
export interface WebhookStore {
  /** All webhooks, in the order of their ids, as they are now. */
  list(): Promise<readonly Webhook[]>;
  /** A webhook as it is now; null if there is none. */
  get(id: string): Promise<Webhook | null>;
  /** What the owner of a webhook may do now; null if the service does not accept who made it any more. */
  callerOf(webhook: Webhook): Promise<Caller | null>;
  /** All webhooks with what their owners may do now. */
  listLive(): Promise<readonly LiveWebhook[]>;
  /** Whether there was a webhook when this process last looked. */
  hasAny(): boolean;
  /**
   * Makes a webhook, with a new secret.
   *
   * @throws {AppError} TOO_MANY_WEBHOOKS.
   */
  create(
    target: WebhookTarget,
    owner: Pick<Caller, "owner" | "actor" | "patterns">,
  ): Promise<Webhook>;
  /**
   * Changes a webhook. `change` may run several times, and returns the same object for no change.
   * `more` goes into the same commit. Null if there is no such webhook.
   */
  change(id: string, change: (before: Webhook) => Webhook, more?: Stage): Promise<Webhook | null>;
  /** Deletes a webhook, with `more` in the same commit. False if there is none. */
  remove(id: string, more?: Stage): Promise<boolean>;
}

/** What the store needs. */
export interface WebhookStoreDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Who a maker is now; null if they may not use the service any more. */
  readonly findMaker: (maker: LinkMaker) => Caller | null | Promise<Caller | null>;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log; nothing is logged by default. */
  readonly log?: Log;
}

/** The webhooks of a database. */
export function createWebhookStore(
  { kv, findMaker, now, log = () => {} }: WebhookStoreDeps,
): WebhookStore {
  let version: string | null | undefined;
  let kept: readonly Webhook[] = [];

  async function list(): Promise<readonly Webhook[]> {
    // Read before the webhooks, so that it is no newer than they are.
    const { versionstamp } = await lastWebhookChange(kv);
    if (versionstamp === version) return kept;
    kept = versionstamp === null ? [] : await listWebhooks(
      kv,
      (webhookId, error) => log("error", "webhook unreadable", { webhookId, error }),
    );
    version = versionstamp;
    return kept;
  }

  async function callerOf({ owner, actor, patterns }: Webhook): Promise<Caller | null> {
    const maker = makerOf(owner);
    const found = await findMaker(maker);
    if (found === null || maker.kind === "key") return found;
    // A user of an issuer, or anyone: who made a webhook had the scope `manage`.
    return createCaller({ owner, actor, patterns, scopes: ["manage"] });
  }

  return {
    list,
    async get(id) {
      return (await getWebhook(kv, id))?.value ?? null;
    },
    callerOf,
    async listLive() {
      const webhooks = await list();
      return await Promise.all(
        webhooks.map(async (webhook) => ({ webhook, caller: await callerOf(webhook) })),
      );
    },
    hasAny: () => kept.length > 0,
    async create(target, { owner, actor, patterns }) {
      const id = newWebhookId();
      for (;;) {
        const last = await lastWebhookChange(kv);
        const { length } = await list();
        if (length >= WEBHOOKS_MAX) {
          throw new AppError(
            "TOO_MANY_WEBHOOKS",
            `There are ${length} webhooks, and at most ${WEBHOOKS_MAX}`,
            {
              details: "Delete one that you no longer need",
            },
          );
        }
        const nowMs = now();
        const webhook: Webhook = {
          ...target,
          id,
          owner,
          actor,
          patterns,
          state: "active",
          reason: null,
          stateSinceMs: nowMs,
          secret: newSecret(),
          previous: null,
          createdMs: nowMs,
          changedMs: nowMs,
        };
        const op = kv.atomic().check(last);
        stageWebhook(op, webhook);
        const committed = await op.commit();
        if (!committed.ok) continue;
        // The commit has checked that nothing else has changed, so nothing need be read again.
        if (version === last.versionstamp) {
          kept = [...kept, webhook].toSorted((one, other) => one.id < other.id ? -1 : 1);
          version = committed.versionstamp;
        }
        return webhook;
      }
    },
    async change(id, change, more = () => {}) {
      for (;;) {
        const entry = await getWebhook(kv, id);
        if (entry === null) return null;
        const next = change(entry.value);
        if (next === entry.value) return next;
        const changed = { ...next, changedMs: now() };
        const op = kv.atomic().check(entry);
        stageWebhook(op, changed);
        more(op);
        if ((await op.commit()).ok) return changed;
      }
    },
    async remove(id, more = () => {}) {
      for (;;) {
        const entry = await getWebhook(kv, id);
        if (entry === null) return false;
        const op = kv.atomic().check(entry);
        stageWebhookDelete(op, id);
        more(op);
        if ((await op.commit()).ok) return true;
      }
    },
  };
}

/** A webhook with a new secret. The one that it had signs too until `untilMs`. */
export function withNewSecret(webhook: Webhook, untilMs: number): Webhook {
  return { ...webhook, secret: newSecret(), previous: { secret: webhook.secret, untilMs } };
}

function newWebhookId(): string {
  return `wh_${crypto.getRandomValues(new Uint8Array(ID_BYTES)).toHex()}`;
}

/** A secret as Standard Webhooks has it: `whsec_` and base64. */
function newSecret(): string {
  return `whsec_${crypto.getRandomValues(new Uint8Array(SECRET_BYTES)).toBase64()}`;
}
