/**
 * Times for people, on the clock of a zone.
 *
 * @module
 */

import { createOffsets } from "./zone.ts";

/**
 * A time to the minute on the clock of a zone, with the zone: `2024-02-01 06:05 (Europe/Berlin)`. In an
 * hour that the clock shows twice, the offset is there too: `2024-10-27 02:30 +01:00 (Europe/Berlin)`.
 *
 * @throws {RangeError} if there is no such zone.
 */
export function zoneTime(timeMs: number, zone: string): string {
  const offsetAt = createOffsets(zone);
  const { offsetMs, fromMs, toMs } = offsetAt(timeMs);
  const text = new Date(timeMs + offsetMs).toISOString().slice(0, 16).replace("T", " ");
  const before = Number.isFinite(fromMs) ? offsetAt(fromMs - 1).offsetMs : offsetMs;
  const after = Number.isFinite(toMs) ? offsetAt(toMs).offsetMs : offsetMs;
  // The same clock time exists once more, before the last change or after the next one.
  const isTwice = timeMs + offsetMs - before < fromMs || timeMs + offsetMs - after >= toMs;
  return `${text}${isTwice ? ` ${offsetText(offsetMs)}` : ""} (${zone})`;
}

function offsetText(offsetMs: number): string {
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${offsetMs < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}
