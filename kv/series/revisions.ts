/**
 * Revisions: a number per series that grows with every commit that changes its readings.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["revision", profile, id]` | `KvU64` | ingest, import, removal, with `sum()`; never compaction |
 * | `["revised", profile]` | `true`; the versionstamp is that of the last change | every commit that raises a revision of the profile, once |
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import type { SeriesRef } from "./ref.ts";

/** First part of the keys. */
export const REVISION_SPACE = "revision";
const REVISED_SPACE = "revised";
/** Entries per read of a list. They are small. */
const LIST_BATCH = 500;

/** Whether a key is one of this module. Its values only ever grow. */
export function isRevisionKey([space]: Deno.KvKey): boolean {
  return space === REVISION_SPACE || space === REVISED_SPACE;
}

/** Raises the revision in a commit that changes one series. */
export function stageRevision(op: Staging, ref: SeriesRef): void {
  stageRevisionOfMany(op, ref);
  stageRevised(op, [ref.profile]);
}

/** Raises the revision in a commit that changes many series. It must call {@link stageRevised}, too. */
export function stageRevisionOfMany(op: Staging, { profile, id }: SeriesRef): void {
  op.sum([REVISION_SPACE, profile, id], 1n);
}

/** Records in a commit that it raises revisions of these profiles. */
export function stageRevised(op: Pick<Staging, "set">, profiles: Iterable<ProfileName>): void {
  for (const profile of new Set(profiles)) op.set([REVISED_SPACE, profile], true);
}

/** The version of the last commit that raised a revision of a profile, by profile. Costs one range read. */
export async function listRevised(
  kv: Pick<Deno.Kv, "list">,
): Promise<ReadonlyMap<ProfileName, string>> {
  const selector = { prefix: [REVISED_SPACE] };
  const entries = kv.list(selector, { batchSize: LIST_BATCH });
  return new Map(
    await Array.fromAsync(entries, ({ key, versionstamp }) => [String(key[1]), versionstamp]),
  );
}

/** A revision and the version of the commit that raised it last. */
export interface RevisionEntry {
  /** The revision; 0 if nothing was ever written. */
  readonly revision: number;
  /** The version; "" if nothing was ever written. */
  readonly versionstamp: string;
}

/** The revision of a series in a list. */
export interface ListedRevision extends RevisionEntry {
  /** The id of the series. */
  readonly id: string;
}

/** The revisions of all series of a profile with their versions, in the order of ids. */
export async function* listRevisionEntries(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
): AsyncGenerator<ListedRevision> {
  const selector = { prefix: [REVISION_SPACE, profile] };
  for await (const entry of kv.list<Deno.KvU64>(selector, { batchSize: LIST_BATCH })) {
    const { key, value, versionstamp } = entry;
    yield { id: String(key[2]), revision: Number(value.value), versionstamp };
  }
}

/**
 * The revision of a series with its version. The change feed has every change up to this revision
 * under this version or an earlier one.
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
  for await (const { id, revision } of listRevisionEntries(kv, profile)) {
    revisions.set(id, revision);
  }
  return revisions;
}

/** The revision of a series; 0 if nothing was ever written. It survives removal of the series. */
export async function getRevision(kv: Pick<Deno.Kv, "get">, ref: SeriesRef): Promise<number> {
  return (await getRevisionEntry(kv, ref)).revision;
}
