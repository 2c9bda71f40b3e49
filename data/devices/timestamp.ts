/**
 * The timestamp of a telemetry message: ISO 8601, Unix time as a number, or none.
 *
 * A number is recognized by its size. Seconds below 10^11 reach to the year 5138, milliseconds from
 * there on begin in 1973, and microseconds follow at the same distance; so within the times that a
 * service accepts no number has two meanings.
 *
 * @module
 */

import { plainInstant } from "../time/plain_instant.ts";
import { parseInstant } from "../time/time_text.ts";

/** How devices give their times; `server`: not at all, so they get the time of receipt. */
export const TIMESTAMP_FORMS = [
  "iso8601",
  "epoch_seconds",
  "epoch_milliseconds",
  "epoch_microseconds",
  // Only in line protocol.
  "epoch_nanoseconds",
  "server",
] as const;

/** How a device gives its times. */
export type TimestampForm = typeof TIMESTAMP_FORMS[number];

/** What a timestamp may be, in words. */
export const TIMESTAMP_RULE: string =
  "an ISO 8601 time such as 2026-02-01T14:23:45Z, or Unix time " +
  "as a number of seconds, milliseconds or microseconds";

const MAX_SECONDS = 1e11;
const MAX_MILLISECONDS = 1e14;
const MAX_MICROSECONDS = 1e17;
/** A thousandth of a millisecond: more than the error of seconds as a double, times 1000. */
const SECONDS_ERROR_MS = 0.001;

/** The form of a timestamp, by its type and size; of one that is wrong it says nothing. */
export function timestampForm(value: unknown): TimestampForm {
  if (value === undefined || value === null) return "server";
  if (typeof value !== "number") return "iso8601";
  const size = Math.abs(value);
  if (size < MAX_SECONDS) return "epoch_seconds";
  return size < MAX_MILLISECONDS ? "epoch_milliseconds" : "epoch_microseconds";
}

/**
 * The time of a timestamp, epoch milliseconds; NaN if it is none. What is finer than a millisecond
 * is cut off. A missing one is the time of receipt, `nowMs`.
 */
export function timestampMs(value: unknown, nowMs: number): number {
  if (typeof value === "string") {
    const timeMs = plainInstant(value);
    return timeMs === timeMs ? timeMs : parseInstant(value) ?? NaN;
  }
  if (value === undefined || value === null) return nowMs;
  if (typeof value !== "number") return NaN;
  const size = Math.abs(value);
  if (size < MAX_SECONDS) return Math.floor(value * 1000 + SECONDS_ERROR_MS);
  if (size < MAX_MILLISECONDS) return Math.floor(value);
  return size < MAX_MICROSECONDS ? Math.floor(value / 1000) : NaN;
}
