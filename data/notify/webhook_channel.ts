/**
 * The channel of webhooks: signed requests as Standard Webhooks has them.
 *
 * @module
 */

import { Webhook as Signer } from "standardwebhooks";
import type { DomainEvent } from "../events/event.ts";
import type { FileLink } from "./job_file.ts";
import { signingSecrets, type Webhook } from "../events/webhook.ts";
import { instantText } from "../time/time_text.ts";
import { type Channel, DeliveryFault, type Message, type Sent } from "./channel.ts";
import { retryAfterMs } from "./delivery_retry.ts";
import type { guardedFetch } from "./guarded_fetch.ts";
import { AddressRefused, type GuardedAnswer, TargetFault } from "./target_fault.ts";

/** How long a receiver may take to answer, milliseconds. */
export const WEBHOOK_TIMEOUT_MS = 20_000;
/** How much of an answer is kept, bytes. */
export const ANSWER_MAX_BYTES = 1_024;

/** What a receiver gets: the body of the request. */
export interface WebhookPayload {
  /** The type of the event. */
  readonly type: DomainEvent["type"] | typeof TEST_TYPE;
  /** When it happened, RFC 3339. */
  readonly timestamp: string;
  /** The id of the event. */
  readonly id: string;
  /** What it is about. */
  readonly subject: DomainEvent["subject"];
  /** More about it. */
  readonly data: DomainEvent["data"];
}

/** The type of the event that a test sends. */
export const TEST_TYPE = "webhook.test";

/** What sending needs. */
export interface WebhookChannelDeps {
  /** Sends requests to addresses of users. */
  readonly request: typeof guardedFetch;
  /** A webhook as it is now; null if it is gone. */
  readonly findWebhook: (id: string) => Promise<Webhook | null>;
  /** A link to the file of the job that an event reports; null if it has none, or not any more. */
  readonly linkTo: (event: DomainEvent) => Promise<FileLink | null>;
  /** Whether addresses that are not public are allowed too. */
  readonly allowPrivate: boolean;
  /** The version of the service, which the requests name. */
  readonly version: string;
}

/** The body of an event. */
export function webhookPayload(
  { id, type, subject, atMs, data }: Pick<DomainEvent, "id" | "subject" | "atMs" | "data"> & {
    readonly type: WebhookPayload["type"];
  },
): WebhookPayload {
  return { type, timestamp: instantText(atMs), id, subject, data };
}

/** The channel. */
export function webhookChannel(deps: WebhookChannelDeps): Channel {
  return {
    kind: "webhook",
    async send(message, signal) {
      const { recipient } = message;
      const webhook = recipient.kind === "webhook" ? await deps.findWebhook(recipient.id) : null;
      if (webhook === null) throw new DeliveryFault("The webhook is gone", { isFinal: true });
      return await sendWebhook(deps, {
        webhook,
        ...message,
        payload: await payloadOf(deps, message),
      }, signal);
    },
  };
}

/** The body, with a link to the file for those who get it. */
async function payloadOf(
  { linkTo }: WebhookChannelDeps,
  { event, recipient }: Message,
): Promise<WebhookPayload> {
  const payload = webhookPayload(event);
  const hasFile = recipient.kind === "webhook" && recipient.hasFile === true;
  const link = hasFile ? await linkTo(event) : null;
  if (link === null) return payload;
  const { file } = payload.data;
  const known = typeof file === "object" && file !== null && !Array.isArray(file) ? file : {};
  const url = { url: link.url, url_expires_at: instantText(link.expiresMs) };
  return { ...payload, data: { ...payload.data, file: { ...known, ...url } } };
}

/** One request to a webhook. */
export interface WebhookRequest extends Pick<Message, "nowMs"> {
  /** The webhook. */
  readonly webhook: Pick<Webhook, "url" | "secret" | "previous">;
  /** The body. */
  readonly payload: WebhookPayload;
}

/**
 * Sends one signed request.
 *
 * @throws {DeliveryFault} if the answer is not of class 2xx, or there is none.
 */
export async function sendWebhook(
  { request, allowPrivate, version }: Omit<WebhookChannelDeps, "findWebhook" | "linkTo">,
  { webhook, payload, nowMs }: WebhookRequest,
  signal: AbortSignal,
): Promise<Sent> {
  const { url } = webhook;
  const body = JSON.stringify(payload);
  const shown = `POST ${url}`;
  let answer: GuardedAnswer;
  try {
    answer = await request(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": `OpenWatts/${version}`,
        ...signatureHeaders(webhook, { id: payload.id, body, nowMs }),
      },
      body: new TextEncoder().encode(body),
      timeoutMs: WEBHOOK_TIMEOUT_MS,
      maxAnswerBytes: ANSWER_MAX_BYTES,
      allowPrivate,
      signal,
    });
  } catch (error) {
    throw signal.aborted ? error : faultOf(error, shown);
  }
  const sent = { request: shown, status: answer.status, answer: textOf(answer.answer) };
  if (answer.status >= 200 && answer.status < 300) return sent;
  throw new DeliveryFault(statusFault(answer.status), {
    ...sent,
    isFinal: answer.status === 410,
    isGone: answer.status === 410,
    retryAfterMs: retryAfterMs(answer.headers["retry-after"], nowMs) ?? undefined,
  });
}

/** The headers of Standard Webhooks. While a secret is being replaced, both sign. */
function signatureHeaders(
  webhook: Pick<Webhook, "secret" | "previous">,
  { id, body, nowMs }: { id: string; body: string; nowMs: number },
): Record<string, string> {
  // The signature counts in seconds.
  const at = new Date(Math.floor(nowMs / 1_000) * 1_000);
  const signatures = signingSecrets(webhook, nowMs)
    .map((secret) => new Signer(secret).sign(id, at, body));
  return {
    "webhook-id": id,
    "webhook-timestamp": String(at.getTime() / 1_000),
    "webhook-signature": signatures.join(" "),
  };
}

function statusFault(status: number): string {
  if (status === 410) return "The receiver answered 410: it wants no more deliveries";
  if (status >= 300 && status < 400) {
    return `The receiver answered ${status}: redirects are not followed`;
  }
  return `The receiver answered ${status}`;
}

function faultOf(error: unknown, request: string): DeliveryFault {
  if (error instanceof TargetFault) {
    const { partial } = error;
    return new DeliveryFault(error.message, {
      isFinal: false,
      request,
      status: partial?.status ?? null,
      answer: partial === null ? "" : textOf(partial.answer),
      cause: error,
    });
  }
  if (error instanceof AddressRefused) {
    // Not final: whoever runs the name may mend it.
    return new DeliveryFault(error.message, { isFinal: false, request, cause: error });
  }
  throw error;
}

/** The first bytes of an answer as text, which may end within a character. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, ANSWER_MAX_BYTES));
}
