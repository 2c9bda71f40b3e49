/**
 * The deliveries of a job, as its answer shows them.
 *
 * @module
 */

import type { Recipient } from "../../data/events/event.ts";
import { targetOf } from "../../data/events/target.ts";
import { KEY_STOPPED } from "../../data/notify/channel.ts";
import { MAIL_STOPPED } from "../../data/notify/mail_channel.ts";
import { DEFAULT_NAME, type DeliverTarget, isPlace } from "../../data/notify/targets.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { endEventId, endEventType, jobRecipients } from "../../jobs/targets/target_contract.ts";
import { type DeliveryRecord, getDelivery } from "../../kv/events/deliveries.ts";
import type { DeliveryState } from "./target_schemas.ts";

/** After this time, an event has its deliveries, milliseconds. */
const SETTLED_MS = 600_000;

/**
 * The deliveries that a job was asked for, with their states; undefined if it was asked for none. A job
 * that was cancelled has none, and one that failed delivers no file.
 */
export async function deliveriesOf(
  kv: Pick<Deno.Kv, "get">,
  job: JobRecord,
  nowMs: number,
): Promise<DeliveryState[] | undefined> {
  if (job.targets === undefined) return undefined;
  const recipients = jobRecipients(job);
  if (job.state === "pending" || job.state === "running") {
    const places = (job.targets.deliver ?? []).filter(isPlace);
    return [...recipients.map(namesOf), ...places.map(placeNames)].map(waiting);
  }
  const type = endEventType(job);
  if (type === null) return [];
  const event = { atMs: job.endedMs ?? job.updatedMs, eventId: endEventId(type, job.id) };
  // Deliveries are made within seconds. Later, one that is missing was deleted, or its webhook was.
  const isSettled = nowMs - event.atMs > SETTLED_MS;
  const found = await Promise.all(recipients.map(async (recipient) => {
    const entry = await getDelivery(kv, { target: targetOf(recipient), ...event });
    const names = namesOf(recipient);
    if (entry === null) return isSettled ? null : waiting(names);
    return stateOf(names, entry.value);
  }));
  return found.filter((one) => one !== null);
}

type Names = Pick<DeliveryState, "to" | "target">;

function namesOf(recipient: Recipient): Names {
  switch (recipient.kind) {
    case "email":
      return { to: "email", target: recipient.to.join(", ") };
    case "webhook":
      return { to: "webhook", target: recipient.id };
    case "place":
      return { to: recipient.url, target: recipient.name };
  }
}

function placeNames({ to, name = DEFAULT_NAME }: DeliverTarget): Names {
  return { to, target: name };
}

function waiting(names: Names): DeliveryState {
  return { ...names, state: "waiting", attempts: 0, updated_at: null, error: null };
}

function stateOf(names: Names, { state, attempts, attempt }: DeliveryRecord): DeliveryState {
  const last = attempts.at(-1);
  const fault = last?.fault ?? null;
  const isCancelled = fault === MAIL_STOPPED;
  const isStopped = state === "failed" && (isCancelled || fault === KEY_STOPPED);
  return {
    ...names,
    state: isStopped ? "stopped" : state === "pending" ? "waiting" : state,
    attempts: attempt,
    updated_at: last === undefined ? null : instantText(last.atMs + last.tookMs),
    error: isCancelled ? null : fault,
  };
}
