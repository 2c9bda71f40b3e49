/**
 * The forms that some texts of times may have.
 *
 * The shape of the first text gives the patterns that it may be written in. Those that cannot read
 * another text are left out, so 27/10/2024 shows that the day comes first.
 *
 * @module
 */

import { DAY_MS } from "../limits.ts";
import { compileTimeFormat, type TimeFormat } from "./time_format.ts";

/** Unix times from 1973 to 2033 in seconds, and from 2001 on in milliseconds. */
const UNIX: readonly [form: RegExp, name: string][] = [
  [/^1?\d{9}(?:\.\d+)?$/, "unix"],
  [/^\d{13}(?:\.\d+)?$/, "unix_ms"],
];
/** Shapes of dates, and the patterns that each may mean, the usual one first; `-` is a separator. */
const DATES: readonly [shape: RegExp, patterns: readonly string[]][] = [
  [/^\d{4}([-\/. ])\d{1,2}\1\d{1,2}(?!\d)/, ["yyyy-MM-dd"]],
  [/^\d{1,2}(\.)\d{1,2}\.\d{4}(?!\d)/, ["dd-MM-yyyy"]],
  [/^\d{1,2}([-\/ ])\d{1,2}\1\d{4}(?!\d)/, ["dd-MM-yyyy", "MM-dd-yyyy"]],
  [/^\d{1,2}(\.)\d{1,2}\.\d\d(?!\d)/, ["dd-MM-yy", "yy-MM-dd"]],
  [/^\d{1,2}([-\/ ])\d{1,2}\1\d\d(?!\d)/, ["dd-MM-yy", "MM-dd-yy", "yy-MM-dd"]],
  [/^\d{1,2}([-\/. ]?)[A-Za-z]{3}\1\d{4}(?!\d)/, ["dd-MMM-yyyy"]],
  [/^\d{1,2}([-\/. ]?)[A-Za-z]{3}\1\d\d(?!\d)/, ["dd-MMM-yy"]],
  [/^\d{4}([-\/. ])[A-Za-z]{3}\1\d{1,2}(?!\d)/, ["yyyy-MMM-dd"]],
  [/^[A-Za-z]{3} \d{1,2}(,? )\d{4}(?!\d)/, ["MMM dd-yyyy"]],
  [/^\d{8}(?=\D|$)/, ["yyyyMMdd", "ddMMyyyy"]],
  [/^\d{10}$/, ["yyyyMMddHH"]],
  [/^\d{12}$/, ["yyyyMMddHHmm"]],
  [/^\d{14}$/, ["yyyyMMddHHmmss"]],
];
/** What may follow a date: a separator, a clock, AM or PM, an offset. */
const CLOCK =
  /^(T|[ ,_:-]{1,2})(\d{1,2})(?:([:.h])(\d\d)(?:([:.])(\d\d)(?:([.,])(\d{1,9}))?)?|(\d\d)(\d\d)?)?( ?)([AaPp][Mm])?( ?)(Z|[+-]\d\d(:?\d\d)?)?$/;

/** A form that fits. */
export interface LikelyFormat {
  /** As the option `timestamp_format` names it. */
  readonly name: string;
  /** The form. */
  readonly format: TimeFormat;
}

/**
 * The forms that fit every one of some texts, the usual one first; empty if none does.
 *
 * The texts are in the order of the file. If the times of only one form go on over midnight as they do
 * within days, only that one is returned: the quarters of an hour of 1/2/2024 are followed by those of
 * the next day, not of the next month.
 */
export function likelyFormats(texts: readonly string[]): readonly LikelyFormat[] {
  const distinct = [...new Set(texts)];
  if (distinct.length === 0) return [];
  const fitting = candidatesOf(distinct[0]).flatMap((pattern) => {
    const format = [pattern, withSingleDigits(pattern)].map((name) => ({
      name,
      format: compileTimeFormat(name),
    })).find(({ format }) => distinct.every((text) => format.parse(text) !== null));
    return format === undefined ? [] : [format];
  });
  if (fitting.length < 2) return fitting;
  const continuing = fitting.filter(({ format }) => goesOn(distinct, format));
  return continuing.length === 1 ? continuing : fitting;
}

/** Patterns and names that may fit a text. */
function candidatesOf(text: string): readonly string[] {
  if (compileTimeFormat("iso").parse(text) !== null) return ["iso"];
  const unix = UNIX.find(([form]) => form.test(text));
  if (unix !== undefined) return [unix[1]];
  return DATES.flatMap(([shape, patterns]) => {
    const date = shape.exec(text);
    if (date === null) return [];
    const separator = literal(date[1] ?? "");
    return clocksOf(text.slice(date[0].length))
      .flatMap((clock) => patterns.map((pattern) => pattern.replaceAll("-", separator) + clock));
  });
}

/** The patterns of what follows a date; none if it is not a clock. */
function clocksOf(text: string): string[] {
  if (text === "") return [""];
  const match = CLOCK.exec(text);
  if (match === null) return [];
  const [, before, , colon, , point, second, dot, fraction, minute2, second2, gap, half, gap2] =
    match;
  const offset = match[14] === undefined ? "" : match[15]?.startsWith(":") ? "XXX" : "X";
  const hour = half === undefined ? "HH" : "hh";
  const halfDay = half === undefined ? gap : `${gap}a`;
  const end = offset === "" ? halfDay.trimEnd() : `${halfDay}${gap2}${offset}`;
  const start = literal(before);
  if (minute2 !== undefined) return [`${start}HHmm${second2 === undefined ? "" : "ss"}${end}`];
  // A lone number may be an hour of the clock, or the number of an interval of the day.
  if (colon === undefined) {
    return end === "" ? [`${start}n`, `${start}HH`] : [`${start}${hour}${end}`];
  }
  const seconds = second === undefined ? "" : `${point}ss`;
  const digits = fraction === undefined ? "" : dot + "S".repeat(fraction.length);
  return [`${start}${hour}${literal(colon)}mm${seconds}${digits}${end}`];
}

/** A pattern whose numbers may have one digit. */
function withSingleDigits(pattern: string): string {
  return /[yMdHhms]{5}/.test(pattern) ? pattern : pattern
    .replace("dd", "d").replace(/(?<!M)MM(?!M)/, "M").replace("HH", "H").replace("hh", "h");
}

function literal(text: string): string {
  return /[A-Za-z]/.test(text) ? `'${text}'` : text;
}

/** Whether times go on over a midnight with the step that they have within a day. */
function goesOn(texts: readonly string[], { parse }: TimeFormat): boolean {
  let lastMs = NaN, stepMs = 0, midnights = 0;
  for (const text of texts) {
    const { wallMs = NaN } = parse(text) ?? {};
    const gapMs = Math.abs(wallMs - lastMs);
    const isSameDay = Math.floor(wallMs / DAY_MS) === Math.floor(lastMs / DAY_MS);
    lastMs = wallMs;
    if (isSameDay) stepMs = Math.max(stepMs, gapMs);
    else if (gapMs > stepMs) return false;
    else if (gapMs === gapMs) midnights++;
  }
  return midnights > 0;
}
