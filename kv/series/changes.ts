/**
 * The change feed: which days of which series had readings altered.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["changed", profile, id, dayMs]` | `true`; its versionstamp says when | ingest, import, removal; never compaction |
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import type { SeriesRef } from "./ref.ts";

/** The first part of its keys. */
export const CHANGED_SPACE = "changed";
/** Small entries read at once. */
const LIST_BATCH = 500;

/** A day of a series and when it was last altered. */
export interface Change {
  /** The series. */
  readonly ref: SeriesRef;
  /** First moment of the UTC day, epoch milliseconds. */
  readonly dayMs: number;
  /** The version of the last commit that altered it; comparable as text. */
  readonly versionstamp: string;
}

/** Says that readings of a day are altered by this commit. */
export function stageChanged(op: Staging, ref: SeriesRef, dayMs: number): void {
  op.set([CHANGED_SPACE, ref.profile, ref.id, dayMs], true);
}

/** The days of a profile, or of one series of it, altered after a version. */
export async function* listChanges(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  { id, after = "" }: { id?: string; after?: string } = {},
): AsyncGenerator<Change> {
  const prefix = id === undefined ? [CHANGED_SPACE, profile] : [CHANGED_SPACE, profile, id];
  for await (const { key, versionstamp } of kv.list({ prefix }, { batchSize: LIST_BATCH })) {
    if (versionstamp <= after) continue;
    yield { ref: { profile, id: String(key[2]) }, dayMs: Number(key[3]), versionstamp };
  }
}
