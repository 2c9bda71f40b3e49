/**
 * Fan-out: makes the deliveries of events that wait in the outbox, in the commit that takes them out.
 *
 * An event may have more recipients than a commit has room for. Then it stays in the outbox with the
 * last target that has its delivery. The recipients come in the order of their targets, so the next
 * commit continues after that one, also if webhooks came or went meanwhile. Memory and commits are
 * bounded, however many events wait and webhooks there are.
 *
 * @module
 */

import type { Recipient } from "../../data/events/event.ts";
import { targetOf } from "../../data/events/target.ts";
import { maySeeEvent, wantsEvent } from "../../data/events/webhook.ts";
import { addCosts, type Cost, costOf, fitsCommit, NO_COST, type Stage } from "../../kv/budget.ts";
import { type DeliveryRecord, stageDelivery } from "../../kv/events/deliveries.ts";
import { stageStoredEvent } from "../../kv/events/event_store.ts";
import { stageQueued } from "../../kv/events/open_deliveries.ts";
import {
  beginFanOut,
  FAN_OUT_COST,
  listOutbox,
  type OutboxEntry,
  stageOutboxDelete,
  stageOutboxProgress,
} from "../../kv/events/outbox.ts";
import type { EventRecord } from "../../kv/events/records.ts";
import { ensureTargets } from "../../kv/events/targets.ts";
import type { LiveWebhook } from "../../kv/webhooks/webhooks.ts";
import { stageTargetWake } from "./target_wakes.ts";

/** How many events one commit looks at. */
const EVENTS_AT_ONCE = 200;

/** What fan-out needs. */
export interface FanOutDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** All webhooks, and what their owners may do now. */
  readonly webhooks: { listLive(): Promise<readonly LiveWebhook[]> };
  /** Called with each event that cannot be read, each time. */
  readonly onUnreadable?: (key: Deno.KvKey, error: unknown) => void;
}

/** A recipient of an event. */
interface Addressee {
  readonly target: string;
  readonly recipient: Recipient;
  readonly state: "pending" | "skipped";
}

/**
 * Makes deliveries with one commit. False if no event waits, or another process was faster. The wakes of
 * targets stand at `nowMs`.
 */
export async function fanOutOnce(
  { kv, webhooks, onUnreadable }: FanOutDeps,
  nowMs: number,
): Promise<boolean> {
  const begin = await beginFanOut(kv);
  const entries = await listOutbox(kv, EVENTS_AT_ONCE, onUnreadable);
  if (entries.length === 0) return false;
  const live = await webhooks.listLive();
  const { stages, skipped } = planFanOut({ entries, live, nowMs });
  // Retention finds deliveries by their targets.
  await ensureTargets(kv, skipped);
  const op = begin();
  stages.forEach((stage) => stage(op));
  return (await op.commit()).ok;
}

/** What one commit of fan-out writes: as much as it has room for. `skipped`: targets that are skipped. */
function planFanOut({ entries, live, nowMs }: {
  entries: readonly OutboxEntry[];
  live: readonly LiveWebhook[];
  nowMs: number;
}): { stages: Stage[]; skipped: string[] } {
  const stages: Stage[] = [];
  const woken = new Set<string>();
  const skipped = new Set<string>();
  let used = FAN_OUT_COST;

  /** Adds stages if the commit has room for them and for `reserve`. */
  function add(more: readonly Stage[], reserve: Cost): boolean {
    const total = more.map(costOf).reduce(addCosts, used);
    if (!fitsCommit(addCosts(total, reserve))) return false;
    used = total;
    stages.push(...more);
    return true;
  }

  for (const entry of entries) {
    // Room to say how far the event is must stay, whatever else the commit holds.
    const reserve = costOf((op) => stageOutboxProgress(op, entry, LONGEST_TARGET));
    let last = entry.value.after;
    let isWhole = true;
    for (const addressee of addresseesOf(entry, live)) {
      const { target } = addressee;
      const isFirst = last === undefined;
      const wakes = addressee.state === "pending" && !woken.has(target);
      const more: Stage[] = [
        ...isFirst ? [(op) => stageStoredEvent(op, eventOf(entry))] satisfies Stage[] : [],
        deliveryStage(entry, addressee, nowMs),
        ...wakes ? [(op) => stageTargetWake(op, { target, atMs: nowMs })] satisfies Stage[] : [],
      ];
      if (!add(more, reserve)) {
        isWhole = false;
        break;
      }
      if (wakes) woken.add(target);
      if (addressee.state === "skipped") skipped.add(target);
      last = target;
    }
    const after = last;
    if (isWhole && add([(op) => stageOutboxDelete(op, entry)], NO_COST)) continue;
    if (after !== undefined && after !== entry.value.after) {
      stages.push((op) => stageOutboxProgress(op, entry, after));
    }
    break;
  }
  return { stages, skipped: [...skipped] };
}

/** As long as the longest target. */
const LONGEST_TARGET = "x".repeat(80);

function deliveryStage(
  { value: { id: eventId, atMs, type, subject } }: OutboxEntry,
  { target, recipient, state }: Addressee,
  nowMs: number,
): Stage {
  const place = { target, atMs, eventId };
  const isPending = state === "pending";
  const record: DeliveryRecord = {
    v: 1,
    type,
    subject,
    recipient: storedRecipient(recipient),
    state,
    attempt: 0,
    nextMs: isPending ? nowMs : null,
    createdMs: nowMs,
    endedMs: isPending ? null : nowMs,
    attempts: [],
  };
  return (op) => {
    stageDelivery(op, place, record);
    if (isPending) stageQueued(op, place, record);
  };
}

/** Who gets an event and has no delivery yet, each target once, in the order of targets. */
function addresseesOf({ value }: OutboxEntry, live: readonly LiveWebhook[]): Addressee[] {
  const { recipients = [], after = "" } = value;
  const named = new Map(
    recipients.flatMap((one) => one.kind === "webhook" ? [[one.id, one] as const] : []),
  );
  const found = new Map<string, Addressee>();
  for (const { webhook, caller } of live) {
    if (caller === null || !(named.has(webhook.id) || wantsEvent(webhook, value))) continue;
    const isHeld = webhook.state !== "active";
    // Who named a webhook sees that it got nothing; one that failed can catch up by a replay.
    if (isHeld && webhook.reason !== "failing" && !named.has(webhook.id)) continue;
    if (!maySeeEvent(caller, value)) continue;
    const recipient: Recipient = named.get(webhook.id) ?? { kind: "webhook", id: webhook.id };
    const target = targetOf(recipient);
    found.set(target, { target, recipient, state: isHeld ? "skipped" : "pending" });
  }
  for (const recipient of recipients.flatMap(eachAddress)) {
    const target = targetOf(recipient);
    if (recipient.kind !== "webhook") found.set(target, { target, recipient, state: "pending" });
  }
  return found.values().filter(({ target }) => target > after).toArray()
    .toSorted((one, other) => one.target < other.target ? -1 : 1);
}

/** Each address is a target of its own: one that is refused keeps nothing from the others. */
function eachAddress(recipient: Recipient): Recipient[] {
  if (recipient.kind !== "email") return [recipient];
  return recipient.to.map((address) => ({ ...recipient, to: [address] }));
}

function eventOf({ value }: OutboxEntry): EventRecord {
  const { recipients: _, after: __, ...event } = value;
  return event;
}

function storedRecipient(recipient: Recipient): DeliveryRecord["recipient"] {
  return recipient.kind === "email" ? { ...recipient, to: [...recipient.to] } : recipient;
}
