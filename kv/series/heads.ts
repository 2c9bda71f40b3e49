/**
 * Heads: one record per series that describes its blocks as a whole and guards them.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["series", profile, id]` | {@link SeriesHead} | every commit that writes blocks; removal |
 *
 * Every commit that writes blocks checks the head that it started from and sets a head with the next
 * generation. So if two writers change the same series at the same time, one of them fails its check
 * and starts again.
 *
 * @module
 */

import { z } from "zod";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import { getByKeys } from "../get_by_keys.ts";
import { stageReadingCount } from "../jobs/accounts.ts";
import type { SeriesRef } from "./ref.ts";

const SPACE = "series";
/** How many heads of other ids a range read may read for each requested one: a read costs as much. */
const OTHERS_PER_HEAD = 4;

const headSchema = z.object({
  v: z.literal(1),
  state: z.enum(["live", "deleting", "gone"]),
  life: z.int(),
  generation: z.int(),
  count: z.int(),
  firstMs: z.number(),
  lastMs: z.number(),
  removedMs: z.number(),
  account: z.string().optional(),
});

/**
 * The head of a series. It describes the blocks only, not the segments.
 *
 * - `life` counts the lives of the series: removal ends one, the next write of blocks begins another.
 * - `generation` grows with every change of the head.
 * - `count` is the number of readings in blocks.
 * - `firstMs` and `lastMs` are the first and last time, while the state is live.
 * - `removedMs` is when removal began, in any other state.
 * - `account` is whom its readings count for: whoever brought the first one of its life. Absent if
 *   nobody is known, as in heads of earlier versions.
 *
 * A head is never deleted. Otherwise a writer that had found no head could not tell a series that
 * never existed from one that was created and removed in the meantime.
 */
export type SeriesHead = z.infer<typeof headSchema>;

const NO_HEAD: SeriesHead = {
  v: 1,
  state: "gone",
  life: 0,
  generation: 0,
  count: 0,
  firstMs: 0,
  lastMs: 0,
  removedMs: 0,
};

/** A head and the version at which it was read. */
export interface HeadEntry {
  /** The key, for checks. */
  readonly key: Deno.KvKey;
  /** The head, or null if the series never had blocks. */
  readonly value: SeriesHead | null;
  /** Version of the last change, or null if there is no head. */
  readonly versionstamp: string | null;
}

/** Reads a head. */
export async function getHead(kv: Pick<Deno.Kv, "get">, ref: SeriesRef): Promise<HeadEntry> {
  return headEntry(await kv.get(headKey(ref)));
}

/** Reads the heads of several series, in their order. */
export async function getHeads(
  kv: Pick<Deno.Kv, "getMany">,
  refs: readonly SeriesRef[],
): Promise<HeadEntry[]> {
  return (await getByKeys(kv, refs.map(headKey))).map(headEntry);
}

/** Adds the writing of a head to a commit, and counts its readings for its account. */
export function stageHead(
  op: Staging,
  ref: SeriesRef,
  { from, to }: { from: SeriesHead | null; to: SeriesHead },
): void {
  op.set(headKey(ref), to);
  const before = countedReadings(from), after = countedReadings(to);
  if (from?.account === to.account) {
    if (to.account !== undefined) stageReadingCount(op, to.account, after - before);
    return;
  }
  if (from?.account !== undefined) stageReadingCount(op, from.account, -before);
  if (to.account !== undefined) stageReadingCount(op, to.account, after);
}

/** The readings that count: those of a series that is being removed no longer do. */
function countedReadings(head: SeriesHead | null): number {
  return head?.state === "live" ? head.count : 0;
}

/** The next generation of a head, with some fields changed. Null means that there is no head yet. */
export function nextHead(head: SeriesHead | null, change: Partial<SeriesHead>): SeriesHead {
  const before = head ?? NO_HEAD;
  return { ...before, ...change, generation: before.generation + 1 };
}

/** The head of a series that is live, or null. */
export function liveHead({ value }: HeadEntry): SeriesHead | null {
  return value?.state === "live" ? value : null;
}

/** Whether a stored entry is the head of a series that is being removed. */
export function isDeletingHead([space]: Deno.KvKey, stored: unknown): boolean {
  return space === SPACE && headSchema.parse(stored).state === "deleting";
}

/** The life that a series is in, or that a write would begin now. */
export function currentLife({ value }: HeadEntry): number {
  if (value === null) return 1;
  return value.state === "live" ? value.life : value.life + 1;
}

/**
 * The head after a commit that wrote readings from `firstMs` to `lastMs`, `inserted` of them new.
 * A series without a head, or one that was removed, begins a new life, which counts for `account`.
 */
