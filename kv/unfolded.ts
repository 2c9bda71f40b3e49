/**
 * Which series have segments, so that compaction need not look at all of them.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["unfolded", profile, id]` | `true` | ingest; deleted by compaction |
 *
 * @module
 */

import { PROFILES } from "../data/profile.ts";
import type { Staging } from "./budget.ts";
import type { SeriesRef } from "./series_ref.ts";

const SPACE = "unfolded";

/** A mark, as it was when it was read. */
export interface UnfoldedMark {
  /** The series that has segments. */
  readonly ref: SeriesRef;
  /** The version of the last ingest. */
  readonly versionstamp: string;
}

/** Marks a series. */
export function stageUnfolded(op: Staging, ref: SeriesRef): void {
  op.set([SPACE, ref.profile, ref.id], true);
}

/** Every mark. A profile this version does not know is passed over. */
export async function* listUnfolded(kv: Pick<Deno.Kv, "list">): AsyncGenerator<UnfoldedMark> {
  for (const { name } of Object.values(PROFILES)) {
    for await (const { key, versionstamp } of kv.list({ prefix: [SPACE, name] })) {
      yield { ref: { profile: name, id: String(key[2]) }, versionstamp };
    }
  }
}

/** Takes a mark away, unless more was ingested since it was read. */
export async function clearUnfolded(
  kv: Pick<Deno.Kv, "atomic">,
  { ref, versionstamp }: UnfoldedMark,
): Promise<void> {
  const key = [SPACE, ref.profile, ref.id];
  await kv.atomic().check({ key, versionstamp }).delete(key).commit();
}
