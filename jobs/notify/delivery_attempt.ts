/**
 * One attempt at a delivery, and what it means for the delivery and for its target.
 *
 * @module
 */

import type { DomainEvent, Recipient } from "../../data/events/event.ts";
import type { Log } from "../../data/log.ts";
import type { Recorder } from "../../data/metrics/recorder.ts";
import { type Channel, DeliveryFault, KEY_STOPPED, type Sent } from "../../data/notify/channel.ts";
import { loggedCause } from "../../data/notify/fault_cause.ts";
import { deliveryRetryMs, FAILING_MAX_MS, RETRY_MAX_MS } from "../../data/notify/delivery_retry.ts";
import {
  type DeliveryAttempt,
  type DeliveryEntry,
  type DeliveryRecord,
  getDelivery,
  stageDelivery,
} from "../../kv/events/deliveries.ts";
import { getStoredEvent } from "../../kv/events/event_store.ts";
import {
  type OpenDelivery,
  stageQueued,
  stageQueuedDelete,
} from "../../kv/events/open_deliveries.ts";
import { changeTarget, resumed, type TargetRecord } from "../../kv/events/targets.ts";
import type { Permit } from "./permit.ts";

/** How many attempts a delivery lists; each has up to 1 KiB of an answer. */
const ATTEMPTS_KEPT = 10;
/** From this many failures in a row on, a target is tried with one delivery at a time. */
export const FAILING_FROM = 3;

/** What an attempt needs. */
export interface AttemptDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** The channels. */
  readonly channels: readonly Channel[];
  /** Whether a recipient may get an event now. */
  readonly permitOf: (event: DomainEvent, recipient: Recipient) => Promise<Permit>;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** 0 to 1, spreads attempts that failed together. */
  readonly random: () => number;
  /** The log. */
  readonly log: Log;
  /** Counts what happens; nothing by default. */
  readonly record?: Recorder;
  /** Called when a recipient wants no more deliveries. */
  readonly onGone: (target: string) => Promise<void>;
  /** Called when a target has failed for five days. */
  readonly onFailing: (target: string, sinceMs: number) => Promise<void>;
}

type Outcome = { readonly sent: Sent } | { readonly fault: DeliveryFault } | "held";

/**
 * Makes an attempt and records it. Does nothing if the delivery is not pending any more. False if the
 * attempt failed.
 */
export async function attemptDelivery(
  deps: AttemptDeps,
  open: OpenDelivery,
  signal: AbortSignal,
): Promise<boolean> {
  const { kv, now, log } = deps;
  const entry = await getDelivery(kv, open);
  if (entry === null || entry.value.state !== "pending") {
    await dropQueued(kv, open, entry);
    return true;
  }
  const startMs = now();
  const outcome = await send(deps, entry, signal);
  // An attempt that the service itself ended is none, and neither is one that waits for a key.
  if (signal.aborted || outcome === "held") return false;
  if ("fault" in outcome) logCause(log, entry, outcome.fault);
  const channel = entry.value.recipient.kind;
  const isSent = "sent" in outcome;
  deps.record?.add("openwatts_delivery_attempts_total", [channel, isSent ? "sent" : "failed"]);
  const next = afterAttempt(entry.value, outcome, { startMs, endMs: now(), random: deps.random() });
  const op = kv.atomic().check(entry);
  stageDelivery(op, entry, next);
  stageQueued(op, entry, next);
  // Somebody asked meanwhile to send it again, or deleted the webhook: what they said holds.
  if (!(await op.commit()).ok) return isSent;
  if (next.state !== "pending") {
    deps.record?.add("openwatts_deliveries_ended_total", [channel, next.state]);
  }
  if (next.state === "failed") {
    const { target, eventId } = open;
    const fault = next.attempts.at(-1)?.fault;
    log("warn", "delivery failed", { target, eventId, attempts: next.attempt, fault });
  }
  await noteAtTarget(deps, open.target, { outcome, startMs, nextMs: next.nextMs });
  return isSent;
}

/** A fault says in a sentence what failed. Its cause is for those who run the service. */
function logCause(log: Log, { target, eventId, value }: DeliveryEntry, fault: DeliveryFault): void {
  const cause = loggedCause(fault.cause);
  if (cause === undefined) return;
  log("warn", "delivery attempt failed", { target, eventId, attempt: value.attempt + 1, cause });
}

