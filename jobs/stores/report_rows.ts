/**
 * The rows of a report on stores, computed store by store from their polls.
 *
 * @module
 */

import { lowerBound, type Page, type Span } from "../../data/readings/page.ts";
import { createBusinessHours, DEFAULT_STORE_ZONE } from "../../data/stores/business_hours.ts";
import { measureOpenTime } from "../../data/stores/open_time.ts";
import { reportParts, reportRangeSpan } from "../../data/stores/report_range.ts";
import {
  rangeCells,
  rangeColumns,
  type ReportCell,
  type ReportColumn,
  type ReportedStore,
  uptimeCells,
  uptimeColumns,
} from "../../data/stores/report_table.ts";
import { measureUptime, reportSpan } from "../../data/stores/uptime.ts";
import { createOffsets } from "../../data/time/zone.ts";
import type { StoreSettings } from "../../kv/stores/stores.ts";
import type { StoreReportParams } from "./report_contract.ts";

/** The fixed offsets of the clocks that are furthest ahead and behind. */
const FIRST_ZONE = "+14:00", LAST_ZONE = "-12:00";

/** The rows of a store, and what the status of a report counts. */
export interface StoreRows {
  /** The time from its last poll to the end of what was measured, milliseconds. */
  readonly ageMs: number;
  /** Its rows, in the order of time. */
  readonly rows: Iterable<readonly ReportCell[]>;
}

/** Measures stores for one report. */
export interface ReportMeasure {
  /** The columns of the rows. */
  readonly columns: readonly ReportColumn[];
  /** Which polls are needed: those in this span, and the last one before it. */
  readonly span: Span;
  /** The end of what is measured; of the store whose clock is furthest behind. Epoch milliseconds. */
  readonly endMs: number;
  /** The rows of a store; null if it has no poll up to the end. They do not need the page. */
  measure(
    id: string,
    page: Page,
    settings: Pick<StoreSettings, "zone" | "hours">,
  ): StoreRows | null;
}

/** A measure of the last hour, day and week before `asOfMs`. Works out the days of each zone once. */
export function measureWindows(params: StoreReportParams, asOfMs: number): ReportMeasure {
  const { maxHoldMs, staleAfterMs } = params;
  const shape = { hasUnknown: maxHoldMs !== null, hasStale: staleAfterMs !== undefined };
  const span = reportSpan(asOfMs);
  const hoursOf = zoneCache(createBusinessHours);
  return {
    columns: uptimeColumns(shape),
    // The end of a scan is exclusive, and a poll at `asOfMs` counts.
    span: { ...span, toMs: asOfMs + 1 },
    endMs: asOfMs,
    measure(id, page, settings) {
      const hours = hoursOf(settings.zone ?? DEFAULT_STORE_ZONE);
      const open = hours.openSpans(settings.hours, span);
      const uptime = measureUptime(page, open, { asOfMs, maxHoldMs });
      if (uptime === null) return null;
      const store = storeOf(id, page, { endMs: asOfMs, staleAfterMs });
      return { ageMs: asOfMs - store.lastPollMs, rows: [uptimeCells(shape, store, uptime)] };
    },
  };
}

/**
 * A measure of a range, made at `nowMs`; null if the range is empty in every zone. Works out the
 * parts of each zone once.
 */
export function measureRange(
  params: StoreReportParams & Required<Pick<StoreReportParams, "range">>,
  nowMs: number,
): ReportMeasure | null {
  const { range, bucket = null, maxHoldMs, staleAfterMs } = params;
  const shape = { hasStale: staleAfterMs !== undefined };
  const first = reportRangeSpan(range, range.zone ?? FIRST_ZONE, nowMs);
  const last = reportRangeSpan(range, range.zone ?? LAST_ZONE, nowMs);
  if (first === null) return null;
  const endMs = Math.max(first.toMs, last?.toMs ?? 0);
  const calendarOf = zoneCache((zone) => calendarIn(zone, range, { bucket, nowMs }));
  const hoursOf = zoneCache(createBusinessHours);
  return {
    columns: rangeColumns(shape),
    span: { fromMs: first.fromMs, toMs: endMs },
    endMs,
    measure(id, page, settings) {
      const storeZone = settings.zone ?? DEFAULT_STORE_ZONE;
      const calendar = calendarOf(range.zone ?? storeZone);
      if (calendar === null) return null;
      const { span, parts, zone, offsetAt } = calendar;
      const open = hoursOf(storeZone).openSpans(settings.hours, span);
      const times = measureOpenTime(page, open, parts, { asOfMs: span.toMs, maxHoldMs });
      if (times === null) return null;
      const store = storeOf(id, page, { endMs: span.toMs, staleAfterMs });
      const rows = parts.values().map((part, index) =>
        rangeCells(shape, store, { zone, part, offsetAt, time: times[index] })
      );
      return { ageMs: span.toMs - store.lastPollMs, rows };
    },
  };
}

/** The range on the clock of a zone; null if it is empty there. */
function calendarIn(
  zone: string,
  range: Parameters<typeof reportRangeSpan>[0],
  { bucket, nowMs }: { bucket: Parameters<typeof reportParts>[1]; nowMs: number },
) {
  const span = reportRangeSpan(range, zone, nowMs);
  if (span === null) return null;
  const offsets = createOffsets(zone);
  const parts = reportParts(span, bucket, zone);
  return { zone, span, parts, offsetAt: (timeMs: number) => offsets(timeMs).offsetMs };
}

/** The store as rows name it. The page has a poll up to `endMs`. */
function storeOf(
  id: string,
  { timesMs }: Page,
  { endMs, staleAfterMs = Infinity }: { endMs: number; staleAfterMs?: number },
): ReportedStore {
  const lastPollMs = timesMs[lowerBound(timesMs, endMs + 1) - 1];
  return { id, lastPollMs, isStale: endMs - lastPollMs > staleAfterMs };
}

/** Makes something for each zone only once. */
function zoneCache<T>(make: (zone: string) => T): (zone: string) => T {
  const made = new Map<string, T>();
  return (zone) => {
    const known = made.get(zone);
    if (known !== undefined) return known;
    const value = make(zone);
    made.set(zone, value);
    return value;
  };
}
