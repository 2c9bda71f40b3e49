/**
 * Targets: where deliveries go. Each has a queue and a log of its own.
 *
 * @module
 */

import { hash } from "node:crypto";
import type { Recipient } from "./event.ts";

/** The target of a recipient: `webhook:ID`, or `email:` or `place:` with 32 hexadecimal digits. */
export function targetOf(recipient: Recipient): string {
  switch (recipient.kind) {
    case "webhook":
      return webhookTarget(recipient.id);
    case "email":
      return `email:${digest(recipient.to.toSorted())}`;
    case "place":
      return `place:${digest([recipient.url, recipient.name])}`;
  }
}

/** The target of a webhook. */
export function webhookTarget(id: string): string {
  return `webhook:${id}`;
}

/** The webhook of a target; null if it is of another kind. */
export function webhookOfTarget(target: string): string | null {
  return target.startsWith("webhook:") ? target.slice("webhook:".length) : null;
}

function digest(parts: readonly string[]): string {
  return hash("sha256", JSON.stringify(parts)).slice(0, 32);
}
