/**
 * Reading what a report measures: the polls and settings of stores.
 *
 * @module
 */

import type { ScannedBatch } from "../../kv/series/scan.ts";
import { listRejectedHours } from "../../kv/stores/rejected_hours.ts";
import { listPackedSettings } from "../../kv/stores/stores.ts";
import type { StoreBatch } from "./store_batch.ts";

/** Entries of settings that are read at once. More would hold up requests. */
const SETTINGS_AT_ONCE = 100;

/** Adds the settings of stores to a scan of their polls. */
export async function* withSettings(
  kv: Pick<Deno.Kv, "list">,
  batches: AsyncIterable<ScannedBatch>,
): AsyncGenerator<StoreBatch> {
  const settings = createFollower(
    listPackedSettings(kv, { batchSize: SETTINGS_AT_ONCE }),
    ({ id }) => id,
  );
  const rejected = createFollower(listRejectedHours(kv), (id) => id);
  for await (const batch of batches) {
    const zones: (string | null)[] = [], hours: number[] = [], rejections: number[] = [];
    const hoursCounts = new Int32Array(batch.ids.length);
    for (const [index, id] of batch.ids.entries()) {
      const found = await settings.find(id);
      zones.push(found?.zone ?? null);
      hoursCounts[index] = found?.hours?.length ?? -1;
      if (found?.hours) hours.push(...found.hours);
      if (await rejected.find(id) !== null) rejections.push(index);
    }
    yield { ...batch, zones, hoursCounts, hours: Float64Array.from(hours), rejected: rejections };
  }
}

/** Finds items of a list that is sorted by id, for ids in ascending order. */
function createFollower<T>(
  all: AsyncGenerator<T>,
  idOf: (item: T) => string,
): { find(id: string): Promise<T | null> } {
  let next: IteratorResult<T> | null = null;
  return {
    async find(id) {
      next ??= await all.next();
      while (!next.done && idOf(next.value) < id) next = await all.next();
      return !next.done && idOf(next.value) === id ? next.value : null;
    },
  };
}
