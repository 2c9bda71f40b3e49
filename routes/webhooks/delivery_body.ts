/**
 * Deliveries as answers show them.
 *
 * @module
 */

import type { WebhookPayload } from "../../data/notify/webhook_channel.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { DeliveryAttempt, DeliveryEntry } from "../../kv/events/deliveries.ts";
import type {
  AttemptBody,
  DeliveryBody,
  DeliveryDetailBody,
  WebhookReplayBody,
} from "./schemas.ts";

/** A delivery in a list. */
export function deliveryBody(entry: DeliveryEntry): DeliveryBody {
  const last = entry.value.attempts.at(-1);
  return { ...commonBody(entry), last_attempt: last === undefined ? null : attemptBody(last) };
}

/** A delivery with all attempts. */
export function deliveryDetailBody(
  entry: DeliveryEntry,
  payload: WebhookPayload | null,
): DeliveryDetailBody {
  return {
    ...commonBody(entry),
    all_attempts: entry.value.attempts.map(attemptBody),
    // As JSON has it: the payload is sent as this text.
    payload: payload === null ? null : JSON.parse(JSON.stringify(payload)),
  };
}

/** What is sent again. */
export function replayBody(
  { count, nextMs }: { count: number; nextMs: number | null },
): WebhookReplayBody {
  return { replayed: count, next_from: textOf(nextMs) };
}

function commonBody({ atMs, eventId, value }: DeliveryEntry): Omit<DeliveryBody, "last_attempt"> {
  return {
    id: `${atMs}-${eventId}`,
    event_id: eventId,
    type: value.type,
    subject: value.subject,
    event_at: instantText(atMs),
    state: value.state,
    attempts: value.attempt,
    next_attempt_at: textOf(value.nextMs),
    created_at: instantText(value.createdMs),
    ended_at: textOf(value.endedMs),
  };
}

function attemptBody(
  { atMs, tookMs, request, status, answer, fault }: DeliveryAttempt,
): AttemptBody {
  return { at: instantText(atMs), took_ms: tookMs, request, status, answer, error: fault };
}

function textOf(ms: number | null): string | null {
  return ms === null ? null : instantText(ms);
}