export function grownHead(
  entry: HeadEntry,
  { firstMs, lastMs, inserted, account }: {
    firstMs: number;
    lastMs: number;
    inserted: number;
    account: string | undefined;
  },
): SeriesHead {
  const live = liveHead(entry);
  return nextHead(live ?? ofNobody(entry.value), {
    ...live === null && account !== undefined ? { account } : {},
    state: "live",
    life: currentLife(entry),
    count: (live?.count ?? 0) + inserted,
    firstMs: Math.min(live?.firstMs ?? firstMs, firstMs),
    lastMs: Math.max(live?.lastMs ?? lastMs, lastMs),
  });
}

function ofNobody(head: SeriesHead | null): SeriesHead | null {
  if (head === null) return null;
  const { account: _account, ...rest } = head;
  return rest;
}

/** All series that have or had blocks, in the order of their keys. */
export async function* listHeadSeries(kv: Pick<Deno.Kv, "list">): AsyncGenerator<SeriesRef> {
  for await (const { key } of kv.list({ prefix: [SPACE] })) {
    yield { profile: String(key[1]), id: String(key[2]) };
  }
}

/** Ids, heads and their versions of the series of a profile, in the order of ids, starting after `afterId`. */
export async function* listHeads(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  afterId: string,
): AsyncGenerator<{ id: string; head: SeriesHead; versionstamp: string }> {
  for await (const { key, value, versionstamp } of kv.list(afterSelector(profile, afterId))) {
    yield { id: String(key[2]), head: headSchema.parse(value), versionstamp };
  }
}

/** Whether a profile has so many heads. */
export async function hasHeads(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  count: number,
): Promise<boolean> {
  let left = count;
  for await (const _ of kv.list({ prefix: [SPACE, profile] }, { limit: count })) left--;
  return left <= 0;
}

/** At most `limit` heads of a profile in the order of ids, starting after `afterId`. */
export async function listHeadEntries(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  { afterId, limit }: { afterId: string; limit: number },
): Promise<HeadEntry[]> {
  const entries = kv.list(afterSelector(profile, afterId), { limit, batchSize: limit });
  return await Array.fromAsync(entries, headEntry);
}

/**
 * The versions of the heads after `afterId`, up to and with `lastId`, or to the end of the profile. If
 * there are at most `most`, it costs one read.
 */
export async function listHeadVersions(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  { afterId, lastId, most }: { afterId: string; lastId: string | null; most: number },
): Promise<Map<string, string>> {
  const prefix = [SPACE, profile];
  const selector = lastId === null
    ? afterSelector(profile, afterId)
    : { start: [...prefix, `${afterId}\0`], end: [...prefix, `${lastId}\0`] };
  const versions = new Map<string, string>();
  // A batch that is not full is the last one.
  for await (const { key, versionstamp } of kv.list(selector, { batchSize: most + 1 })) {
    versions.set(String(key[2]), versionstamp);
  }
  return versions;
}

/**
 * Reads the heads of many series. The ids must be ascending and ASCII. Ids that are close together
 * cost one range read; once it has read too many heads of other ids, the rest cost one read each.
 */
export async function rangeHeads(
  kv: Pick<Deno.Kv, "get" | "list">,
  profile: ProfileName,
  ids: readonly string[],
): Promise<HeadEntry[]> {
  const selector = {
    start: [SPACE, profile, ids[0]],
    end: [SPACE, profile, `${ids[ids.length - 1]}\0`],
  };
  const missing = (id: string) => ({
    key: headKey({ profile, id }),
    value: null,
    versionstamp: null,
  });
  const entries = new Map<string, HeadEntry>(ids.map((id) => [id, missing(id)]));
  let others = 0;
  for await (const entry of kv.list(selector, { batchSize: 2 * ids.length })) {
    const id = String(entry.key[2]);
    if (entries.has(id)) entries.set(id, headEntry(entry));
    else if (++others > OTHERS_PER_HEAD * ids.length) {
      const rest = ids.filter((each) => each > id);
      const heads = await Promise.all(rest.map((each) => getHead(kv, { profile, id: each })));
      heads.forEach((head, index) => entries.set(rest[index], head));
      break;
    }
  }
  return ids.map((id) => entries.get(id) ?? missing(id));
}

/** The heads of a profile after an id. */
function afterSelector(profile: ProfileName, afterId: string): Deno.KvListSelector {
  const prefix = [SPACE, profile];
  return afterId === "" ? { prefix } : { prefix, start: [...prefix, `${afterId}\0`] };
}

function headEntry({ key, value, versionstamp }: Deno.KvEntryMaybe<unknown>): HeadEntry {
  return { key, value: versionstamp === null ? null : headSchema.parse(value), versionstamp };
}

/** The key of a head. */
export function headKey({ profile, id }: SeriesRef): Deno.KvKey {
  return [SPACE, profile, id];
}
