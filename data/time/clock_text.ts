/**
 * Times of day as text, in the form of uploads of business hours.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";

/**
 * A time of day, milliseconds after midnight, as `HH:MM:SS`, with a fraction only if it has one. The
 * end of the day is `23:59:59`, which means the same in an upload.
 */
export function clockText(ofDayMs: number): string {
  if (ofDayMs === DAY_MS) return "23:59:59";
  const parts = [ofDayMs / HOUR_MS, ofDayMs % HOUR_MS / MINUTE_MS, ofDayMs % MINUTE_MS / 1_000];
  const text = parts.map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
  const milli = ofDayMs % 1_000;
  return milli === 0 ? text : `${text}.${String(milli).padStart(3, "0")}`;
}
