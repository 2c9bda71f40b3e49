/**
 * Revisions: a number a series that grows with every commit that alters its readings.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["revision", profile, id]` | `KvU64` | ingest, import, removal, by `sum()`; never compaction |
 *
 * @module
 */

import type { Staging } from "./budget.ts";
import type { SeriesRef } from "./series_ref.ts";

/** The first part of its keys. */
export const REVISION_SPACE = "revision";

/** Raises the revision with this commit. */
export function stageRevision(op: Staging, ref: SeriesRef): void {
  op.sum([REVISION_SPACE, ref.profile, ref.id], 1n);
}

/** The revision of a series; 0 where nothing was ever written. It outlives removal. */
export async function getRevision(kv: Pick<Deno.Kv, "get">, ref: SeriesRef): Promise<number> {
  const { value } = await kv.get<Deno.KvU64>([REVISION_SPACE, ref.profile, ref.id]);
  return value === null ? 0 : Number(value.value);
}
