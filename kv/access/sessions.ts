/**
 * Sessions of browsers that signed in to the pages.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["session", hash]` | {@link SessionRecord}; the database removes it at its end | signing in and signing out |
 *
 * `hash` is the SHA-256 of the id in the cookie, so that whoever reads the database cannot use it.
 *
 * @module
 */

import { z } from "zod";

/** First part of the keys. */
export const SESSION_SPACE = "session";

const sessionSchema = z.object({
  v: z.literal(1),
  createdMs: z.number(),
  expiresMs: z.number(),
  sealed: z.instanceof(Uint8Array<ArrayBuffer>),
});

/**
 * A session. Times are epoch milliseconds. `sealed` is the key or token with which somebody signed in,
 * encrypted so that only the id in the cookie opens it (`data/access/session_seal.ts`).
 */
export type SessionRecord = z.infer<typeof sessionSchema>;

/** Reads a session; null if there is none or its time is over. */
export async function getSession(
  kv: Pick<Deno.Kv, "get">,
  hash: string,
  nowMs: number,
): Promise<SessionRecord | null> {
  const { value } = await kv.get([SESSION_SPACE, hash]);
  if (value === null) return null;
  const session = sessionSchema.parse(value);
  return session.expiresMs <= nowMs ? null : session;
}

/** Stores a session, whose hash is new. */
export async function addSession(
  kv: Pick<Deno.Kv, "atomic">,
  hash: string,
  session: Omit<SessionRecord, "v">,
): Promise<void> {
  const expireIn = Math.max(1, session.expiresMs - session.createdMs);
  const record: SessionRecord = { v: 1, ...session };
  await kv.atomic().set([SESSION_SPACE, hash], record, { expireIn }).commit();
}

/** Ends a session. Nothing happens if there is none. */
export async function removeSession(kv: Pick<Deno.Kv, "atomic">, hash: string): Promise<void> {
  await kv.atomic().delete([SESSION_SPACE, hash]).commit();
}
