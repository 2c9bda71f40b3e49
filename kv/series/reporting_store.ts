/**
 * A series store that reports damaged readings.
 *
 * @module
 */

import { DamagedDataError } from "./damage.ts";
import type { DamageRecord } from "./damage_record.ts";
import type { SeriesStore } from "./store.ts";

/** The same store, whose damaged readings are reported. */
export function reportingStore(store: SeriesStore, record: DamageRecord): SeriesStore {
  async function watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof DamagedDataError) record.report(error);
      throw error;
    }
  }

  async function* watchedPages<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* pages;
    } catch (error) {
      if (error instanceof DamagedDataError) record.report(error);
      throw error;
    }
  }

  const writersOf = (own: Pick<SeriesStore, "write" | "writeMany">) => ({
    write: (...args: Parameters<SeriesStore["write"]>) => watched(own.write(...args)),
    writeMany: (...args: Parameters<SeriesStore["writeMany"]>) => watched(own.writeMany(...args)),
  });

  return {
    ...store,
    ...writersOf(store),
    ofAccount: (account) => writersOf(store.ofAccount(account)),
    compare: (...args) => watched(store.compare(...args)),
    read: (...args) => watchedPages(store.read(...args)),
    readPacked(...args) {
      const read = store.readPacked(...args);
      return {
        ...read,
        chunks: watchedPages(read.chunks),
        overlay: (head) => watched(read.overlay(head)),
        damaged: record.report,
      };
    },
    scan: (...args) => watchedPages(store.scan(...args)),
    scanPacked(...args) {
      const { batches } = store.scanPacked(...args);
      return { batches: watchedPages(batches), damaged: record.report };
    },
    withPrevious: (...args) => watched(store.withPrevious(...args)),
    count: (...args) => watched(store.count(...args)),
    fold: (...args) => watched(store.fold(...args)),
    async remove(ref, options) {
      const wasThere = await watched(store.remove(ref, options));
      record.forget(ref);
      return wasThere;
    },
    async removeSpan(ref, ...args) {
      const count = await watched(store.removeSpan(ref, ...args));
      // Whatever is still damaged is found again.
      record.forget(ref);
      return count;
    },
  };
}
