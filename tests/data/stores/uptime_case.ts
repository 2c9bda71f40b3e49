/**
 * Polls and hours of a store as texts, and the row that a report has for it.
 *
 * @module
 */

import {
  createBusinessHours,
  readWeeklySpan,
  type WeeklySpan,
} from "../../../data/stores/business_hours.ts";
import type { Page } from "../../../data/readings/page.ts";
import { uptimeCells, uptimeColumns } from "../../../data/stores/report_table.ts";
import { createReportCsv } from "../../../data/stores/report_text.ts";
import { measureUptime, reportSpan, type Uptime } from "../../../data/stores/uptime.ts";
import { assert } from "../../support/assert.ts";

/** A store and the end of the windows. Times are UTC to the minute: `2024-05-06T10:14`. */
export interface UptimeCase {
  /** The zone, UTC by default. */
  readonly zone?: string;
  /** Weekly spans, `day start end`; open always by default. */
  readonly hours?: readonly string[];
  /** The polls, `time status`. */
  readonly polls: readonly string[];
  /** The end of the windows. */
  readonly asOf: string;
  /** How long a poll holds, hours; without limit by default. */
  readonly maxHoldHours?: number;
}

/** Epoch milliseconds of a UTC time. */
export function utcMs(text: string): number {
  return Date.parse(`${text}Z`);
}

/** A weekly span from `day start end`. */
export function weekly(text: string): WeeklySpan {
  const [day, start, end] = text.split(" ");
  const read = readWeeklySpan({ day, start, end });
  assert("span" in read, text);
  return read.span;
}

/** Polls from pairs of time and status. */
export function pollsPage(polls: readonly (readonly [timeMs: number, isUp: boolean])[]): Page {
  return {
    timesMs: Float64Array.from(polls, ([timeMs]) => timeMs),
    columns: [{ scale: 0, values: Float64Array.from(polls, ([, isUp]) => isUp ? 1 : 0) }],
  };
}

/** The uptime of a case. */
export function uptimeOf({ zone = "UTC", hours, polls, asOf, maxHoldHours }: UptimeCase): Uptime {
  const page = pollsPage(polls.map((text) => {
    const [time, status] = text.split(" ");
    return [utcMs(time), status === "active"];
  }));
  const asOfMs = utcMs(asOf);
  const spans = hours?.map(weekly) ?? null;
  const open = createBusinessHours(zone).openSpans(spans, reportSpan(asOfMs));
  const maxHoldMs = maxHoldHours === undefined ? null : maxHoldHours * 3_600_000;
  const uptime = measureUptime(page, open, { asOfMs, maxHoldMs });
  assert(uptime !== null);
  return uptime;
}

/** The row of a case without the store's id: up, then down, then unknown if polls hold for a while. */
export function rowOf(given: UptimeCase): string {
  const shape = { hasUnknown: given.maxHoldHours !== undefined, hasStale: false };
  const store = { id: "s", lastPollMs: 0, isStale: false };
  const cells = uptimeCells(shape, store, uptimeOf(given));
  return createReportCsv(uptimeColumns(shape)).rows([cells]).trimEnd().slice(2);
}
