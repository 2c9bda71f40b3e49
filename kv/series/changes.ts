/**
 * The change feed: which days of which series had their readings changed.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["changed", profile, id, dayMs]` | `true`; the versionstamp is the time of the last change | ingest, import, removal; never compaction. Deleted when the day expires |
 *
 * @module
 */

import type { Span } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import type { SeriesRef } from "./ref.ts";

/** First part of the keys. */
export const CHANGED_SPACE = "changed";
/** Entries per read of a list. They are small. */
const LIST_BATCH = 500;

/** A day of a series and its last change. */
export interface Change {
  /** The series. */
  readonly ref: SeriesRef;
  /** Start of the UTC day, epoch milliseconds. */
  readonly dayMs: number;
  /** Version of the last commit that changed the day. Versions compare as text. */
  readonly versionstamp: string;
}

/** Records in a commit that it changes readings of a day. */
export function stageChanged(op: Staging, ref: SeriesRef, dayMs: number): void {
  op.set([CHANGED_SPACE, ref.profile, ref.id, dayMs], true);
}

/** Takes a day out of the feed: its readings have expired, and nobody is to look at it. */
export function stageUnchanged(op: Staging, ref: SeriesRef, dayMs: number): void {
  op.delete([CHANGED_SPACE, ref.profile, ref.id, dayMs]);
}

/** Whether a day of a series that begins within a span changed after a version. */
export async function hasChangesWithin(
  kv: Pick<Deno.Kv, "list">,
  { profile, id }: SeriesRef,
  { fromMs, toMs, after }: Span & { after: string },
): Promise<boolean> {
  const start = [CHANGED_SPACE, profile, id, fromMs], end = [CHANGED_SPACE, profile, id, toMs];
  for await (const { versionstamp } of kv.list({ start, end }, { batchSize: LIST_BATCH })) {
    if (versionstamp > after) return true;
  }
  return false;
}

/** The days that changed after a version, of all series of a profile or of one of them. */
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
