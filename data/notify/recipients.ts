/**
 * The recipients of the event of a job, from what its request asked for.
 *
 * @module
 */

import type { Recipient } from "../events/event.ts";
import { addressesOf, DEFAULT_NAME, isPlace, type JobTargets, webhooksOf } from "./targets.ts";

/**
 * Who gets the event of a job that has ended. Each address gets a mail of its own. Places get the file,
 * so they get nothing of a job that has none; everyone else hears of a failure too.
 */
export function recipientsOf(targets: JobTargets | undefined, hasFile: boolean): Recipient[] {
  if (targets === undefined) return [];
  const places = hasFile ? (targets.deliver ?? []).filter(isPlace) : [];
  return [
    ...unique(addressesOf(targets)).map((address): Recipient => ({ kind: "email", to: [address] })),
    ...unique(webhooksOf(targets)).map((id): Recipient => ({ kind: "webhook", id })),
    ...places.map(({ to, name = DEFAULT_NAME }): Recipient => ({ kind: "place", url: to, name })),
  ];
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
