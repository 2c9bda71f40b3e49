/**
 * How the times of rows are written: RFC 3339 with the offset of the zone, or a pattern.
 *
 * @module
 */

import { byteLength } from "../text/ascii_text.ts";
import type { ClockPlaces } from "../text/row_start.ts";
import { DAY_MS } from "../limits.ts";
import { readTimePattern } from "../time/time_pattern.ts";

/** RFC 3339 as a pattern. */
const ISO = "yyyy-MM-dd'T'HH:mm:ssXXX";
/** The fields that can be written. All but those of the date and the offset have a fixed width. */
const FIELDS = ["yyyy", "yy", "MMM", "MM", "M", "dd", "d", "HH", "mm", "ss", "SSS"];
const OFFSET_FIELDS = ["XXX", "XX", "X"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
/** A doubled quote, a quoted text, a run of one letter, another character. */
const PARTS = /''|'(?:[^']|'')+'|([A-Za-z])\1*|[^]/gu;

/** A form of times. */
export interface TimeForm {
  /** Fixed texts, and fields by their letters. */
  readonly parts: readonly { readonly isField: boolean; readonly text: string }[];
  /** The text between second and millisecond where a form without milliseconds must show some. */
  readonly mark: "." | ",";
}

/** A day on a clock with one offset. */
export interface ClockDay {
  /** Local milliseconds of its midnight: what Date.UTC would return for its date. */
  readonly wallDayMs: number;
  /** The offset from UTC, milliseconds. */
  readonly offsetMs: number;
  /** Whether the zone is UTC itself, whose offset is written as `Z`. */
  readonly isUtc: boolean;
}

/** A time of a day as text at midnight, and where its clock stands. */
export interface FormedTime {
  /** The text. */
  readonly text: string;
  /** The clock, counted from the start of the text. */
  readonly clock: ClockPlaces;
}

/**
 * A form by its name `iso`, or by a pattern of the fields that uploads use
 * ({@link readTimePattern}): `yyyy yy MMM MM M dd d HH mm ss SSS XXX XX X`.
 *
 * @throws {SyntaxError} if a pattern cannot be read or has a field that cannot be written.
 */
export function readTimeForm(format: string, mark: "." | "," = "."): TimeForm {
  const pattern = format === "iso" ? ISO : format;
  readTimePattern(pattern);
  const parts = Array.from(pattern.matchAll(PARTS), ([text, letter]) => {
    if (letter !== undefined) return { isField: true, text };
    const plain = text === "''" ? "'" : text.replace(/^'([^]*)'$/, "$1").replaceAll("''", "'");
    return { isField: false, text: plain };
  });
  const known = [...FIELDS, ...OFFSET_FIELDS];
  const unknown = parts.filter(({ isField, text }) => isField && !known.includes(text));
  if (unknown.length > 0) {
    const names = unknown.map(({ text }) => text).join(" and ");
    throw new SyntaxError(
      `Cannot write times as ${names} must be among ${known.join(" ")}: ${format}`,
    );
  }
  return { parts, mark };
}

/** Whether times in a form show seconds, so that milliseconds can follow them. */
export function showsSeconds({ parts }: TimeForm): boolean {
  return parts.some(({ isField, text }) => isField && text === "ss");
}

/** Whether times in a form always show milliseconds. */
export function showsMilli({ parts }: TimeForm): boolean {
  return parts.some(({ isField, text }) => isField && text === "SSS");
}

/** The form with milliseconds after the seconds. */
export function withMilli(form: TimeForm): TimeForm {
  const { parts, mark } = form;
  return {
    ...form,
    parts: parts.flatMap((part) =>
      part.isField && part.text === "ss"
        ? [part, { isField: false, text: mark }, { isField: true, text: "SSS" }]
        : [part]
    ),
  };
}

/** A time of a day at midnight. */
export function formTime({ parts }: TimeForm, day: ClockDay): FormedTime {
  const places: Record<string, number> = {};
  let text = "";
  for (const part of parts) {
    if (part.isField) places[part.text] = byteLength(text);
    text += part.isField ? fieldText(part.text, day) : part.text;
  }
  const clock = {
    midnightMs: day.wallDayMs - day.offsetMs,
    hourAt: places.HH ?? -1,
    minuteAt: places.mm ?? -1,
    secondAt: places.ss ?? -1,
    milliAt: places.SSS ?? -1,
  };
  return { text, clock };
}

/** The day of an instant on a clock with an offset. */
export function clockDayAt(
  timeMs: number,
  { offsetMs, isUtc }: Pick<ClockDay, "offsetMs" | "isUtc">,
): ClockDay {
  const wallDayMs = Math.floor((timeMs + offsetMs) / DAY_MS) * DAY_MS;
  return { wallDayMs, offsetMs, isUtc };
}

function fieldText(field: string, day: ClockDay): string {
  const date = new Date(day.wallDayMs);
  const month = date.getUTCMonth(), dayOfMonth = date.getUTCDate();
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  switch (field) {
    case "yyyy":
      return year;
    case "yy":
      return year.slice(-2);
    case "MMM":
      return MONTHS[month];
    case "MM":
      return twoDigits(month + 1);
    case "M":
      return String(month + 1);
    case "dd":
      return twoDigits(dayOfMonth);
    case "d":
      return String(dayOfMonth);
    case "SSS":
      return "000";
    default:
      return field.startsWith("X") ? offsetText(field, day) : "00";
  }
}

/** An offset as `+01:00` (XXX), `+0100` (XX) or `+01` with minutes if there are any (X). */
function offsetText(field: string, { offsetMs, isUtc }: ClockDay): string {
  if (isUtc) return "Z";
  const seconds = Math.abs(offsetMs) / 1000;
  const colon = field === "XXX" ? ":" : "";
  const minutes = Math.floor(seconds / 60) % 60;
  const sign = offsetMs < 0 ? "-" : "+";
  // Only until 1972 some zones had an offset with seconds. RFC 3339 has no form for it; ISO 8601-2 has.
  const rest = seconds % 60 === 0 ? "" : colon + twoDigits(seconds % 60);
  const hours = twoDigits(Math.floor(seconds / 3600));
  if (field === "X" && minutes === 0 && rest === "") return sign + hours;
  return sign + hours + colon + twoDigits(minutes) + rest;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
