/**
 * Damaged values that a repair, or a flush of the logs of ingest, has taken out of the way. They are never
 * deleted.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["set_aside", atMs, …key]` | the value as it was stored under the rest of the key | `deno task verify --repair`; a flush, for a record of a log (`kv/ingest_log`) |
 *
 * @module
 */

import type { Staging } from "./budget.ts";

const SPACE = "set_aside";

/** Moves the value of a key out of the way, in a commit. */
export function stageSetAside(
  op: Staging,
  { key, value }: { readonly key: Deno.KvKey; readonly value: unknown },
  nowMs: number,
): void {
  op.set([SPACE, nowMs, ...key], value);
  op.delete(key);
}

/** How many values were set aside. */
export async function countSetAside(kv: Pick<Deno.Kv, "list">): Promise<number> {
  let count = 0;
  for await (const _ of kv.list({ prefix: [SPACE] })) count++;
  return count;
}
