/**
 * What the screen of stores is asked to show: which time, how long polls count, which stores.
 *
 * @module
 */

import { HOUR_MS } from "../../data/limits.ts";
import type { ReportRange } from "../../data/stores/report_range.ts";
import { daysInMonth } from "../../data/time/time_text.ts";
import { lastDays } from "../stores/uptime.ts";

/** How long polls may count, hours; `none` is until the next poll, as in reports. */
export const HOLDS = ["1", "2", "6", "24", "none"] as const;
/** The spans that end today. */
export const DAYS = [30, 90] as const;
const MONTHS_SHOWN = 12;
const DEFAULT_HOLD = "24";

/** What is shown. */
export interface FleetRange {
  /** A month `YYYY-MM`, or null for the last days. */
  readonly month: string | null;
  /** How many days end today if there is no month. */
  readonly days: number;
  /** One of {@link HOLDS}. */
  readonly hold: typeof HOLDS[number];
}

/** Reads the query of a page; what is not known has its default. */
export function readFleetRange(query: Pick<URLSearchParams, "get">): FleetRange {
  const span = query.get("span") ?? "";
  const [, month = null] = /^((?:19[7-9]|[2-9]\d\d)\d-(?:0[1-9]|1[0-2]))$/.exec(span) ?? [];
  return {
    month,
    days: DAYS.find((days) => String(days) === span) ?? 90,
    hold: HOLDS.find((hold) => hold === query.get("hold")) ?? DEFAULT_HOLD,
  };
}

/** The range on the clock of a store. */
export function rangeOf({ month, days }: FleetRange, zone: string, nowMs: number): ReportRange {
  if (month === null) return lastDays(days, zone, nowMs);
  const [year, number] = month.split("-").map(Number);
  return { zone: null, from: `${month}-01`, to: `${month}-${daysInMonth(year, number)}` };
}

/** How long polls count, milliseconds; null until the next one. */
export function holdMsOf({ hold }: Pick<FleetRange, "hold">): number | null {
  return hold === "none" ? null : Number(hold) * HOUR_MS;
}

/** The query that shows the same. Defaults are left out. */
export function fleetQuery({ month, days, hold }: FleetRange): URLSearchParams {
  const query = new URLSearchParams();
  if (month !== null || days !== 90) query.set("span", month ?? String(days));
  if (hold !== DEFAULT_HOLD) query.set("hold", hold);
  return query;
}

/** The query of the API for a store. */
export function apiQuery(asked: FleetRange, zone: string, nowMs: number): string {
  const range = rangeOf(asked, zone, nowMs);
  const query = new URLSearchParams(
    asked.month === null || "period" in range
      ? { days: String(asked.days) }
      : { from: range.from, to: range.to },
  );
  if (asked.hold !== "none") query.set("max_hold_hours", asked.hold);
  return String(query);
}

/** A path with a query, if there is one. */
export function withQuery(path: string, query: URLSearchParams): string {
  return query.size === 0 ? path : `${path}?${query}`;
}

/** The newest months, this one first. */
export function newestMonths(nowMs: number): string[] {
  const now = new Date(nowMs);
  return Array.from(
    { length: MONTHS_SHOWN },
    (_, back) =>
      new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(
        0,
        7,
      ),
  );
}
