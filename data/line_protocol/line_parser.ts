/**
 * The parser of one line of line protocol.
 *
 * @module
 */

import { booleanOf, readNumber } from "./numbers.ts";
import { isSame } from "./key_table.ts";
import type { Field, LineValues } from "./point_group.ts";
import { type Precision, timestampMs } from "./precision.ts";
import { columnOf, type Series, type SeriesTable } from "./series_table.ts";

const TAB = 9, LF = 10, CR = 13, SPACE = 32, QUOTE = 34, HASH = 35, PLUS = 43, COMMA = 44;
const MINUS = 45, POINT = 46, ZERO = 48, NINE = 57, EQUALS = 61, BACKSLASH = 92;
/** What a value that is meant to be a number begins with, besides digits: also `NaN` and `Inf`. */
const NUMBER_STARTS = [PLUS, MINUS, POINT, ...[..."NnIi"].map((letter) => letter.charCodeAt(0))];

/** What the parser found. */
export type LineKind = "point" | "nothing" | "wrong" | "open";

/** The line that was read last. */
export interface ParsedLine {
  /** Its first part; null if it has none that can be read. */
  series: Series | null;
  /** Its time, epoch milliseconds; null if it has none. */
  timeMs: number | null;
  /** Its numbers and booleans. */
  readonly values: LineValues;
  /** How many of its values are strings. */
  strings: number;
  /** The fields for which a profile has no room. */
  readonly leftOut: Field[];
  /** Where it ends: the index of its line feed. */
  end: number;
  /** How many line feeds its strings have. */
  innerLines: number;
  /** What is wrong with it. */
  reason: string;
}

/** Reads lines. */
export interface LineParser {
  /** The line that was read last. It is the same object every time. */
  readonly line: ParsedLine;
  /**
   * Reads the line at `start`, behind which there is a line feed.
   *
   * - `point`: {@link LineParser.line} has what it says.
   * - `nothing`: it is empty or a comment.
   * - `wrong`: {@link ParsedLine.reason} says why; its end is not known.
   * - `open`: the bytes end within a string.
   */
  read(bytes: Uint8Array, start: number): LineKind;
}

