/**
 * Events that are delivered over a channel of a test, with a clock that tests move.
 *
 * @module
 */

import { createCaller, EVERY_ID, type Patterns } from "../../data/access/caller.ts";
import type { LinkMaker } from "../../data/access/link.ts";
import { type DomainEvent, eventId } from "../../data/events/event.ts";
import { webhookTarget } from "../../data/events/target.ts";
import type { Webhook } from "../../data/events/webhook.ts";
import { DeliveryFault, type Message, type Sent } from "../../data/notify/channel.ts";
import { jobEndStage } from "../../jobs/end_events.ts";
import { createNotifier } from "../../jobs/notify/notifier.ts";
import { type DeliveryEntry, listDeliveries } from "../../kv/events/deliveries.ts";
import { commitEvent } from "../../kv/events/outbox.ts";
import { createWebhookStore, type WebhookStore } from "../../kv/webhooks/webhooks.ts";
import { storeWebhook } from "./webhooks.ts";
import { createWorkerRig, type WorkerRig } from "./worker_rig.ts";

/** What a receiver does with a message: nothing, or it throws. */
export type Receive = (message: Message, signal: AbortSignal) => void | Promise<void>;

/** A message as the receiver got it. */
export interface Got {
  /** Its webhook. */
  readonly webhookId: string;
  /** The id of its event. */
  readonly eventId: string;
  /** The subject of its event. */
  readonly subject: string;
  /** The number of the attempt. */
  readonly attempt: number;
}

/** A rig with webhooks. Disposing of it stops all. */
export interface NotifierRig extends AsyncDisposable {
  /** The database, the workers and the clock. */
  readonly rig: WorkerRig;
  /** The webhooks. */
  readonly webhooks: WebhookStore;
  /** What arrived, in the order of its arrival. */
  readonly got: Got[];
  /** The causes of failed attempts that were logged. */
  readonly causes: unknown[];
  /** Ids of keys that do not count any more; `anyone` for who has none. */
  readonly deadKeys: Set<string>;
  /** Patterns of ids that keys are narrowed to. */
  readonly patterns: Map<string, Partial<Patterns>>;
  /** Stores a webhook for events of devices. */
  hook(changes?: Partial<Webhook>): Promise<Webhook>;
  /** Stores events. */
  stage(...events: readonly DomainEvent[]): Promise<void>;
  /** Starts a worker that delivers. */
  start(owner?: string): Promise<void>;
  /** Looks for events and wakes now. */
  poke(): void;
  /** The deliveries of a webhook, the oldest first. */
  log(webhookId: string): Promise<DeliveryEntry[]>;
  /** The deliveries of a target, the oldest first. */
  logOf(target: string): Promise<DeliveryEntry[]>;
}

/** Creates a rig. `receive` is called for each message, and throws to refuse it. */
export async function createNotifierRig(
  receive: Receive = () => {},
  kv?: Deno.Kv,
): Promise<NotifierRig> {
  // A database of a test, such as a strict one, has no queue.
  const rig = await createWorkerRig(kv, { hasQueue: kv === undefined, endStage: jobEndStage });
  const got: Got[] = [];
  const causes: unknown[] = [];
  const deadKeys = new Set<string>();
  const patterns = new Map<string, Partial<Patterns>>();
  /** The callers of keys, and of everyone under the name `anyone`. */
  const findMaker = (maker: LinkMaker) => {
    const id = maker.kind === "key" ? maker.id : maker.kind;
    return deadKeys.has(id) ? null : createCaller({
      owner: `key:${id}`,
      actor: { kind: "key", id, name: id },
      scopes: ["export", "manage"],
      patterns: { ...EVERY_ID, ...patterns.get(id) },
    });
  };
  const webhooks = createWebhookStore({ kv: rig.kv, findMaker, now: rig.now });
  const pokes: (() => void)[] = [];

  async function send(message: Message, signal: AbortSignal): Promise<Sent> {
    const { event, recipient, attempt } = message;
    const webhookId = recipient.kind === "webhook" ? recipient.id : "";
    got.push({ webhookId, eventId: event.id, subject: event.subject.id, attempt });
    await receive(message, signal);
    return { request: "POST", status: 204, answer: "" };
  }

  const logOf = (target: string) =>
    Array.fromAsync(listDeliveries(rig.kv, target, { isNewestFirst: false }));

  return {
    rig,
    webhooks,
    got,
    causes,
    deadKeys,
    patterns,
    hook: (changes = {}) =>
      storeWebhook(rig.kv, { events: ["device.offline", "device.online"], ...changes }),
    async stage(...events) {
      for (const event of events) await commitEvent(rig.kv, event);
    },
    async start(owner = "w") {
      const notifier = createNotifier({
        kv: rig.kv,
        webhooks,
        hasWebhooks: true,
        findMaker,
        findSources: () => Promise.resolve(null),
        channels: (["webhook", "email", "place"] as const).map((kind) => ({ kind, send })),
        now: rig.now,
        random: () => 1,
        newId: () => crypto.randomUUID(),
        log(_level, event, fields) {
          rig.logged.push(event);
          causes.push(...event === "delivery attempt failed" ? [fields?.cause] : []);
        },
        pokeDeliveries: () => worker.poke("delivery"),
      });
      pokes.push(notifier.poke);
      const worker = await rig.addWorker(owner, [notifier.kind], 4, notifier.duties);
      notifier.poke();
    },
    poke: () => pokes.forEach((poke) => poke()),
    log: (webhookId) => logOf(webhookTarget(webhookId)),
    logOf,
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

/** The event of a device that went offline at a time. */
export function offline(deviceId: string, atMs: number): DomainEvent {
  const type = "device.offline", subject = { kind: "device", id: deviceId } as const;
  const id = eventId({ type, subject, cause: atMs });
  return { id, type, subject, atMs, account: null, data: { device_id: deviceId } };
}

/** The event of an export of the meter `m1` that ended at a time. The key `k` asked for it. */
export function exported(jobId: string, atMs: number): DomainEvent {
  const type = "export.completed", subject = { kind: "job", id: jobId } as const;
  const id = eventId({ type, subject, cause: "end" });
  const sources = [{ kind: "meter", id: "m1" }] as const;
  return { id, type, subject, atMs, account: "key:k", sources, data: {} };
}

/** The fault of a receiver that does not work. */
export function broken(status = 500): DeliveryFault {
  return new DeliveryFault(`The receiver answered ${status}`, { isFinal: false, status });
}

/** The fault of a receiver that wants no more deliveries. */
export function gone(): DeliveryFault {
  const options = { isFinal: true, isGone: true, status: 410 };
  return new DeliveryFault("The receiver answered 410", options);
}
