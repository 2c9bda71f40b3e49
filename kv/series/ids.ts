/**
 * The ids of the series that exist.
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import { listHeads } from "./heads.ts";
import { listSegmentCountsOf } from "./segment_counts.ts";

/** Most ids of a batch. A list of Deno KV reads as many entries at once. */
const BATCH_IDS = 100;

/**
 * Ids of the series that have a head or segments, ascending, each once, starting after `afterId`, in
 * batches of 1 to 100. Every series that exists when its batch is read is included.
 */
export async function* listIdBatches(
  kv: Pick<Deno.Kv, "list">,
  profile: ProfileName,
  afterId: string,
): AsyncGenerator<string[]> {
  for (let lastId = afterId;;) {
    // Segment counts before heads: if a fold deletes the count in between, the series has a head.
    const counts = listSegmentCountsOf(kv, profile, { afterId: lastId, limit: BATCH_IDS });
    const withSegments = await firstIds(counts, ({ ref }) => ref.id);
    const withHead = await firstIds(listHeads(kv, profile, lastId), ({ id }) => id);
    // A list that was cut at the limit does not show what comes after its last id, so the batch
    // ends at the smaller of these last ids.
    const ends = [withSegments, withHead].filter(({ length }) => length === BATCH_IDS)
      .map((ids) => ids[BATCH_IDS - 1]);
    const batch = [...new Set([...withSegments, ...withHead])].toSorted()
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
