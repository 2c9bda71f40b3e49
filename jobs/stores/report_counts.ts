/**
 * Counts what the status of a report shows.
 *
 * @module
 */

import { createPollAgeCounter, type PollAges } from "../../data/stores/poll_ages.ts";
import type { StoreReportParams, StoreReportResult } from "./report_contract.ts";

/** How many stores without polls the record of a report names. */
const MISSING_LISTED = 100;

/** A store with rows in the file. */
export interface CountedStore {
  /** Its id. */
  readonly id: string;
  /** The age of its last poll, milliseconds. */
  readonly ageMs: number;
  /** Whether its latest upload of hours was rejected. */
  readonly hasRejectedHours: boolean;
}

/** What was counted. */
export type ReportCounts = StoreReportResult & { readonly pollAges: PollAges };

/** Counts stores and rows. */
export interface ReportCounter {
  /** Counts a store. */
  add(store: CountedStore): void;
  /** Counts a row. */
  addRow(): void;
  /** How many stores were counted. */
  stores(): number;
  /** What the record of the report keeps. */
  result(): ReportCounts;
}

/** Creates a counter for a report up to `asOfMs`. */
export function createReportCounter(
  { staleAfterMs, range, storeIds }: StoreReportParams,
  asOfMs: number | null,
): ReportCounter {
  const ages = createPollAgeCounter();
  const missing = new Set(storeIds);
  let storeCount = 0, staleCount = 0, rejectedHoursCount = 0, rowCount = 0;
  return {
    add({ id, ageMs, hasRejectedHours }) {
      ages.add(ageMs);
      missing.delete(id);
      storeCount++;
      if (staleAfterMs !== undefined && ageMs > staleAfterMs) staleCount++;
      if (hasRejectedHours) rejectedHoursCount++;
    },
    addRow: () => void rowCount++,
    stores: () => storeCount,
    result: () => ({
      storeCount,
      asOfMs,
      pollAges: ages.counts(),
      staleCount: staleAfterMs === undefined ? null : staleCount,
      rejectedHoursCount,
      ...(range === undefined ? {} : { rowCount }),
      ...(storeIds === undefined
        ? {}
        : { storesWithoutPolls: [...missing.values().take(MISSING_LISTED)] }),
    }),
  };
}
