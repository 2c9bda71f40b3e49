/**
 * What the first rows of an upload show about its times, where its options leave it open.
 *
 * @module
 */

import { AppError, type FieldError } from "../app_error.ts";
import { HOUR_MS, QUOTED_VALUE_MAX } from "../limits.ts";
import { type LikelyFormat, likelyFormats } from "../time/likely_formats.ts";
import type { TimeFormat } from "../time/time_format.ts";
import { instantText } from "../time/time_text.ts";
import type { Dialect } from "./dialect.ts";
import { withSeenTimes } from "./time_options.ts";

/** How many rows are looked at. */
export const FIRST_ROWS = 1_000;

/** Completes a dialect of the upload with what its first rows showed. */
export type SeeDialect = (dialect: Dialect) => Dialect;

/** The time of a row, and the series that it is of: only times of one series follow each other. */
export interface FirstRow {
  /** The text of its time. */
  readonly timeText: string;
  /** Its series; any text if all rows are of one. */
  readonly series: string;
}

/** Which part of all steps between rows the usual one must be. */
const STEP_SHARE = 0.6;

/** Whether the first rows must show something. */
export function isUnseen({ unseen }: Dialect): boolean {
  return unseen.timeFormat || unseen.interval;
}

/**
 * What the first rows show about the times of a dialect, in the order of the upload. Rows whose time
 * has no digit do not count.
 *
 * @throws {AppError} INVALID_REQUEST if they do not show it. It names the option that would.
 */
export function seeTimes(dialect: Dialect, rows: readonly FirstRow[]): SeeDialect {
  if (!isUnseen(dialect)) return (dialect) => dialect;
  const dated = rows.filter(({ timeText }) => /\d/.test(timeText));
  const timeFormat = dialect.unseen.timeFormat
    ? seeFormat(dated.map(({ timeText }) => timeText))
    : dialect.timeFormat;
  const needsInterval = dialect.unseen.interval || timeFormat.isNumbered;
  const intervalMs = needsInterval && dialect.intervalMs === null
    ? seeInterval(dated, timeFormat)
    : dialect.intervalMs;
  return (dialect) => withSeenTimes(dialect, { timeFormat, intervalMs });
}

function seeFormat(texts: readonly string[]): TimeFormat {
  // A total below the data may have a digit in the place of the time.
  const likely = likelyFormats(texts);
  const formats = likely.length > 0 ? likely : likelyFormats(withoutOdd(texts));
  if (formats.length === 1) return formats[0].format;
  const sample = texts[0] ?? "";
  if (formats.length === 0) {
    throw refusal({
      option: "timestamp_format",
      value: sample,
      detail: texts.length === 0
        ? "timestamp_format=auto needs a row with a time"
        : "timestamp_format=auto found no form that all of the first times have; " +
          "send timestamp_format= with their pattern",
      rule: "times of one known form",
    });
  }
  throw refusal({
    option: "timestamp_format",
    value: sample,
    detail: `timestamp_format=auto cannot tell how times are written: ` +
      `${readingsOf(sample, formats)}; send timestamp_format= with the right one`,
    rule: "times that only one form fits",
  });
}

/** The texts of the shape that most of them have, digits being equal. */
function withoutOdd(texts: readonly string[]): string[] {
  const shapeOf = (text: string) => text.replaceAll(/\d+/g, "0");
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(shapeOf(text), (counts.get(shapeOf(text)) ?? 0) + 1);
  const [[shape] = [""]] = [...counts].toSorted(([, one], [, other]) => other - one);
  return texts.filter((text) => shapeOf(text) === shape);
}

/** `1/2/2024 is 2024-02-01T00:00 as d/M/yyyy and 2024-01-02T00:00 as M/d/yyyy`. */
function readingsOf(sample: string, formats: readonly LikelyFormat[]): string {
  const readings = formats.map(({ name, format }) => {
    const { wallMs = 0, period } = format.parse(sample) ?? {};
    const time = instantText(wallMs).slice(0, 16);
    return period === undefined
      ? `${time} as ${name}`
      : `interval ${period} of ${time.slice(0, 10)} as ${name}`;
  });
  return `${sample.slice(0, QUOTED_VALUE_MAX)} is ${readings.join(" and ")}`;
}

function seeInterval(rows: readonly FirstRow[], format: TimeFormat): number {
  const intervalMs = format.isNumbered ? lengthOfNumbered(rows, format) : usualStep(rows, format);
  if (intervalMs !== null) return intervalMs;
  const why = format.isNumbered
    ? "Numbered intervals need their length, and the first rows do not show a whole day"
    : "stamp=end needs the length of an interval, and the first rows do not show it";
  throw refusal({
    option: "interval",
    value: rows[0]?.timeText ?? "",
    detail: `${why}; send interval= with it, for example interval=15m`,
    rule: "a length that the rows show",
  });
}

/** The length of which a day has as many as the rows number; null if it is none of them. */
function lengthOfNumbered(rows: readonly FirstRow[], format: TimeFormat): number | null {
  const most = Math.max(0, ...rows.map(({ timeText }) => format.parse(timeText)?.period ?? 0));
  // Days of 23 and 25 hours have an hour's intervals fewer or more.
  const hourly = [1, 2, 4, 6, 12].find((count) => most >= 23 * count && most <= 25 * count);
  return hourly === undefined ? null : HOUR_MS / hourly;
}

/** The step from a row to the next one of its series that most rows have; null if there is none. */
function usualStep(rows: readonly FirstRow[], format: TimeFormat): number | null {
  const last = new Map<string, number>();
  const counts = new Map<number, number>();
  let steps = 0;
  for (const { timeText, series } of rows) {
    const time = format.parse(timeText);
    if (time === null) continue;
    const stepMs = Math.abs(time.wallMs - (last.get(series) ?? NaN));
    last.set(series, time.wallMs);
    if (!(stepMs > 0)) continue;
    counts.set(stepMs, (counts.get(stepMs) ?? 0) + 1);
    steps++;
  }
  const [[stepMs, count] = [0, 0]] = [...counts].toSorted(([, one], [, other]) => other - one);
  return count > steps * STEP_SHARE ? stepMs : null;
}

function refusal(
  { option, value, detail, rule }: { option: string; value: string; detail: string; rule: string },
): AppError {
  const error: FieldError = {
    pointer: `#${option}`,
    detail,
    value: value.slice(0, QUOTED_VALUE_MAX),
    rule,
  };
  return new AppError("INVALID_REQUEST", detail, { errors: [error] });
}
