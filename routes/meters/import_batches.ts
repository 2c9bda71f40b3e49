/**
 * Storing the batches of an import, or counting what storing them would do.
 *
 * @module
 */

import type { MeterBatch } from "../../data/imports/meter_rows.ts";
import { createRepeatFinder, type Repeat } from "../../data/imports/repeats.ts";
import type { Page } from "../../data/readings/page.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { RunningCounts } from "./import_counts.ts";

/** Meters that are compared at a time. */
const COMPARED_METERS = 8;
/** Between a meter and a part of its readings. No id of a meter has it. */
const PART = "/";

/** Stores the batches of one import. */
export interface BatchStore {
  /**
   * Stores readings of some meters. They are durable when it resolves. A reading whose parts come one
   * after the other is counted by its first one.
   */
  store(batches: readonly MeterBatch[]): Promise<void>;
  /** The first 100 records of times that the upload already had. */
  repeats(): readonly Repeat[];
}

/** Readings of a meter; `fresh` and `again` as in {@link createRepeatFinder}. */
interface MeterPages {
  readonly ref: { readonly profile: MeterBatch["profile"]["name"]; readonly id: string };
  readonly fresh: Page;
  readonly again: Page | null;
  readonly repeated: number;
}

/** Where the batches of an import go. */
export function createBatchStore(
  series: Pick<SeriesStore, "write" | "writeMany" | "compare">,
  { isDryRun, counts }: { isDryRun: boolean; counts: Pick<RunningCounts, "add"> },
): BatchStore {
  const repeats = createRepeatFinder();
  /** The times of meters whose readings come in parts. */
  const partTimes = createRepeatFinder();

  function pagesOf({ meterId, profile, batch, part }: MeterBatch): MeterPages {
    const ref = { profile: profile.name, id: meterId };
    if (part === undefined) return { ref, ...repeats.split(meterId, batch) };
    const { fresh, again } = partTimes.split(meterId, batch);
    // A time is repeated if the same part has it twice.
    const { repeated } = repeats.split(`${meterId}${PART}${part}`, batch);
    return { ref, fresh, again, repeated };
  }

  function addDone(
    { ref }: MeterPages,
    { inserted, updated, unchanged }: { inserted: number; updated: number; unchanged: number },
  ): void {
    counts.add(ref.id, { inserted, updated, unchanged, repeated: 0 });
  }

  async function compare(pages: readonly MeterPages[]): Promise<void> {
    for (let at = 0; at < pages.length; at += COMPARED_METERS) {
      const some = pages.slice(at, at + COMPARED_METERS);
      const compared = await Promise.all(some.map(({ ref, fresh }) => series.compare(ref, fresh)));
      compared.forEach((done, index) => addDone(some[index], done));
    }
  }

  async function write(pages: readonly MeterPages[]): Promise<void> {
    if (pages.length === 1) addDone(pages[0], await series.write(pages[0].ref, pages[0].fresh));
    else {
      for (const [profile, some] of Map.groupBy(pages, ({ ref }) => ref.profile)) {
        const ids = some.map(({ ref }) => ref.id);
        const onWritten: Parameters<SeriesStore["writeMany"]>[3] = (index, done) =>
          addDone(some[index], done);
        await series.writeMany(profile, ids, (index) => some[index].fresh, onWritten);
      }
    }
    // Their times are counted already; only the values of the last record remain.
    for (const { ref, again } of pages) if (again !== null) await series.write(ref, again);
  }

  return {
    async store(batches) {
      for (const some of roundsOf(batches)) {
        const pages = some.map(pagesOf);
        await (isDryRun ? compare : write)(pages);
        for (const { ref, repeated } of pages) {
          counts.add(ref.id, { inserted: 0, updated: 0, unchanged: 0, repeated });
        }
      }
    },
    repeats: () =>
      repeats.first().map(({ meterId, ...repeat }) => (
        { meterId: meterId.split(PART)[0], ...repeat }
      )),
  };
}

/** The batches in groups that have no meter twice, in their order. */
function roundsOf(batches: readonly MeterBatch[]): MeterBatch[][] {
  const rounds: MeterBatch[][] = [];
  const met = new Map<string, number>();
  for (const batch of batches) {
    const round = met.get(batch.meterId) ?? 0;
    met.set(batch.meterId, round + 1);
    (rounds[round] ??= []).push(batch);
  }
  return rounds.length === 0 ? [[]] : rounds;
}
