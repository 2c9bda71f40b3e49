/**
 * Keys for tests.
 *
 * @module
 */

import { EVERY_ID } from "../../data/access/caller.ts";
import { NO_KEY_LIMITS } from "../../data/access/key_limits.ts";
import { secretHash } from "../../data/access/key_text.ts";
import type { NewKey } from "../../kv/access/key_changes.ts";
import { checkKeys, lastKeyChange, stageKey } from "../../kv/access/key_records.ts";

/** What a new key is that sends readings of every device, from everywhere, without an end. */
export const INGEST_GRANT: NewKey = {
  name: "Gateway",
  scopes: ["ingest"],
  patterns: EVERY_ID,
  networks: null,
  expiresMs: null,
  limits: NO_KEY_LIMITS,
  createdBy: "anyone",
};

/** Stores a key under an id that a test chose. Returns its text. */
export async function storeKey(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  changes: Partial<NewKey> = {},
): Promise<string> {
  const secret = id.padEnd(43, "0");
  const op = checkKeys(kv, await lastKeyChange(kv));
  stageKey(op, {
    ...INGEST_GRANT,
    ...changes,
    id,
    origin: "api",
    createdMs: Date.UTC(2026, 10, 29, 12),
    revokedMs: null,
    rotatedMs: null,
    hash: secretHash(secret),
    previous: null,
  });
  const { ok } = await op.commit();
  if (!ok) throw new TypeError(`Cannot store the key ${id} as another changed`);
  return `ow_${id}_${secret}`;
}