/** Creates a parser. */
export function createLineParser(table: SeriesTable, precision: Precision): LineParser {
  const values: LineValues = { count: 0, fields: [], values: [] };
  const line: ParsedLine = {
    series: null,
    timeMs: null,
    values,
    strings: 0,
    leftOut: [],
    end: 0,
    innerLines: 0,
    reason: "",
  };
  const number = { value: 0 };
  /** The field that gave each column its value in the line that is being read. */
  const given: (Field | undefined)[] = [];

  function read(bytes: Uint8Array, start: number): LineKind {
    const first = skipBlanks(bytes, start);
    line.series = null;
    line.reason = "";
    if (bytes[first] === HASH) {
      line.end = bytes.indexOf(LF, first);
      return "nothing";
    }
    if (isEnd(bytes, first)) return "nothing";
    const fieldsStart = readSeries(bytes, first);
    if (line.series === null || fieldsStart < 0) return "wrong";
    clear();
    const fieldsEnd = readFields(bytes, fieldsStart, line.series);
    if (fieldsEnd < 0) return line.reason === "" ? "open" : "wrong";
    return readTime(bytes, fieldsEnd) ? "point" : "wrong";
  }

  function clear(): void {
    for (let index = 0; index < values.count; index++) {
      given[values.fields[index].column] = undefined;
    }
    values.count = 0;
    line.strings = 0;
    line.innerLines = 0;
    line.timeMs = null;
    if (line.leftOut.length > 0) line.leftOut.length = 0;
  }

  /** Reads measurement and tags. Returns where the fields begin; -1 if the line is wrong. */
  function readSeries(bytes: Uint8Array, start: number): number {
    let at = start, hash = 0;
    let byte = bytes[at];
    for (; byte !== SPACE && byte !== LF; byte = bytes[++at]) {
      hash = Math.imul(hash ^ byte, 0x01000193);
      // What follows a backslash ends nothing, except a line feed.
      if (byte === BACKSLASH && bytes[at + 1] !== LF) {
        hash = Math.imul(hash ^ bytes[++at], 0x01000193);
      }
    }
    const series = table.get(bytes, start, at, hash ^ (hash >>> 15));
    const fieldsStart = skipBlanks(bytes, at);
    if (series.reason !== null) line.reason = series.reason;
    else if (isEnd(bytes, fieldsStart)) line.reason = "missing fields";
    else {
      line.series = series;
      return fieldsStart;
    }
    return -1;
  }

  /** Reads the fields. Returns where they end; -1 if the line is wrong (with a reason) or open. */
  function readFields(bytes: Uint8Array, start: number, series: Series): number {
    let at = start;
    for (let index = 0;; index++) {
      const expected = series.expected[index];
      let field = expected;
      let keyEnd = expected === undefined ? -1 : at + expected.bytes.length;
      if (keyEnd < 0 || bytes[keyEnd] !== EQUALS || !isSame(expected.bytes, bytes, at, keyEnd)) {
        keyEnd = findKeyEnd(bytes, at);
        if (keyEnd === at || bytes[keyEnd] !== EQUALS) {
          line.reason = bytes[keyEnd] === EQUALS ? "missing field key" : "invalid field format";
          return -1;
        }
        field = table.field(series.measurement, bytes, at, keyEnd);
        series.expected[index] = field;
      }
      at = readValue(bytes, keyEnd + 1, field);
      if (at < 0 || bytes[at] !== COMMA) return at;
      at++;
    }
  }

  /** Reads a value. Returns where it ends; -1 if it is wrong (with a reason) or open. */
  function readValue(bytes: Uint8Array, start: number, field: Field): number {
    const first = bytes[start];
    if (first === QUOTE) return readString(bytes, start);
    if (first === COMMA || first === SPACE || isEnd(bytes, start)) {
      return failed("missing field value");
    }
    const isDigit = first >= ZERO && first <= NINE;
    let end: number;
    if (isDigit || NUMBER_STARTS.includes(first)) {
      end = readNumber(bytes, start, number);
      if (end < 0 || !isValueEnd(bytes, end)) return failed("invalid number");
    } else {
      end = start;
      while (!isValueEnd(bytes, end)) end++;
      number.value = booleanOf(bytes, start, end);
      if (number.value < 0) return failed("invalid boolean");
    }
    return addValue(field) ? end : -1;
  }

  function failed(reason: string): number {
    line.reason = reason;
    return -1;
  }

  function addValue(field: Field): boolean {
    const series = line.series;
    if (series === null) return false;
    const column = columnOf(series.measurement, field);
    if (column < 0) {
      line.leftOut.push(field);
      return true;
    }
    const other = given[column];
    if (other !== undefined && other !== field) {
      line.reason = `the fields ${other.key} and ${field.key} are both the metric ${field.metric}`;
      return false;
    }
    given[column] = field;
    values.fields[values.count] = field;
    values.values[values.count++] = number.value;
    return true;
  }

  /** Skips a string. Returns where it ends; -1 if the bytes end before it does. */
  function readString(bytes: Uint8Array, start: number): number {
    let at = start + 1;
    for (; at < bytes.length; at++) {
      // What follows a backslash ends nothing, but a line feed there is one too.
      const isEscaped = bytes[at] === BACKSLASH;
      if (isEscaped) at++;
      if (bytes[at] === LF) line.innerLines++;
      else if (bytes[at] === QUOTE && !isEscaped) break;
    }
    if (at >= bytes.length - 1) return -1;
    // The line feed behind `start` may have been one of the string's own.
    if (line.innerLines > 0 && bytes.indexOf(LF, at) < 0) return -1;
    line.strings++;
    return isValueEnd(bytes, at + 1) ? at + 1 : failed("invalid field format");
  }

  /** Reads the time, if there is one, and the end of the line. */
  function readTime(bytes: Uint8Array, start: number): boolean {
    const first = skipBlanks(bytes, start);
    if (isEnd(bytes, first)) return true;
    let end = first;
    while (bytes[end] !== SPACE && bytes[end] !== LF && bytes[end] !== CR) end++;
    const timeMs = timestampMs(bytes, { start: first, end }, precision);
    if (timeMs !== timeMs || !isEnd(bytes, skipBlanks(bytes, end))) {
      line.reason = "bad timestamp";
      return false;
    }
    line.timeMs = timeMs;
    return true;
  }

  /** Whether the line ends here; notes where. */
  function isEnd(bytes: Uint8Array, at: number): boolean {
    if (bytes[at] === LF) line.end = at;
    else if (bytes[at] === CR && bytes[at + 1] === LF) line.end = at + 1;
    else return false;
    return true;
  }

  return { line, read };
}

function skipBlanks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === SPACE || bytes[at] === TAB) at++;
  return at;
}

/** Where a value ends: at a comma, a space, or the end of the line. */
function isValueEnd(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at];
  return byte === COMMA || byte === SPACE || byte === LF || byte === CR && bytes[at + 1] === LF;
}

/** Where a field key ends: at the first of `=`, `,`, space and line feed that is not escaped. */
function findKeyEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at];; byte = bytes[++at]) {
    if (byte === EQUALS || byte === COMMA || byte === SPACE || byte === LF) return at;
    if (byte === BACKSLASH && bytes[at + 1] !== LF) at++;
  }
}
