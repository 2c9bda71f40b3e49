/**
 * Revisions: a number a series that grows with every commit that alters its readings.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["revision", profile, id]` | `KvU64` | ingest, import, removal, by `sum()`; never compaction |
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import type { SeriesRef } from "./ref.ts";

/** The first part of its keys. */
export const REVISION_SPACE = "revision";
/** Small entries read at once. */
const LIST_BATCH = 500;

/** Raises the revision with this commit. */
export function stageRevision(op: Staging, ref: SeriesRef): void {
  op.sum([REVISION_SPACE, ref.profile, ref.id], 1n);
}

/** A revision and the version of the commit that raised it last. */
export interface RevisionEntry {
  /** The revision; 0 where nothing was ever written. */
  readonly revision: number;
  /** The version; "" where nothing was ever written. */
  readonly versionstamp: string;
}

/**
 * The revision of a series with its version. Whatever was altered up to it is in the change feed
 * under that version or an earlier one.
 */
export async function getRevisionEntry(
  kv: Pick<Deno.Kv, "get">,
  { profile, id }: SeriesRef,
): Promise<RevisionEntry> {
  const { value, versionstamp } = await kv.get<Deno.KvU64>([REVISION_SPACE, profile, id]);
  return versionstamp === null
    ? { revision: 0, versionstamp: "" }
    : { revision: Number(value.value), versionstamp };
}

/** The revisions of all series of a profile, by id. */
export async function listRevisions(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
): Promise<Map<string, number>> {
  const revisions = new Map<string, number>();
  const selector = { prefix: [REVISION_SPACE, profile] };
  for await (const { key, value } of kv.list<Deno.KvU64>(selector, { batchSize: LIST_BATCH })) {
    revisions.set(String(key[2]), Number(value.value));
  }
  return revisions;
}

/** The revision of a series; 0 where nothing was ever written. It outlives removal. */
export async function getRevision(kv: Pick<Deno.Kv, "get">, ref: SeriesRef): Promise<number> {
  return (await getRevisionEntry(kv, ref)).revision;
}
