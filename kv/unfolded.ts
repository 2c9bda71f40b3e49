/**
 * Which series have segments, so that compaction need not look at all of them.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["unfolded", profile, id]` | `true` | ingest; deleted by compaction |
 *
 * @module
 */

import { type ProfileName, PROFILES } from "../data/profile.ts";
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

/** The mark of a series, or null where it has none: then it has no segments. */
export async function getUnfolded(
  kv: Pick<Deno.Kv, "get">,
  ref: SeriesRef,
): Promise<UnfoldedMark | null> {
  const { versionstamp } = await kv.get([SPACE, ref.profile, ref.id]);
  return versionstamp === null ? null : { ref, versionstamp };
}

/** Every mark. A profile this version does not know is passed over. */
export async function* listUnfolded(kv: Pick<Deno.Kv, "list">): AsyncGenerator<UnfoldedMark> {
  for (const { name } of Object.values(PROFILES)) yield* listUnfoldedOf(kv, name, "");
}

/** The marks of a profile in the order of ids, from behind `afterId`. */
export async function* listUnfoldedOf(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  afterId: string,
): AsyncGenerator<UnfoldedMark> {
  const prefix = [SPACE, profile];
  const selector = afterId === "" ? { prefix } : { prefix, start: [...prefix, `${afterId}\0`] };
  for await (const { key, versionstamp } of kv.list(selector)) {
    yield { ref: { profile, id: String(key[2]) }, versionstamp };
  }
}

/** Takes a mark away, unless more was ingested since it was read. */
export async function clearUnfolded(
  kv: Pick<Deno.Kv, "atomic">,
  mark: UnfoldedMark,
): Promise<void> {
  const op = kv.atomic();
  stageUnfoldedDelete(op, mark);
  await op.commit();
}

/** Takes a mark away with a commit, which fails where more was ingested since the mark was read. */
export function stageUnfoldedDelete(
  op: Pick<Deno.AtomicOperation, "check" | "delete">,
  { ref, versionstamp }: UnfoldedMark,
): void {
  const key = [SPACE, ref.profile, ref.id];
  op.check({ key, versionstamp }).delete(key);
}
