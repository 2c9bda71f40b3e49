/**
 * Which series have segments, and how many, so that compaction need not look at all of them.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["unfolded", profile, id]` | `KvU64`: segments since the mark was set | ingest; lowered or deleted by compaction |
 *
 * The mark says whether a series has segments; its count, which only says when to fold, may be wrong
 * where a commit was done twice or other writes took segments away. In version 1 of the schema a
 * mark was `true`, which cannot be added to.
 *
 * @module
 */

import { type ProfileName, PROFILES } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import { getByKeys } from "../get_by_keys.ts";
import type { SeriesRef } from "./ref.ts";

/** The first part of its keys. */
export const SEGMENT_COUNT_SPACE = "unfolded";
/** How often clearing a mark is tried while ingest goes on. */
const TRIES = 4;

/** A mark, as it was when it was read. */
export interface SegmentCount {
  /** The series that has segments. */
  readonly ref: SeriesRef;
  /** The version of the last ingest. */
  readonly versionstamp: string;
  /** How many segments it has, about. */
  readonly count: number;
}

/** Marks a series that gets one more segment. */
export function stageSegmentAdded(op: Staging, ref: SeriesRef): void {
  op.sum([SEGMENT_COUNT_SPACE, ref.profile, ref.id], 1n);
}

/** The mark of a series, or null where it has none: then it has no segments. */
export async function getSegmentCount(
  kv: Pick<Deno.Kv, "get">,
  ref: SeriesRef,
): Promise<SegmentCount | null> {
  const { value, versionstamp } = await kv.get([SEGMENT_COUNT_SPACE, ref.profile, ref.id]);
  return versionstamp === null ? null : { ref, versionstamp, count: countOf(value) };
}

/** Whether series have segments, in their order. */
export async function haveSegments(
  kv: Pick<Deno.Kv, "getMany">,
  refs: readonly SeriesRef[],
): Promise<boolean[]> {
  const entries = await getByKeys(
    kv,
    refs.map(({ profile, id }) => [SEGMENT_COUNT_SPACE, profile, id]),
  );
  return entries.map(({ versionstamp }) => versionstamp !== null);
}

/** Every mark. A profile this version does not know is passed over. */
export async function* listSegmentCounts(kv: Pick<Deno.Kv, "list">): AsyncGenerator<SegmentCount> {
  for (const { name } of Object.values(PROFILES)) yield* listSegmentCountsOf(kv, name);
}

/** The marks of a profile in the order of ids, of some of them and at most so many. */
export async function* listSegmentCountsOf(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  { afterId = "", lastId, limit }: { afterId?: string; lastId?: string; limit?: number } = {},
): AsyncGenerator<SegmentCount> {
  const prefix = [SEGMENT_COUNT_SPACE, profile];
  const start = afterId === "" ? prefix : [...prefix, `${afterId}\0`];
  const selector = lastId === undefined
    ? { prefix, ...(afterId === "" ? {} : { start }) }
    : { start, end: [...prefix, `${lastId}\0`] };
  for await (const { key, value, versionstamp } of kv.list(selector, { limit })) {
    yield { ref: { profile, id: String(key[2]) }, versionstamp, count: countOf(value) };
  }
}

/**
 * Takes a mark away. Where more was ingested since it was read, only its count is taken off; and
 * where that goes on without a pause, the mark stays as it is.
 */
export async function clearSegmentCount(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  mark: SegmentCount,
): Promise<void> {
  const op = kv.atomic();
  stageSegmentCountDelete(op, mark);
  for (let isDone = (await op.commit()).ok, tries = 1; !isDone && tries < TRIES; tries++) {
    const key = [SEGMENT_COUNT_SPACE, mark.ref.profile, mark.ref.id];
    const entry = await kv.get(key);
    if (entry.versionstamp === null) return;
    const left = BigInt(Math.max(countOf(entry.value) - mark.count, 0));
    isDone = (await kv.atomic().check(entry).set(key, new Deno.KvU64(left)).commit()).ok;
  }
}

/** Takes a mark away with a commit, which fails where more was ingested since the mark was read. */
export function stageSegmentCountDelete(
  op: Pick<Deno.AtomicOperation, "check" | "delete">,
  { ref, versionstamp }: SegmentCount,
): void {
  const key = [SEGMENT_COUNT_SPACE, ref.profile, ref.id];
  op.check({ key, versionstamp }).delete(key);
}

/** Makes counts of marks that are `true`, the form of version 1. */
export async function migrateSegmentCounts(kv: Pick<Deno.Kv, "list" | "atomic">): Promise<void> {
  for await (const entry of kv.list({ prefix: [SEGMENT_COUNT_SPACE] })) {
    if (entry.value instanceof Deno.KvU64) continue;
    // Its segments are folded when they are old, however many they are.
    await kv.atomic().check(entry).set(entry.key, new Deno.KvU64(1n)).commit();
  }
}

function countOf(value: unknown): number {
  return value instanceof Deno.KvU64 ? Number(value.value) : 1;
}
