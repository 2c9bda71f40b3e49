/**
 * The form of the times in a column, from its texts.
 *
 * @module
 */

import { compileTimeFormat } from "../time/time_format.ts";
import { likelyFormats } from "../time/likely_formats.ts";

/** What the texts of a column show about its times. */
export interface TimeGuess {
  /** Whether they are a date and a clock, or one of both; `hour` is a clock of hours alone. */
  readonly kind: "datetime" | "date" | "clock" | "hour" | "unix";
  /** Forms that read every text, as in `timestamp_format`. Several: the texts do not prove which. */
  readonly patterns: readonly string[];
  /** Whether the times carry an offset from UTC, or count from 1970 in UTC. */
  readonly hasOffset: boolean;
  /** Whether midnight is written as hour 24. */
  readonly has24: boolean;
}

/** Texts that are looked at, besides one for each beginning (of a date, mostly). */
const TEXTS_MAX = 300;
/** The characters that a date may have. */
const DATE_CHARS = 10;
/** Texts by which a column without times is told at once. */
const FIRST_TEXTS = 10;
/** Share of the texts that must be times. */
const SHARE_MIN = 0.9;
/** The last interval of a day of 25 hours in steps of 5 minutes. */
const NUMBER_MAX = 300;
/** Unix times are read as such from 1995 to 2100. */
const UNIX_FROM = 788_918_400, UNIX_TO = 4_102_444_800;

const DATE = [
  String.raw`(?<y>\d{4})(?<ys>[-./])(?<ym>\d{1,2})\k<ys>(?<yd>\d{1,2})`,
  String.raw`(?<p>\d{1,2})(?<ps>[-./ ])(?<q>\d{1,2})\k<ps>(?<py>\d{4}|\d{2})`,
  String.raw`(?<nd>\d{1,2})(?<ns>[-./ ])(?<nm>[A-Za-z]{3})\k<ns>(?<ny>\d{4}|\d{2})`,
  String.raw`(?<cy>(?:19|20)\d\d)(?<cm>0[1-9]|1[0-2])(?<cd>0[1-9]|[12]\d|3[01])`,
].join("|");
const CLOCK = String
  .raw`(?<H>\d{1,2}):(?<mm>\d\d)(?::(?<ss>\d\d)(?<f>\.\d{1,9})?)?(?<a> ?[AaPp][Mm])?`;
