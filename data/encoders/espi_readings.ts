/**
 * The readings of one metric as `IntervalReading` elements of ESPI, made of prepared words.
 *
 * @module
 */

import {
  type AsciiText,
  createAsciiText,
  ensureRoom,
  WORD_CHARS,
  wordsOf,
  writeWords,
} from "../text/ascii_text.ts";
import {
  type DecimalTable,
  decimalTable,
  TABLE_MASK,
  writeDecimal,
} from "../text/decimal_words.ts";
import { FILE_INTEGER_MAX } from "./decimals.ts";
import { FLOAT, powerOfTen } from "../readings/decimal.ts";
import { type Column, lowerBound } from "../readings/page.ts";
import { type FixedText, fixedText } from "../text/rows_json.ts";

/** The last digits of a time that change from reading to reading, and what they count to. */
const LOW_DIGITS = 5, LOW = 100_000;
/** What follows a time; its first characters fill a word together with the last digits. */
const AFTER_TIME = "</start></timePeriod><value>";
const READING_END = fixedText("</value></IntervalReading>");
const FIRST_CHARS = 16_384;
/** More than any reading has: its elements, a duration, a time and an integer of 47 bits. */
const READING_CHARS = 192;
/** The last digits of times as words, made when first needed. */
let lowWords: Float64Array | undefined;

/** Collects readings. */
export interface EspiReadings {
  /** Adds the values of rows `start` to `end` (exclusive) that are not missing. */
  add(rows: EspiRows): void;
  /** How many readings were added since the last `take()`. */
  count(): number;
  /** Returns the bytes of the elements, until the next `add()`, and begins anew. */
  take(): Uint8Array<ArrayBuffer>;
}

/** Values and their times. */
export interface EspiRows {
  /** Epoch milliseconds. Fractions of a second are cut off: ESPI has none. */
  readonly timesMs: Float64Array;
  /** The values. */
  readonly column: Column;
  /** The first row. */
  readonly start: number;
  /** The row after the last one. */
  readonly end: number;
  /** The duration of a reading, or that of a reading at a time, seconds. */
  readonly durationS: number | ((timeMs: number) => number);
}

/** The start of readings of one duration whose times share all but their last digits. */
interface ReadingStart {
  readonly durationS: number;
  readonly high: number;
  readonly text: FixedText;
  readonly lowAt: number;
}

/** Readings whose values have so many decimals, which their `ReadingType` moves into a power of ten. */
export function createEspiReadings(decimals: number): EspiReadings {
  const text = createAsciiText(FIRST_CHARS);
  const table = decimalTable(0);
  let prepared: ReadingStart = readingStart(0, 0);
  let at = 0, count = 0;

  return {
    add({ timesMs, column, start, end, durationS }) {
      ensureRoom(text, at, (end - start) * READING_CHARS);
      const values = integersOf(column, { start, end, decimals });
      for (let row = start; row < end;) {
        const high = Math.floor(timesMs[row] / (1000 * LOW));
        const duration = typeof durationS === "number" ? durationS : durationS(timesMs[row]);
        if (prepared.high !== high || prepared.durationS !== duration) {
          prepared = readingStart(duration, high);
        }
        // Those that share a start: up to a day of them, as LOW seconds are more than a day.
        const endMs = (high + 1) * LOW * 1000;
        const next = typeof durationS === "number" ? lowerBound(timesMs, endMs) : row + 1;
        const part = {
          timesMs: timesMs.subarray(row, Math.min(next, end)),
          values: values.subarray(row - start, Math.min(next, end) - start),
        };
        const written = writeReadings(part, { text, at, table, prepared, decimals });
        count += written.count;
        at = written.at;
        row = Math.min(next, end);
      }
    },
    count: () => count,
    take() {
      const bytes = text.bytes.subarray(0, at);
      at = 0;
      count = 0;
      return bytes;
    },
  };
}

/**
 * Writes readings that share a start; returns how many there are and where they end.
 *
 * @throws {RangeError} if a value has more bits than ESPI allows.
 */
function writeReadings(
  { timesMs, values }: { timesMs: Float64Array; values: Float64Array },
  { text, at: firstAt, table, prepared, decimals }: {
    text: AsciiText;
    at: number;
    table: DecimalTable;
    prepared: ReadingStart;
    decimals: number;
  },
): { count: number; at: number } {
  const { view } = text;
  const lows = lowWords ??= new Float64Array(LOW);
  const { lowAt, text: { words, length } } = prepared;
  const { words: endWords, length: endLength } = READING_END;
  const { words: valueWords, lengths: valueLengths } = table;
  const fromMs = prepared.high * LOW * 1000;
  let at = firstAt, count = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== value) continue;
    const low = ((timesMs[row] - fromMs) / 1000) | 0;
    if (lows[low] === 0) lows[low] = lowWord(low);
    writeWords(view, at, words);
    view.setFloat64(at + lowAt, lows[low], true);
    at += length;
    const place = value & TABLE_MASK;
    if (place === value && valueLengths[place] > 0) {
      view.setFloat64(at, valueWords[place], true);
      at += valueLengths[place];
    } else {
      if (value > FILE_INTEGER_MAX || value < -FILE_INTEGER_MAX) throw tooLarge(value, decimals);
      at = writeDecimal(text, at, { table, value });
    }
    writeWords(view, at, endWords);
    at += endLength;
    count++;
  }
  return { count, at };
}

/** Times before 1970-01-02T03:46:40Z have fewer digits; they get zeros before them, as XML allows. */
function readingStart(durationS: number, high: number): ReadingStart {
  const before = `<IntervalReading><timePeriod><duration>${durationS}</duration><start>${high}`;
  const text = fixedText(before + "0".repeat(LOW_DIGITS) + AFTER_TIME);
  return { durationS, high, text, lowAt: before.length };
}

function lowWord(low: number): number {
  const digits = String(low).padStart(LOW_DIGITS, "0");
  return wordsOf(digits + AFTER_TIME.slice(0, WORD_CHARS - LOW_DIGITS))[0];
}

/** The values as integers with some decimals. Doubles are rounded. */
function integersOf(
  { scale, values }: Column,
  { start, end, decimals }: { start: number; end: number; decimals: number },
): Float64Array {
  if (scale === decimals) return values.subarray(start, end);
  const factor = powerOfTen(scale === FLOAT ? decimals : Math.abs(decimals - scale));
  const integers = new Float64Array(end - start);
  for (let row = start; row < end; row++) {
    const value = values[row];
    // Finer than the decimals are only zeros, or digits that no double holds exactly.
    integers[row - start] = scale > decimals
      ? Math.round(value / factor) + 0
      : scale === FLOAT
      ? Math.round(value * factor) + 0
      : value * factor;
  }
  return integers;
}

function tooLarge(value: number, decimals: number): RangeError {
  return new RangeError(
    `Cannot write ESPI as a value with ${decimals} decimals has more than 47 bits: ${value}`,
  );
}