async function send(
  { kv, channels, permitOf, now }: AttemptDeps,
  { target, atMs, eventId, value }: DeliveryEntry,
  signal: AbortSignal,
): Promise<Outcome> {
  const { recipient } = value;
  try {
    const stored = await getStoredEvent(kv, { atMs, eventId });
    if (stored === null) {
      throw new DeliveryFault("The event is not kept any more", { isFinal: true });
    }
    const { v: _, ...event } = stored;
    const permit = await permitOf(event satisfies DomainEvent, recipient);
    if (permit === "held") return permit;
    if (permit === "refused") throw new DeliveryFault(KEY_STOPPED, { isFinal: true });
    const channel = channels.find(({ kind }) => kind === recipient.kind);
    if (channel === undefined) {
      const message = `Messages by ${recipient.kind} are not set up`;
      throw new DeliveryFault(message, { isFinal: false });
    }
    const message = {
      deliveryId: `${target}/${atMs}-${eventId}`,
      event,
      recipient,
      attempt: value.attempt + 1,
      nowMs: now(),
    };
    return { sent: await channel.send(message, signal) };
  } catch (error) {
    if (error instanceof DeliveryFault) return { fault: error };
    const message = "An unexpected error occurred; the log of the service names it";
    return { fault: new DeliveryFault(message, { isFinal: false, cause: error }) };
  }
}

/** The delivery after an attempt. */
function afterAttempt(
  record: DeliveryRecord,
  outcome: Exclude<Outcome, "held">,
  { startMs, endMs, random }: { startMs: number; endMs: number; random: number },
): DeliveryRecord {
  const attempt = record.attempt + 1;
  const { request, status, answer } = "sent" in outcome ? outcome.sent : outcome.fault;
  const fault = "fault" in outcome ? outcome.fault : null;
  const made: DeliveryAttempt = {
    atMs: startMs,
    tookMs: Math.max(0, endMs - startMs),
    request,
    status,
    answer,
    fault: fault?.message ?? null,
  };
  const waitMs = fault === null || fault.isFinal
    ? null
    : deliveryRetryMs({ attempt, retryAfterMs: fault.retryAfterMs, random });
  const isPending = waitMs !== null;
  return {
    ...record,
    state: fault === null ? "delivered" : isPending ? "pending" : "failed",
    attempt,
    nextMs: isPending ? endMs + waitMs : null,
    endedMs: isPending ? null : endMs,
    attempts: [...record.attempts, made].slice(-ATTEMPTS_KEPT),
  };
}

/** Records at the target whether it works, and reports one that is gone or has failed for too long. */
async function noteAtTarget(
  deps: AttemptDeps,
  target: string,
  { outcome, startMs, nextMs }: {
    outcome: Exclude<Outcome, "held">;
    startMs: number;
    nextMs: number | null;
  },
): Promise<void> {
  const fault = "fault" in outcome ? outcome.fault : null;
  if (fault?.isGone) return await deps.onGone(target);
  // The recipient answered, and refused this one message.
  if (fault?.isFinal) return;
  const state = await changeTarget(
    deps.kv,
    target,
    (record) =>
      fault === null ? working(record, deps.now()) : failing(record, { fault, startMs, nextMs }),
  );
  const sinceMs = state.failingSinceMs;
  if (sinceMs === null || startMs - sinceMs < FAILING_MAX_MS) return;
  await deps.onFailing(target, sinceMs);
}

function working(record: TargetRecord, nowMs: number): TargetRecord {
  if (record.failures === 0) return record;
  const { resumedMs } = record;
  const isBack = record.failures >= FAILING_FROM;
  return { ...resumed(record, nowMs), resumedMs: isBack ? nowMs : resumedMs };
}

function failing(
  record: TargetRecord,
  { fault, startMs, nextMs }: { fault: DeliveryFault; startMs: number; nextMs: number | null },
): TargetRecord {
  // Who asks to wait means all deliveries, not only this one.
  const least = fault.retryAfterMs === null ? 0 : FAILING_FROM;
  return {
    ...record,
    failures: Math.max(record.failures + 1, least),
    failingSinceMs: record.failingSinceMs ?? startMs,
    lastFailedMs: startMs,
    waitUntilMs: nextMs ?? startMs + RETRY_MAX_MS,
    isAsked: fault.retryAfterMs !== null,
  };
}

/** Takes a delivery out of the queue that is not pending. */
async function dropQueued(
  kv: Pick<Deno.Kv, "atomic">,
  open: OpenDelivery,
  entry: DeliveryEntry | null,
): Promise<void> {
  const op = entry === null ? kv.atomic() : kv.atomic().check(entry);
  stageQueuedDelete(op, open);
  await op.commit();
}
