/**
 * The port to channels: what brings a message to a recipient.
 *
 * @module
 */

import type { DomainEvent, Recipient } from "../events/event.ts";

/** An event on its way to one recipient. */
export interface Message {
  /** The id of this delivery: the same for every attempt. */
  readonly deliveryId: string;
  /** The event. */
  readonly event: DomainEvent;
  /** Who gets it. */
  readonly recipient: Recipient;
  /** The number of this attempt; the first is 1. */
  readonly attempt: number;
  /** When this attempt begins, epoch milliseconds. */
  readonly nowMs: number;
}

/** Why a message was not sent whose key was revoked or narrowed: it counts as stopped, not as failed. */
export const KEY_STOPPED = "The key behind it was revoked, or may not see this any more";

/** What was sent and what came back, for the log of deliveries. */
export interface Sent {
  /** What was sent, in short: the method and address, or the envelope of a mail. No secret is in it. */
  readonly request: string;
  /** The status that the recipient answered, of HTTP or SMTP; null if it answered none. */
  readonly status: number | null;
  /** The beginning of its answer, at most 1 KiB; "" for none. */
  readonly answer: string;
}

/** Brings messages of one kind of recipient. A message may be sent again: the recipient has its id. */
export interface Channel {
  /** The kind of its recipients. */
  readonly kind: Recipient["kind"];
  /**
   * Sends a message.
   *
   * @throws {DeliveryFault} if it was not delivered. Anything else that is thrown counts as a fault
   * that may pass.
   */
  send(message: Message, signal: AbortSignal): Promise<Sent>;
}

/** More about a message that was not delivered. */
export interface DeliveryFaultOptions extends Partial<Sent> {
  /** Whether another attempt is of no use. */
  readonly isFinal: boolean;
  /** Whether the recipient wants no more messages at all: HTTP 410. */
  readonly isGone?: boolean;
  /** How long the recipient asks to wait, milliseconds. */
  readonly retryAfterMs?: number;
  /** The cause, for the log of the service. */
  readonly cause?: unknown;
}

/** A message was not delivered. Its text is shown in the log of deliveries. */
export class DeliveryFault extends Error {
  /** Whether another attempt is of no use. */
  readonly isFinal: boolean;
  /** Whether the recipient wants no more messages at all. */
  readonly isGone: boolean;
  /** How long the recipient asks to wait, milliseconds; null if it does not ask. */
  readonly retryAfterMs: number | null;
  /** What was sent; "" if nothing was. */
  readonly request: string;
  /** The status of the answer; null if there was none. */
  readonly status: number | null;
  /** The beginning of the answer, at most 1 KiB. */
  readonly answer: string;

  /** Creates a fault with a sentence for people. */
  constructor(message: string, options: DeliveryFaultOptions) {
    super(message, { cause: options.cause });
    this.name = "DeliveryFault";
    this.isFinal = options.isFinal;
    this.isGone = options.isGone ?? false;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.request = options.request ?? "";
    this.status = options.status ?? null;
    this.answer = options.answer ?? "";
  }
}
