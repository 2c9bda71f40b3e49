/**
 * Segment counts: which series have segments, and about how many. They save compaction from reading
 * the segments of every series.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["unfolded", profile, id]` | `KvU64`: segments added since the last fold | ingest; lowered or deleted by compaction |
 *
 * A series without an entry has no segments: ingest writes both in one commit. The number may be too
 * high, because a commit was retried although it had happened, or because an import folded segments.
 * It only decides when to fold. In version 1 of the schema the value was `true`, to which nothing
 * can be added.
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import { getByKeys } from "../get_by_keys.ts";
import type { SeriesRef } from "./ref.ts";

/** First part of the keys. */
export const SEGMENT_COUNT_SPACE = "unfolded";
/** How often lowering a count is tried while ingest continues. */
const TRIES = 4;

/** A segment count as it was read. */
export interface SegmentCount {
  /** The series. */
  readonly ref: SeriesRef;
  /** Version of the last ingest. */
  readonly versionstamp: string;
  /** About how many segments the series has. */
  readonly count: number;
}

/** Counts one more segment in the commit that writes it. */
export function stageSegmentAdded(op: Staging, ref: SeriesRef): void {
  op.sum([SEGMENT_COUNT_SPACE, ref.profile, ref.id], 1n);
}

/** The segment count of a series, or null if it has no segments. */
export async function getSegmentCount(
  kv: Pick<Deno.Kv, "get">,
  ref: SeriesRef,
): Promise<SegmentCount | null> {
  const { value, versionstamp } = await kv.get([SEGMENT_COUNT_SPACE, ref.profile, ref.id]);
  return versionstamp === null ? null : { ref, versionstamp, count: countOf(value) };
}

/** Whether each of several series has segments, in their order. */
export async function haveSegments(
  kv: Pick<Deno.Kv, "getMany">,
  refs: readonly SeriesRef[],
): Promise<boolean[]> {
  const keys = refs.map(({ profile, id }) => [SEGMENT_COUNT_SPACE, profile, id]);
  const entries = await getByKeys(kv, keys);
  return entries.map(({ versionstamp }) => versionstamp !== null);
}

/** All segment counts. */
export async function* listSegmentCounts(kv: Pick<Deno.Kv, "list">): AsyncGenerator<SegmentCount> {
  for await (const { key, value, versionstamp } of kv.list({ prefix: [SEGMENT_COUNT_SPACE] })) {
    const ref = { profile: String(key[1]), id: String(key[2]) };
    yield { ref, versionstamp, count: countOf(value) };
  }
}

/** At most `limit` segment counts in the order of their series, after one. */
export async function listSegmentCountsAfter(
  kv: Pick<Deno.Kv, "list">,
  { after, limit }: { after: SeriesRef | null; limit: number },
): Promise<{ ref: SeriesRef; count: number }[]> {
  const prefix = [SEGMENT_COUNT_SPACE];
  const selector = after === null
    ? { prefix }
    : { prefix, start: [...prefix, after.profile, `${after.id}\0`] };
  const found: { ref: SeriesRef; count: number }[] = [];
  for await (const { key, value } of kv.list(selector, { limit, batchSize: 500 })) {
    const ref = { profile: String(key[1]), id: String(key[2]) };
    found.push({ ref, count: countOf(value) });
  }
  return found;
}

/** The segment counts of a profile, in the order of ids: after `afterId`, up to and with `lastId`. */
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
 * Deletes a segment count after a fold. If more was ingested since it was read, it only subtracts
 * the number that was read. If ingest keeps coming in between, the entry stays as it is.
 */
export async function clearSegmentCount(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  cleared: SegmentCount,
): Promise<void> {
  const op = kv.atomic();
  stageSegmentCountDelete(op, cleared);
  for (let isDone = (await op.commit()).ok, tries = 1; !isDone && tries < TRIES; tries++) {
    const key = [SEGMENT_COUNT_SPACE, cleared.ref.profile, cleared.ref.id];
    const entry = await kv.get(key);
    if (entry.versionstamp === null) return;
    const left = BigInt(Math.max(countOf(entry.value) - cleared.count, 0));
    isDone = (await kv.atomic().check(entry).set(key, new Deno.KvU64(left)).commit()).ok;
  }
}

/** Deletes a segment count in a commit, which fails if more was ingested since it was read. */
export function stageSegmentCountDelete(
  op: Pick<Deno.AtomicOperation, "check" | "delete">,
  { ref, versionstamp }: SegmentCount,
): void {
  const key = [SEGMENT_COUNT_SPACE, ref.profile, ref.id];
  op.check({ key, versionstamp }).delete(key);
}

/** The migration from version 1: replaces the value `true` by a number. */
export async function migrateSegmentCounts(kv: Pick<Deno.Kv, "list" | "atomic">): Promise<void> {
  for await (const entry of kv.list({ prefix: [SEGMENT_COUNT_SPACE] })) {
    if (entry.value instanceof Deno.KvU64) continue;
    // 1 is enough: these segments are folded because of their age, however many they are.
    await kv.atomic().check(entry).set(entry.key, new Deno.KvU64(1n)).commit();
  }
}

function countOf(value: unknown): number {
  return value instanceof Deno.KvU64 ? Number(value.value) : 1;
}
