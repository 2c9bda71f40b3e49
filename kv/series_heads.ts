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
import type { ProfileName } from "../data/profile.ts";
import type { Staging } from "./budget.ts";
import type { SeriesRef } from "./series_ref.ts";

const SPACE = "series";

const headSchema = z.object({
  v: z.literal(1),
  state: z.enum(["live", "deleting"]),
  bornMs: z.number(),
  generation: z.int(),
  count: z.int(),
  firstMs: z.number(),
  lastMs: z.number(),
});

/**
 * The head of a series, of its blocks alone: `bornMs` tells one life of a series from the next one
 * after removal (and when removal began, while `deleting`), `generation` grows with every write of blocks, `count` is the number of readings,
 * `firstMs` and `lastMs` are their first and last time.
 */
export type SeriesHead = z.infer<typeof headSchema>;

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
  const { key, value, versionstamp } = await kv.get(headKey(ref));
  return { key, value: versionstamp === null ? null : headSchema.parse(value), versionstamp };
}

/** Sets a head. */
export function stageHead(op: Staging, ref: SeriesRef, head: SeriesHead): void {
  op.set(headKey(ref), head);
}

/** Deletes a head. */
export function stageHeadDelete(op: Staging, ref: SeriesRef): void {
  op.delete(headKey(ref));
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

function headKey({ profile, id }: SeriesRef): Deno.KvKey {
  return [SPACE, profile, id];
}
