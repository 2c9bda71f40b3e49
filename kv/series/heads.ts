/**
 * What is known of a series as a whole.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["series", profile, id]` | {@link SeriesHead} | every commit that writes blocks; removal |
 *
 * A commit that writes blocks checks the head it started from and sets a new one with the next
 * generation. So of two that write the same series at a time one starts again.
 *
 * @module
 */

import { z } from "zod";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import { getByKeys } from "../get_by_keys.ts";
import type { SeriesRef } from "./ref.ts";

const SPACE = "series";

const headSchema = z.object({
  v: z.literal(1),
  state: z.enum(["live", "deleting", "gone"]),
  life: z.int(),
  generation: z.int(),
  count: z.int(),
  firstMs: z.number(),
  lastMs: z.number(),
  removedMs: z.number(),
});

/**
 * The head of a series, of its blocks alone. `life` counts its lives: removal ends one, the next
 * write of blocks begins another. `generation` grows with every change of the head. `count` is the
 * number of readings, `firstMs` and `lastMs` are the first and last time (of a live one), and
 * `removedMs` is when removal began (of one that is not). A head never goes away, so that no write
 * takes a series which came and went meanwhile for one that never was.
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

/** A head and the version it was read at; no value where the series has no blocks. */
export interface HeadEntry {
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** The head, or null. */
  readonly value: SeriesHead | null;
  /** The version of its last change, or null. */
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

/** Sets a head. */
export function stageHead(op: Staging, ref: SeriesRef, head: SeriesHead): void {
  op.set(headKey(ref), head);
}

/** The head that follows from a change: `change` over the head before, or over that of no series. */
export function nextHead(head: SeriesHead | null, change: Partial<SeriesHead>): SeriesHead {
  const before = head ?? NO_HEAD;
  return { ...before, ...change, generation: before.generation + 1 };
}

/** A head of a series that has blocks, or null. */
export function liveHead({ value }: HeadEntry): SeriesHead | null {
  return value?.state === "live" ? value : null;
}

/** The life that a series is in, or would begin if readings came now. */
export function currentLife({ value }: HeadEntry): number {
  if (value === null) return 1;
  return value.state === "live" ? value.life : value.life + 1;
}

/**
 * The head after a commit of readings from `firstMs` to `lastMs`, so many of them new. A series that
 * has none yet, or whose last life ended, begins a life.
 */
export function grownHead(
  entry: HeadEntry,
  { firstMs, lastMs, inserted }: { firstMs: number; lastMs: number; inserted: number },
): SeriesHead {
  const live = liveHead(entry);
  return nextHead(entry.value, {
    state: "live",
    life: currentLife(entry),
    count: (live?.count ?? 0) + inserted,
    firstMs: Math.min(live?.firstMs ?? firstMs, firstMs),
    lastMs: Math.max(live?.lastMs ?? lastMs, lastMs),
  });
}

/** Ids and heads of a profile's series in the order of ids, from behind `afterId`. */
export async function* listHeads(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  afterId: string,
): AsyncGenerator<{ id: string; head: SeriesHead }> {
  const start = [SPACE, profile, `${afterId}\0`];
  const selector = afterId === "" ? { prefix: [SPACE, profile] } : {
    prefix: [SPACE, profile],
    start,
  };
  for await (const { key, value } of kv.list(selector)) {
    yield { id: String(key[2]), head: headSchema.parse(value) };
  }
}

/** The heads of series whose ids (ascending, ASCII) are all there are in their range, in one read. */
export async function rangeHeads(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  ids: readonly string[],
): Promise<HeadEntry[]> {
  const selector = {
    start: [SPACE, profile, ids[0]],
    end: [SPACE, profile, `${ids[ids.length - 1]}\0`],
  };
  const found = new Map<string, HeadEntry>();
  for await (
    const entry of kv.list(selector, { batchSize: 2 * ids.length })
  ) {
    found.set(String(entry.key[2]), headEntry(entry));
  }
  return ids.map((id) =>
    found.get(id) ?? { key: headKey({ profile, id }), value: null, versionstamp: null }
  );
}

function headEntry({ key, value, versionstamp }: Deno.KvEntryMaybe<unknown>): HeadEntry {
  return { key, value: versionstamp === null ? null : headSchema.parse(value), versionstamp };
}

function headKey({ profile, id }: SeriesRef): Deno.KvKey {
  return [SPACE, profile, id];
}
