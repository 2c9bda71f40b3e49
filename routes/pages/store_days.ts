/**
 * How a store was on each of the last 90 days, by the rules of reports (`data/stores/open_time.ts`).
 *
 * @module
 */

import { DAY_MS } from "../../data/limits.ts";
import type { Page } from "../../data/readings/page.ts";
import { createBusinessHours, DEFAULT_STORE_ZONE } from "../../data/stores/business_hours.ts";
import { measureOpenTime } from "../../data/stores/open_time.ts";
import { reportParts } from "../../data/stores/report_range.ts";
import { createCalendarBuckets } from "../../data/time/calendar_buckets.ts";
import type { StoreInfo } from "../../kv/stores/info.ts";
import type { SeriesStore } from "../../kv/series/store.ts";

/** How many days are shown. */
export const DAYS_SHOWN = 90;
/** How long a poll says how a store is, as on Home, milliseconds. */
export const HOLD_MS: number = DAY_MS;

/** A day of a store, in the time in which it is open. */
export interface StoreDay {
  /** When the day begins in the zone of the store, epoch milliseconds. */
  readonly fromMs: number;
  /** How it was: down if it was down at all, unknown if that is most of it. */
  readonly state: "up" | "down" | "unknown" | "closed";
  /** Polled as active, milliseconds. */
  readonly upMs: number;
  /** Polled as inactive, milliseconds. */
  readonly downMs: number;
  /** Too far from any poll, milliseconds. */
  readonly unknownMs: number;
}

/** The last 90 days of a store, today included. */
export interface StoreDays {
  /** The days, the oldest first. */
  readonly days: readonly StoreDay[];
  /** Up / (up + down); null if neither is known. */
  readonly upShare: number | null;
  /** Whether the store is within its hours now. */
  readonly isOpen: boolean;
  /** The last poll; null without one. */
  readonly last: { readonly atMs: number; readonly isActive: boolean } | null;
}

/** Reads the polls of the last 90 days of a store and measures each day. */
export async function storeDays(
  series: Pick<SeriesStore, "read">,
  { id, zone, hours }: StoreInfo,
  nowMs: number,
  signal: AbortSignal,
): Promise<StoreDays> {
  const zoneName = zone ?? DEFAULT_STORE_ZONE;
  const today = createCalendarBuckets(zoneName, "1d")(nowMs);
  // Local noon of the first day is on that day, whatever the clocks did since.
  const noonMs = today.fromMs + DAY_MS / 2 - (DAYS_SHOWN - 1) * DAY_MS;
  const span = { fromMs: createCalendarBuckets(zoneName, "1d")(noonMs).fromMs, toMs: nowMs };
  const page = await pollsOf(series, id, { ...span, fromMs: span.fromMs - HOLD_MS }, signal);
  const business = createBusinessHours(zoneName);
  const open = business.openSpans(hours, span);
  const parts = reportParts(span, "day", zoneName);
  const options = { asOfMs: nowMs, maxHoldMs: HOLD_MS };
  const times = measureOpenTime(page, open, parts, options);
  const openMs = parts.map((part) =>
    business.openSpans(hours, part).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  );
  const days = parts.map(({ fromMs }, index) => {
    const time = times?.[index] ?? { upMs: 0, downMs: 0, unknownMs: openMs[index] };
    return { fromMs, ...time, state: stateOf(time, openMs[index]) };
  });
  const upMs = days.reduce((sum, day) => sum + day.upMs, 0);
  const downMs = days.reduce((sum, day) => sum + day.downMs, 0);
  const count = page.timesMs.length;
  return {
    days,
    upShare: upMs + downMs === 0 ? null : upMs / (upMs + downMs),
    isOpen: business.openSpans(hours, { fromMs: nowMs, toMs: nowMs + 1 }).length > 0,
    last: count === 0
      ? null
      : { atMs: page.timesMs[count - 1], isActive: page.columns[0].values[count - 1] > 0 },
  };
}

function stateOf(
  { downMs, unknownMs }: Pick<StoreDay, "downMs" | "unknownMs">,
  openMs: number,
): StoreDay["state"] {
  if (openMs === 0) return "closed";
  if (downMs > 0) return "down";
  return unknownMs > openMs / 2 ? "unknown" : "up";
}

/** All polls of a span as one page. */
async function pollsOf(
  series: Pick<SeriesStore, "read">,
  id: string,
  span: { fromMs: number; toMs: number },
  signal: AbortSignal,
): Promise<Page> {
  const times: number[] = [], values: number[] = [];
  for await (const page of series.read({ profile: "site", id }, span, signal)) {
    for (let row = 0; row < page.timesMs.length; row++) {
      times.push(page.timesMs[row]);
      values.push(page.columns[0].values[row]);
    }
  }
  return {
    timesMs: Float64Array.from(times),
    columns: [{ values: Float64Array.from(values), scale: 0 }],
  };
}
