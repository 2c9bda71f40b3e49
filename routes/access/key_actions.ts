/**
 * What one can do with keys, for the API and for pages: the same rules, audit entries and log lines.
 *
 * @module
 */

import type { Context } from "hono";
import type { z } from "zod";
import type { Key } from "../../data/access/key.ts";
import { grantProblems } from "../../data/access/key_rules.ts";
import { KEY_ID_PATTERN, KEY_ID_RULE } from "../../data/access/key_text.ts";
import { KEY_GRACE_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { KeyStore } from "../../kv/access/keys.ts";
import { fieldErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { noteAuditChange, noteAuditDetails, noteAuditSubject } from "./audited.ts";
import { changedGrant, grantBody, grantOf, keyBody } from "./key_body.ts";
import { type KeyBody, keyChange, keyRequest, keyRotation, type ShownKeyBody } from "./schemas.ts";

/** What the actions need. */
export interface KeyActionDeps {
  /** The keys. */
  readonly keys: Omit<KeyStore, "verify" | keyof AsyncDisposable>;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** All keys in the order in which they were made, with the minute in which each was last used. */
export async function listKeys({ keys, now }: KeyActionDeps): Promise<KeyBody[]> {
  const [all, uses] = await Promise.all([keys.list(), keys.listUses()]);
  return all.map((key) => keyBody(key, { usedMs: uses.get(key.id), nowMs: now() }));
}

/**
 * Makes a key. `body` is that of `POST /api/keys`.
 *
 * @throws {AppError} INVALID_REQUEST, with all mistakes.
 */
export async function createKey(
  c: Context,
  { keys, now, log }: KeyActionDeps,
  body: unknown,
): Promise<ShownKeyBody> {
  const grant = grantOf(parsedKeyBody(keyRequest, body));
  requireValidGrant(grant, now());
  const { key, text } = await keys.create({ ...grant, createdBy: c.get("caller").owner });
  noteAuditSubject(c, "key", key.id);
  noteAuditChange(c, null, grantBody(key));
  log("info", "key created", { keyId: key.id, scopes: key.scopes });
  return { ...keyBody(key, { nowMs: now() }), key: text };
}

/**
 * Changes a key. `body` is that of `PATCH /api/keys/{id}`.
 *
 * @throws {AppError} INVALID_REQUEST with all mistakes, or what the store refuses.
 */
export async function changeKey(
  c: Context,
  { keys, now, log }: KeyActionDeps,
  { id, body }: { id: string; body: unknown },
): Promise<Key> {
  const keyId = requireKeyId(id);
  const change = parsedKeyBody(keyChange, body);
  const key = await keys.change(keyId, (before) => {
    const after = changedGrant(change, before);
    noteAuditChange(c, grantBody(before), grantBody(after));
    // A time that is over may stay; only a new one must be in the future.
    requireValidGrant(
      change.expires_at === undefined ? { ...after, expiresMs: null } : after,
      now(),
    );
    return after;
  });
  log("info", "key changed", { keyId });
  return key;
}

/**
 * Gives a key a new secret. `body` is that of `POST /api/keys/{id}/rotate`.
 *
 * @throws {AppError} INVALID_REQUEST, or what the store refuses.
 */
export async function rotateKey(
  c: Context,
  { keys, now, log }: KeyActionDeps,
  { id, body }: { id: string; body: unknown },
): Promise<ShownKeyBody> {
  const keyId = requireKeyId(id);
  const { grace_seconds: graceSeconds } = parsedKeyBody(keyRotation, body);
  const graceMs = graceSeconds === undefined ? KEY_GRACE_MS : graceSeconds * 1_000;
  const { key, text } = await keys.rotate(keyId, graceMs);
  noteAuditDetails(c, { grace_seconds: graceMs / 1_000 });
  log("info", "key rotated", { keyId, graceMs });
  return { ...keyBody(key, { nowMs: now() }), key: text };
}

/**
 * Revokes a key.
 *
 * @throws {AppError} INVALID_REQUEST, or what the store refuses.
 */
export async function revokeKey({ keys, log }: KeyActionDeps, id: string): Promise<void> {
  const keyId = requireKeyId(id);
  await keys.revoke(keyId);
  log("info", "key revoked", { keyId });
}

/**
 * A body that a schema accepts.
 *
 * @throws {AppError} INVALID_REQUEST, with all mistakes.
 */
export function parsedKeyBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw invalidRequest(fieldErrors(result.error, body));
  return result.data;
}

/**
 * Refuses rights that no key can have.
 *
 * @throws {AppError} INVALID_REQUEST, with all mistakes.
 */
export function requireValidGrant(grant: Parameters<typeof grantProblems>[0], nowMs: number): void {
  const problems = grantProblems(grant, nowMs);
  if (problems.length > 0) throw invalidRequest(problems);
}

/**
 * The id of a key.
 *
 * @throws {AppError} INVALID_REQUEST if it is none.
 */
export function requireKeyId(id: string): string {
  if (KEY_ID_PATTERN.test(id)) return id;
  // It is not quoted: it may be a whole key.
  throw invalidRequest([{ pointer: "#id", detail: `The key's id must be ${KEY_ID_RULE}` }]);
}
