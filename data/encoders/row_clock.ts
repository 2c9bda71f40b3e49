/**
 * The times at the start of rows, on the clock of a zone.
 *
 * A day on a clock has one prepared text (`data/text/row_start.ts`). A change of the offset begins
 * another, and so does midnight in UTC where rows also have the time in UTC.
 *
 * @module
 */

import { asciiString, byteLength, createAsciiText } from "../text/ascii_text.ts";
import { DAY_MS, dayStartMs } from "../limits.ts";
import type { Page } from "../readings/page.ts";
import {
  type ClockPlaces,
  pagesBy,
  type RowStart,
  rowStartOf,
  type RowTemplate,
  TIME_MAX_CHARS,
  writeRowStart,
} from "../text/row_start.ts";
import { createOffsets, isUtcZone } from "../time/zone.ts";
import {
  type ClockDay,
  clockDayAt,
  formTime,
  showsMilli,
  showsSeconds,
  type TimeForm,
  withMilli,
} from "./time_form.ts";

/** The texts around the times of a row. */
export interface AroundTimes {
  /** Before the time. */
  readonly before: string;
  /** Between the time and the time in UTC; null if rows have only the time. */
  readonly between: string | null;
  /** After the last of them. */
  readonly after: string;
}

/** Prepares the starts of rows. */
export interface RowClock {
  /** An ascending page cut into pages whose rows share a start. */
  cut(page: Page): Page[];
  /** The start of the rows of a page that {@link RowClock.cut} returned. */
  start(page: Page, around: AroundTimes): RowStart;
  /** The days of such a page: on the clock, and in UTC if rows have the time in UTC. */
  days(page: Page): { readonly day: ClockDay; readonly utcDay: ClockDay | null };
  /** The offset from UTC at a time, milliseconds. */
  offsetMs(timeMs: number): number;
  /** A time as text, as a row has it. */
  text(timeMs: number): string;
}

/**
 * A clock for rows.
 *
 * @throws {RangeError} if there is no such zone.
 */
export function createRowClock(
  { zone, hasUtc, form }: { zone: string; hasUtc: boolean; form: TimeForm },
): RowClock {
  const offsetAt = createOffsets(zone);
  const isUtc = isUtcZone(zone);

  function dayAt(timeMs: number): ClockDay {
    return clockDayAt(timeMs, { offsetMs: offsetAt(timeMs).offsetMs, isUtc });
  }

  function endMs(timeMs: number): number {
    const { offsetMs, toMs } = offsetAt(timeMs);
    const dayEndMs = dayStartMs(timeMs + offsetMs) + DAY_MS - offsetMs;
    return Math.min(toMs, dayEndMs, hasUtc ? dayStartMs(timeMs) + DAY_MS : Infinity);
  }

  function template(timeMs: number, around: AroundTimes, shown: TimeForm): RowTemplate {
    const { before, between, after } = around;
    const time = formTime(shown, dayAt(timeMs));
    const canFine = !showsMilli(shown) && showsSeconds(shown);
    const fine = canFine ? () => template(timeMs, around, withMilli(shown)) : null;
    const clock = movedBy(time.clock, byteLength(before));
    if (between === null) {
      return { text: before + time.text + after, clocks: [clock], withMilli: fine };
    }
    const utc = formTime(shown, utcDayAt(timeMs));
    const start = before + time.text + between;
    return {
      text: start + utc.text + after,
      clocks: [clock, movedBy(utc.clock, byteLength(start))],
      withMilli: fine,
    };
  }

  /** The last start, which the next page of the same stretch shares. */
  let last: { start: RowStart; around: AroundTimes; fromMs: number; toMs: number } | null = null;

  function startOf([timeMs]: Float64Array, around: AroundTimes): RowStart {
    const isSame = last !== null && timeMs >= last.fromMs && timeMs < last.toMs &&
      around.before === last.around.before && around.between === last.around.between &&
      around.after === last.around.after;
    if (isSame && last !== null) return last.start;
    const start = rowStartOf(template(timeMs, around, form));
    last = { start, around, fromMs: timeMs, toMs: endMs(timeMs) };
    return start;
  }

  return {
    cut: (page) => pagesBy(page, endMs),
    start: ({ timesMs }, around) => startOf(timesMs, around),
    days: ({ timesMs }) => ({
      day: dayAt(timesMs[0]),
      utcDay: hasUtc ? utcDayAt(timesMs[0]) : null,
    }),
    offsetMs: (timeMs) => offsetAt(timeMs).offsetMs,
    text(timeMs) {
      const around = { before: "", between: null, after: "" };
      const start = rowStartOf(template(timeMs, around, form));
      const text = createAsciiText(start.length + TIME_MAX_CHARS);
      return asciiString(text, writeRowStart(text, 0, { start, timeMs }));
    },
  };
}

function utcDayAt(timeMs: number): ClockDay {
  return clockDayAt(timeMs, { offsetMs: 0, isUtc: true });
}

function movedBy(clock: ClockPlaces, bytes: number): ClockPlaces {
  const moved = (at: number) => at < 0 ? at : at + bytes;
  return {
    midnightMs: clock.midnightMs,
    hourAt: moved(clock.hourAt),
    minuteAt: moved(clock.minuteAt),
    secondAt: moved(clock.secondAt),
    milliAt: moved(clock.milliAt),
  };
}
