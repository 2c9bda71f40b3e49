/**
 * The secrets that sign links of files (`data/access/link.ts`) and links that cancel mails
 * (`data/notify/mail_stop.ts`).
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["secret", "links"]` | `{ v: 1, current: { bytes, createdMs }, previous }` | who makes a link, or ends all |
 * | `["secret", "mail_stops"]` | `{ v: 1, bytes, createdMs }` | who sends the first mail |
 *
 * A secret signs new links for seven days, then another one does. It stays valid for seven days more,
 * which no link outlives, so rotation ends no link early. That of mails stays: a mail may be years old
 * when somebody cancels the next ones.
 *
 * @module
 */

import { z } from "zod";
import { LINK_MAX_SECONDS } from "../../data/limits.ts";

const SPACE = "secret";
const KEY = [SPACE, "links"];
const MAIL_STOPS_KEY = [SPACE, "mail_stops"];
/** SHA-256 has blocks of 64 bytes, but more than 32 bytes add nothing (RFC 2104, section 3). */
const SECRET_BYTES = 32;
/** How long a secret signs new links, milliseconds. No link is longer: they end with whole seconds. */
const SIGNS_MS = (LINK_MAX_SECONDS + 1) * 1_000;

const secretSchema = z.object({
  bytes: z.instanceof(Uint8Array<ArrayBuffer>),
  createdMs: z.number(),
});
const recordSchema = z.object({
  v: z.literal(1),
  current: secretSchema,
  previous: secretSchema.nullable(),
});

/** The secrets whose signatures are valid, the newest first; none before the first link. */
export async function linkSecrets(
  kv: Pick<Deno.Kv, "get">,
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const { value } = await kv.get(KEY);
  if (value === null) return [];
  const { current, previous } = recordSchema.parse(value);
  return previous === null ? [current.bytes] : [current.bytes, previous.bytes];
}

/** The secret for a new link. Makes one if there is none, or the one that is there is too old. */
export async function signingSecret(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  nowMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  for (;;) {
    const entry = await kv.get(KEY);
    const record = entry.value === null ? null : recordSchema.parse(entry.value);
    if (record !== null && nowMs - record.current.createdMs < SIGNS_MS) return record.current.bytes;
    const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    const current = { bytes, createdMs: nowMs };
    const previous = record?.current ?? null;
    const { ok } = await kv.atomic().check(entry).set(KEY, { v: 1, current, previous }).commit();
    // Another process may have made one meanwhile.
    if (ok) return bytes;
  }
}

/** Forgets all secrets, which ends every link. The next link gets a new one. */
export async function forgetLinkSecrets(kv: Pick<Deno.Kv, "atomic">): Promise<void> {
  await kv.atomic().delete(KEY).commit();
}

const mailSecretSchema = z.object({
  v: z.literal(1),
  bytes: z.instanceof(Uint8Array<ArrayBuffer>),
  createdMs: z.number(),
});

/** The secret of links that cancel mails; null before the first mail. */
export async function readMailStopSecret(
  kv: Pick<Deno.Kv, "get">,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const { value } = await kv.get(MAIL_STOPS_KEY);
  return value === null ? null : mailSecretSchema.parse(value).bytes;
}

/** The secret of links that cancel mails. Makes it if there is none. */
export async function mailStopSecret(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  nowMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  for (;;) {
    const known = await readMailStopSecret(kv);
    if (known !== null) return known;
    const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    const { ok } = await kv.atomic().check({ key: MAIL_STOPS_KEY, versionstamp: null })
      .set(MAIL_STOPS_KEY, { v: 1, bytes, createdMs: nowMs }).commit();
    // Another process may have made one meanwhile.
    if (ok) return bytes;
  }
}
