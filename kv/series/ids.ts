/**
 * Which series there are.
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import { listHeads } from "./heads.ts";
import { listSegmentCountsOf } from "./segment_counts.ts";

/** Most ids of a batch: as many entries as a list reads at once. */
const BATCH_IDS = 100;

/**
 * Ids of series with a head or with segments, in their order, each once, from behind `afterId`, in
 * batches of 1 to 100. Every series is told that was there when its batch was asked for.
 */
export async function* listIdBatches(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  afterId: string,
): AsyncGenerator<string[]> {
  for (let lastId = afterId;;) {
    // Marks first: a series whose mark a fold takes away meanwhile has a head afterwards.
    const marks = listSegmentCountsOf(kv, profile, { afterId: lastId, limit: BATCH_IDS });
    const marked = await firstIds(marks, ({ ref }) => ref.id);
    const headed = await firstIds(listHeads(kv, profile, lastId), ({ id }) => id);
    // Of what lies behind the end of either list the other one does not know all.
    const ends = [marked, headed].filter(({ length }) => length === BATCH_IDS)
      .map((ids) => ids[BATCH_IDS - 1]);
    const batch = [...new Set([...marked, ...headed])].toSorted()
      .filter((id) => ends.every((end) => id <= end));
    if (batch.length > 0) yield batch;
    if (ends.length === 0) return;
    lastId = batch[batch.length - 1];
  }
}

async function firstIds<T>(items: AsyncIterable<T>, idOf: (item: T) => string): Promise<string[]> {
  const ids: string[] = [];
  for await (const item of items) {
    ids.push(idOf(item));
    if (ids.length === BATCH_IDS) break;
  }
  return ids;
}