const ZONE = String.raw`(?<z> ?(?:Z|[+-]\d\d(?::?\d\d)?))?`;
const DATETIME = new RegExp(`^(?:${DATE})(?<sep>[T ]|, | - )${CLOCK}${ZONE}$`);
const DATE_HOUR = new RegExp(`^(?:${DATE})(?<sep> )(?<H>\\d{1,3})$`);
const DATE_ONLY = new RegExp(`^(?:${DATE})$`);
const CLOCK_ONLY = new RegExp(`^${CLOCK}$`);
const COMPACT = /^(?:19|20)\d{6}(?:[01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?$/;
const UNIX = /^[+-]?\d{9,10}(?:\.\d+)?$/, UNIX_MS = /^[+-]?\d{12,13}$/;
/** A date of eight digits and a clock of four or six. */
const RARE = /^\d{8}[ T_-]\d{4}(?:\d\d)?$/;
const HOUR_24 = /(?:[T ]|^)24:00/;
const ISO = compileTimeFormat("iso");

type Fields = Readonly<Record<string, string | undefined>>;

/** Whether a text looks like a date, a clock or both. */
export function isTimeLike(text: string): boolean {
  return DATETIME.test(text) || DATE_ONLY.test(text) || CLOCK_ONLY.test(text) ||
    COMPACT.test(text) || RARE.test(text);
}

/** The form of the times that texts are, or null if they are none. */
export function guessTimes(texts: readonly string[]): TimeGuess | null {
  const given = spread(texts);
  // Texts without a digit among the first ones are words.
  const first = given.slice(0, FIRST_TEXTS);
  if (first.length === 0 || shareOf(first, isLikely) < 0.5) return null;
  const unix = guessUnix(given);
  if (unix !== null) return unix;
  const compact = guessCompact(given);
  if (compact !== null) return compact;
  for (const [kind, form] of KINDS) {
    const matches = given.map((text) => form.exec(text)?.groups as Fields | undefined);
    const found = matches.filter((groups) => groups !== undefined);
    if (found.length < given.length * SHARE_MIN) continue;
    return guessOf(kind, found, given.filter((_, index) => matches[index] !== undefined));
  }
  return guessRare(given);
}

/** Rarer forms, which an import finds too, if every text has one. */
function guessRare(texts: readonly string[]): TimeGuess | null {
  const patterns = likelyFormats(texts).map(({ name }) => name);
  const [first] = patterns;
  if (first === undefined || first === "iso" || first.startsWith("unix")) return null;
  const kind = /[Hhn]/.test(first) ? "datetime" : "date";
  return { kind, patterns: patterns.slice(0, 2), hasOffset: first.endsWith("X"), has24: false };
}

/** The same for a column of hours, or of numbers of intervals, as some tables have next to a date. */
export function guessHours(texts: readonly string[]): TimeGuess | null {
  const given = spread(texts);
  const isHours = given.length > 0 &&
    given.every((text) => /^\d{1,3}$/.test(text) && Number(text) <= NUMBER_MAX);
  if (!isHours || new Set(given).size < Math.min(given.length, 3)) return null;
  return { kind: "hour", patterns: [hourPattern(given)], hasOffset: false, has24: false };
}

const KINDS: readonly (readonly [kind: TimeGuess["kind"], form: RegExp])[] = [
  ["datetime", DATETIME],
  ["datetime", DATE_HOUR],
  ["date", DATE_ONLY],
  ["clock", CLOCK_ONLY],
];

function guessOf(
  kind: TimeGuess["kind"],
  fields: readonly Fields[],
  texts: readonly string[],
): TimeGuess | null {
  const isNumbered = fields.every(({ mm }) => mm === undefined);
  const has24 = !isNumbered && texts.some((text) => HOUR_24.test(text));
  const hasOffset = fields.every(({ z }) => z !== undefined);
  const isIso = kind === "datetime" && texts.every((text) => ISO.parse(text) !== null);
  if (isIso) return { kind, patterns: ["iso"], hasOffset, has24 };
  const clock = clockPattern(fields);
  if (kind === "clock") return { kind, patterns: [clock], hasOffset, has24 };
  const dates = datePatterns(fields);
  const sep = fields[0].sep === undefined ? "" : quotedSeparator(fields[0].sep);
  const patterns = dates.map((date) => kind === "date" ? date : date + sep + clock)
    .filter((pattern) => isReadBy(pattern, texts));
  return patterns.length === 0 ? null : { kind, patterns, hasOffset, has24 };
}

function isReadBy(pattern: string, texts: readonly string[]): boolean {
  const { parse } = compileTimeFormat(pattern);
  return shareOf(texts, (text) => parse(text) !== null) >= SHARE_MIN;
}

/** Forms of the dates: day first before month first, as far as the numbers allow. */
function datePatterns(fields: readonly Fields[]): string[] {
  const [first] = fields;
  const year = (text: string | undefined) => text?.length === 2 ? "yy" : "yyyy";
  const numbers = ["ym", "yd", "p", "q", "nd"];
  const width = (letter: string) => numberPattern(letter, fields, numbers);
  if (first.cy !== undefined) return ["yyyyMMdd"];
  if (first.y !== undefined) {
    const s = first.ys ?? "-";
    const monthFirst = ["yyyy", width("M"), width("d")].join(s);
    const dayFirst = ["yyyy", width("d"), width("M")].join(s);
    // Year, day, month is rare: only where a month above 12 proves it.
    return fields.some(({ ym }) => Number(ym) > 12) ? [dayFirst] : [monthFirst];
  }
  if (first.nm !== undefined) {
    const s = first.ns ?? "-";
    return [[width("d"), "MMM", year(first.ny)].join(s)];
  }
  const s = first.ps ?? "/";
  const dayFirst = [width("d"), width("M"), year(first.py)].join(s);
  const monthFirst = [width("M"), width("d"), year(first.py)].join(s);
  const isDay = (name: "p" | "q") => fields.some((one) => Number(one[name]) > 12);
  const fits = [isDay("q") ? "" : dayFirst, isDay("p") ? "" : monthFirst].filter((one) =>
    one !== ""
  );
  // 24-05-01: with a short year, the first number may be the year.
  const yearFirst = ["yy", width("M"), width("d")].join(s);
  return first.py?.length === 2 && isDay("p") && s === "-" ? [...fits, yearFirst] : fits;
}

/** Two letters if numbers below 10 are written with a zero, else one, which reads both. */
function numberPattern(
  letter: string,
  fields: readonly Fields[],
  names: readonly string[],
): string {
  const numbers = fields.flatMap((one) => names.flatMap((name) => one[name] ?? []));
  const isPadded = numbers.some((text) => text.startsWith("0")) &&
    numbers.every((text) => text.length === 2);
  return isPadded ? letter + letter : letter;
}

function clockPattern(fields: readonly Fields[]): string {
  const isHalfDay = fields.some(({ a }) => a !== undefined);
  const hour = numberPattern(isHalfDay ? "h" : "H", fields, ["H"]);
  if (fields.every(({ mm }) => mm === undefined)) {
    return hourPattern(fields.map(({ H }) => H ?? ""));
  }
  const second = fields.some(({ ss }) => ss !== undefined) ? ":ss" : "";
  const fraction = fields.find(({ f }) => f !== undefined)?.f ?? "";
  const part = fraction === "" ? "" : `.${"S".repeat(fraction.length - 1)}`;
  const a = fields.find((one) => one.a !== undefined)?.a;
  const halfDay = a === undefined ? "" : a.startsWith(" ") ? " a" : "a";
  return `${hour}:mm${second}${part}${halfDay}${zonePattern(fields)}`;
}

/** Hours of a clock have a 0; the numbers of a day's intervals begin with 1 and may go on to 25. */
function hourPattern(hours: readonly string[]): string {
  const isPadded = hours.every((hour) => hour.length === 2);
  const isNumber = hours.every((hour) => Number(hour) > 0) &&
    hours.some((hour) => Number(hour) === 1 || Number(hour) >= 24);
  return isNumber ? isPadded ? "nn" : "n" : isPadded ? "HH" : "H";
}

function zonePattern(fields: readonly Fields[]): string {
  const zone = fields.find(({ z }) => z !== undefined && !z.endsWith("Z"))?.z ??
    fields.find(({ z }) => z !== undefined)?.z;
  if (zone === undefined) return "";
  const letters = zone.includes(":") ? "XXX" : zone.trim().length === 5 ? "XX" : "X";
  return zone.startsWith(" ") ? ` ${letters}` : letters;
}

function quotedSeparator(separator: string): string {
  return separator === "T" ? "'T'" : separator;
}

function guessUnix(texts: readonly string[]): TimeGuess | null {
  const kinds = [["unix", UNIX, 1], ["unix_ms", UNIX_MS, 1000]] as const;
  for (const [pattern, form, unit] of kinds) {
    const isOne = (text: string) => {
      const seconds = Number(text) / unit;
      return form.test(text) && seconds >= UNIX_FROM && seconds < UNIX_TO;
    };
    if (shareOf(texts, isOne) < SHARE_MIN) continue;
    return { kind: "unix", patterns: [pattern], hasOffset: true, has24: false };
  }
  return null;
}

/** 202405011200 or 20240501120000. */
function guessCompact(texts: readonly string[]): TimeGuess | null {
  const { length } = texts[0];
  if (!texts.every((text) => COMPACT.test(text) && text.length === length)) return null;
  const pattern = length === 12 ? "yyyyMMddHHmm" : "yyyyMMddHHmmss";
  return isReadBy(pattern, texts)
    ? { kind: "datetime", patterns: [pattern], hasOffset: false, has24: false }
    : null;
}

function isLikely(text: string): boolean {
  return isTimeLike(text) || UNIX.test(text) || UNIX_MS.test(text) || DATE_HOUR.test(text) ||
    RARE.test(text);
}

/** Texts taken evenly, and the first one of each beginning, so that no date is missed. */
function spread(given: readonly string[]): readonly string[] {
  const texts = given.filter((text) => text !== "");
  if (texts.length <= TEXTS_MAX) return texts;
  const starts = new Map<string, string>();
  for (const text of texts) {
    const start = text.slice(0, DATE_CHARS);
    if (!starts.has(start) && starts.size < TEXTS_MAX) starts.set(start, text);
  }
  const step = texts.length / TEXTS_MAX;
  const even = Array.from({ length: TEXTS_MAX }, (_, index) => texts[Math.floor(index * step)]);
  return [...new Set([...even, ...starts.values()])];
}

function shareOf(texts: readonly string[], is: (text: string) => boolean): number {
  return texts.reduce((count, text) => count + (is(text) ? 1 : 0), 0) / texts.length;
}
