/**
 * A moment as the clock of a zone shows it, with its offset.
 *
 * @module
 */

import { MINUTE_MS } from "../limits.ts";
import { instantText } from "./time_text.ts";

const MINUTES_AN_HOUR = 60;

/** A moment on a clock with an offset, as RFC 3339 writes it: `2024-03-31T03:00:00+02:00`. */
export function offsetTimeText(timeMs: number, offsetMs: number): string {
  const wall = instantText(timeMs + offsetMs).slice(0, -1);
  const minutes = Math.round(Math.abs(offsetMs) / MINUTE_MS);
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(minutes / MINUTES_AN_HOUR);
  return `${wall}${offsetMs < 0 ? "-" : "+"}${two(hours)}:${two(minutes % MINUTES_AN_HOUR)}`;
}
