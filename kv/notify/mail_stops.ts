/**
 * Mails that their recipients have cancelled.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["mail_stop", kind, id, tag]` | `{ v: 1, atMs }` | whoever follows the link of a mail |
 *
 * `data/notify/mail_stop.ts` says what kind, id and tag are. No address is stored.
 *
 * @module
 */

import type { MailStop } from "../../data/notify/mail_stop.ts";

const SPACE = "mail_stop";

/** Whether mails are cancelled. */
export async function isMailStopped(
  kv: Pick<Deno.Kv, "get">,
  stop: MailStop,
): Promise<boolean> {
  return (await kv.get(keyOf(stop))).versionstamp !== null;
}

/** Cancels mails. Does nothing if they are. */
export async function stopMails(
  kv: Pick<Deno.Kv, "atomic">,
  stop: MailStop,
  nowMs: number,
): Promise<void> {
  await kv.atomic().set(keyOf(stop), { v: 1, atMs: nowMs }).commit();
}

/** Sends mails again. Does nothing if they are not cancelled. */
export async function resumeMails(kv: Pick<Deno.Kv, "atomic">, stop: MailStop): Promise<void> {
  await kv.atomic().delete(keyOf(stop)).commit();
}

function keyOf({ kind, id, tag }: MailStop): Deno.KvKey {
  return [SPACE, kind, id, tag];
}
