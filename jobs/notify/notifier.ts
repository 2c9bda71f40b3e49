/**
 * The parts that turn events into deliveries, put together.
 *
 * @module
 */

import type { AuditEvent } from "../../data/audit/event.ts";
import { SERVICE_ACTOR } from "../../data/audit/event.ts";
import { webhookOfTarget } from "../../data/events/target.ts";
import type { Webhook } from "../../data/events/webhook.ts";
import type { Log } from "../../data/log.ts";
import type { Recorder } from "../../data/metrics/recorder.ts";
import type { Channel } from "../../data/notify/channel.ts";
import type { Audit } from "../../kv/audit/audit.ts";
import type { WebhookStore } from "../../kv/webhooks/webhooks.ts";
import type { Duty } from "../engine/duty_loop.ts";
import type { JobKind } from "../engine/job_kind.ts";
import { createPokes } from "../engine/poke.ts";
import { type DeliveryJobDeps, deliveryKind } from "./delivery_job.ts";
import { deliveryRetentionDuty } from "./delivery_retention.ts";
import { eventDuty, type EventDutyDeps } from "./event_duty.ts";
import { type PermitDeps, permitOf } from "./permit.ts";

/** What delivering needs. */
export interface NotifierDeps extends Pick<PermitDeps, "findMaker" | "findSources"> {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** The webhooks. */
  readonly webhooks: WebhookStore;
  /** Whether webhooks get events. */
  readonly hasWebhooks: boolean;
  /** The channels. */
  readonly channels: readonly Channel[];
  /** The audit trail; absent where there is none. */
  readonly audit?: Pick<Audit, "record">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Returns a new UUID. */
  readonly newId: () => string;
  /** The log. */
  readonly log: Log;
  /** Counts what happens; nothing by default. */
  readonly record?: Recorder;
  /** Wakes the lane of deliveries of this process. */
  readonly pokeDeliveries: () => void;
}

/** Delivers events. */
export interface Notifier {
  /** The kind of jobs that deliver. */
  readonly kind: JobKind;
  /** Its duties. */
  readonly duties: readonly Duty[];
  /** Reports that events or wakes were stored, so that they need not wait for the next look. */
  poke(): void;
}

/** Puts the parts together. */
export function createNotifier(deps: NotifierDeps): Notifier {
  const pokes = createPokes();
  const job: DeliveryJobDeps = {
    ...deps,
    gateOf: (target) => gateOf(deps, target),
    permitOf: (event, recipient) => permitOf(deps, event, recipient),
    onGone: (target) => stop(deps, target, { state: "off", reason: "gone" }),
    onFailing: (target, sinceMs) =>
      stop(deps, target, { state: "paused", reason: "failing", sinceMs }),
  };
  return {
    kind: deliveryKind(job),
    duties: [
      eventDuty({ ...deps, webhooks: deps.hasWebhooks ? deps.webhooks : NO_WEBHOOKS, pokes }),
      deliveryRetentionDuty(deps),
    ],
    poke: pokes.poke,
  };
}

const NO_WEBHOOKS: EventDutyDeps["webhooks"] = { listLive: () => Promise.resolve([]) };

async function gateOf(
  { webhooks, hasWebhooks }: NotifierDeps,
  target: string,
): Promise<"open" | "held" | "gone"> {
  const id = webhookOfTarget(target);
  if (id === null) return "open";
  const webhook = await webhooks.get(id);
  if (webhook === null) return "gone";
  const isOpen = hasWebhooks && webhook.state === "active" &&
    await webhooks.callerOf(webhook) !== null;
  return isOpen ? "open" : "held";
}

/** Stops a webhook that is active, and reports it. */
async function stop(
  { webhooks, audit, now, log }: NotifierDeps,
  target: string,
  { state, reason, sinceMs }: Pick<Webhook, "state" | "reason"> & { readonly sinceMs?: number },
): Promise<void> {
  const id = webhookOfTarget(target);
  if (id === null) return;
  let isStopped = false;
  await webhooks.change(id, (before) => {
    isStopped = before.state === "active";
    return isStopped ? { ...before, state, reason, stateSinceMs: now() } : before;
  });
  if (!isStopped) return;
  log("warn", "webhook stopped", { webhookId: id, state, reason });
  const event: AuditEvent = {
    caller: { actor: SERVICE_ACTOR },
    address: null,
    action: "webhook.stop",
    subject: { kind: "webhook", id },
    outcome: "done",
    details: sinceMs === undefined ? { state, reason } : { state, reason, failingSinceMs: sinceMs },
  };
  await audit?.record(event);
}
