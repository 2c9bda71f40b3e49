/**
 * The form of a store's hours, from its stored hours and from its fields.
 *
 * @module
 */

import { DAY_MS } from "../../data/limits.ts";
import type { StoreSchedule } from "../../data/stores/store_uptime.ts";
import { clockText } from "../../data/time/clock_text.ts";
import type { StoreChangeBody } from "../stores/uptime_schemas.ts";

const DAYS_A_WEEK = 7;
/** Rows of a day: at least so many, and one that is empty. */
const ROWS_MIN = 2;

/** Opening and closing of a row, as typed. */
export interface HoursRow {
  /** When it opens. */
  readonly start: string;
  /** When it closes. */
  readonly end: string;
}

/** The form as it is filled in. */
export interface HoursForm {
  /** The time zone; "" for none. */
  readonly zone: string;
  /** Whether the hours are not known, so that the store counts as always open. */
  readonly isAlways: boolean;
  /** The rows of each day, Monday first. */
  readonly days: readonly (readonly HoursRow[])[];
}

/** The form of what is stored. */
export function formOfStore({ zone, hours }: StoreSchedule): HoursForm {
  return {
    zone: zone ?? "",
    isAlways: hours === null,
    days: daysOf((day) =>
      (hours ?? []).filter((span) => span.day === day).map(({ startMs, endMs }) => ({
        start: inputText(startMs),
        // Fields of times have no 24:00. A span that ends at 00:00 ends with its day.
        end: endMs === DAY_MS ? "00:00" : inputText(endMs),
      }))
    ),
  };
}

/** The form of its fields. */
export function formOfFields(fields: URLSearchParams): HoursForm {
  return {
    zone: (fields.get("zone") ?? "").trim(),
    isAlways: fields.has("always"),
    days: daysOf((day) => {
      const ends = fields.getAll(`end-${day}`);
      return fields.getAll(`start-${day}`)
        .map((start, index) => ({ start: start.trim(), end: (ends[index] ?? "").trim() }))
        .filter(({ start, end }) => start !== "" || end !== "");
    }),
  };
}

/** What the form asks the API for. */
export function bodyOfForm({ zone, isAlways, days }: HoursForm): StoreChangeBody {
  return {
    timezone_str: zone === "" ? null : zone,
    hours: isAlways ? null : days.flatMap((rows, day) =>
      rows.map(({ start, end }) => ({
        day_of_week: day,
        start_time_local: start,
        end_time_local: end,
      }))
    ),
  };
}

/** The rows that a day shows: those that are filled in, and empty ones. */
export function shownRows(rows: readonly HoursRow[]): HoursRow[] {
  const empty = Math.max(1, ROWS_MIN - rows.length);
  return [...rows, ...Array.from({ length: empty }, () => ({ start: "", end: "" }))];
}

function daysOf(rowsOf: (day: number) => HoursRow[]): HoursRow[][] {
  return Array.from({ length: DAYS_A_WEEK }, (_, day) => rowsOf(day));
}

/** A time of day for a field: with seconds only if it has some. */
function inputText(ofDayMs: number): string {
  return clockText(ofDayMs).replace(/:00$/, "");
}
