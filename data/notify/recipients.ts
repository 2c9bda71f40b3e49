/**
 * The recipients of the event of a job, from what its request asked for.
 *
 * @module
 */

import type { MailRecipient, Recipient } from "../events/event.ts";
import { DEFAULT_NAME, isPlace, type JobTargets, webhooksOf } from "./targets.ts";

/**
 * Who gets the event of a job that has ended. Each address gets a mail of its own, with the file if one
 * of the fields asks for that. Places get the file, so they get nothing of a job that has none; everyone
 * else hears of a failure too.
 */
export function recipientsOf(targets: JobTargets | undefined, hasFile: boolean): Recipient[] {
  if (targets === undefined) return [];
  const places = hasFile ? (targets.deliver ?? []).filter(isPlace) : [];
  return [
    ...mailsOf(targets, hasFile),
    ...new Set(webhooksOf(targets)).values().map((id): Recipient => ({ kind: "webhook", id })),
    ...places.map(({ to, name = DEFAULT_NAME }): Recipient => ({ kind: "place", url: to, name })),
  ];
}

function mailsOf({ notify, deliver = [], origin }: JobTargets, hasFile: boolean): MailRecipient[] {
  const withFile = new Set(deliver.flatMap(({ email }) => email ?? []));
  const all = new Set([...notify?.email ?? [], ...withFile]);
  return [...all].map((address) => ({
    kind: "email",
    to: [address],
    ...(hasFile && withFile.has(address) ? { hasFile } : {}),
    ...(origin === undefined ? {} : { origin }),
  }));
}
