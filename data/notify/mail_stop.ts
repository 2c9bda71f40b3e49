/**
 * Links that cancel mails: whoever gets a mail can end those of the same kind to that address, without
 * a key (RFC 8058).
 *
 * A link names what is cancelled and a tag of the address. The tag is made with a secret, so neither a
 * log nor a proxy learns the address from it. The signature is made with the same secret, so nobody can
 * make a link for others.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import type { DomainEvent } from "../events/event.ts";
import { sameAddress } from "./mail_address.ts";

/** The kinds of what can be cancelled: mails of a schedule, of an alert, or of one who asks for files. */
export const STOP_KINDS = ["schedule", "alert", "asker"] as const;

/** What is cancelled. */
export interface StopScope {
  /** Its kind. */
  readonly kind: typeof STOP_KINDS[number];
  /** The id of the schedule or alert, or the owner of the jobs. */
  readonly id: string;
}

/** What is cancelled for whom. */
export interface MailStop extends StopScope {
  /** The tag of the address. */
  readonly tag: string;
}

/** What is cancelled, in words. */
export const STOP_WORDS: Readonly<Record<StopScope["kind"], string>> = {
  schedule: "mails about this schedule",
  alert: "mails about this alert",
  asker: "mails about files that the same sender asks for",
};

/** The longest token, characters. */
export const STOP_TOKEN_MAX = 1_000;
const TAG = /^[0-9a-f]{32}$/;

/** What a link in a mail about an event cancels. `origin`: what made the job that the event is about. */
export function stopScope(
  { subject, account }: Pick<DomainEvent, "subject" | "account">,
  origin?: { readonly kind: "schedule"; readonly id: string },
): StopScope {
  if (origin !== undefined) return origin;
  const { kind, id } = subject;
  if (kind === "schedule" || kind === "alert") return { kind, id };
  return { kind: "asker", id: account ?? "" };
}

/** The tag of an address. Two spellings of one address have the same. */
export function addressTag(secret: Uint8Array, address: string): string {
  return mac(secret, `mail address v1\n${sameAddress(address)}`).toString("hex").slice(0, 32);
}

/** The last part of the address of a link. */
export function stopToken(secret: Uint8Array, { kind, id, tag }: MailStop): string {
  const payload = Buffer.from(JSON.stringify([kind, id, tag])).toString("base64url");
  return `${payload}.${signature(secret, payload).toString("base64url")}`;
}

/** What a token cancels; null if it was changed or is none. Takes the same time for any signature. */
export function parseStopToken(secret: Uint8Array, token: string): MailStop | null {
  const [, payload, signed] = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
  if (payload === undefined || token.length > STOP_TOKEN_MAX) return null;
  const given = Buffer.from(signed, "base64url");
  const expected = signature(secret, payload);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  // What is signed was made by `stopToken`, but perhaps by a later version.
  const [kind, id, tag] = JSON.parse(Buffer.from(payload, "base64url").toString()) as unknown[];
  const known = STOP_KINDS.find((one) => one === kind);
  return known === undefined || typeof id !== "string" || typeof tag !== "string" || !TAG.test(tag)
    ? null
    : { kind: known, id, tag };
}

function signature(secret: Uint8Array, payload: string): Buffer {
  return mac(secret, `mail stop v1\n${payload}`);
}

function mac(secret: Uint8Array, text: string): Buffer {
  return createHmac("sha256", secret).update(text).digest();
}
