/**
 * Rows of cells of a worksheet, made of prepared words (`data/text/ascii_text.ts`).
 *
 * Cells have no reference such as `B7`: they follow each other, and an empty cell keeps the place of a
 * missing value (ECMA-376 part 1, 18.3.1.4).
 *
 * @module
 */

import {
  type AsciiText,
  byteLength,
  ensureRoom,
  WORD_CHARS,
  wordsOf,
  writeAscii,
  writeWords,
} from "../text/ascii_text.ts";
import {
  DECIMAL_MAX_CHARS,
  type DecimalTable,
  TABLE_MASK,
  writeDecimal,
} from "../text/decimal_words.ts";
import { DAY_MS } from "../limits.ts";
import type { Page } from "../readings/page.ts";
import { type FixedText, fixedText } from "../text/rows_json.ts";

/** Digits after the point of a date: half a microsecond. */
const FRACTION_DIGITS = 11;
/** Days from 1899-12-30, day 0 of Excel, to 1970-01-01. */
const EPOCH_DAYS = 25_569;
const SECONDS = 86_400;
/** The fractions of the seconds of a day as two words that overlap, made when first needed. */
let fractions: { readonly words: Float64Array; readonly isMade: Uint8Array } | undefined;

const EMPTY = fixedText("<c/>");
const CLOSE = fixedText("</v></c>");
const ROW_END = "</row>";

/** The start of the rows of a day: its dates and the texts after them. */
export interface CellStart {
  /** The text, in which the dates are those of midnight. */
  readonly text: FixedText;
  /** Where the fraction of each date stands, and the instant of its midnight. */
  readonly dates: readonly { readonly fractionAt: number; readonly midnightMs: number }[];
}

/** How the values of a column become cells. */
export interface CellColumn {
  /** What comes before a value. */
  readonly open: FixedText;
  /** The words for its values. */
  readonly table: DecimalTable;
}

/** A date as the number that Excel counts it by; `wallMs` is what Date.UTC returns for it. */
export function serialText(wallMs: number): string {
  const days = Math.floor(wallMs / DAY_MS);
  return `${days + EPOCH_DAYS}.${fractionText(wallMs - days * DAY_MS)}`;
}

/**
 * The start of rows, from the cells of their dates at midnight and a text for the cells after them.
 * The style of dates is the first.
 */
export function cellStart(
  days: readonly { readonly wallDayMs: number; readonly offsetMs: number }[],
  after: string,
): CellStart {
  let text = "<row>";
  const dates = days.map(({ wallDayMs, offsetMs }) => {
    text += `<c s="1"><v>${serialText(wallDayMs)}`;
    const fractionAt = byteLength(text) - FRACTION_DIGITS;
    text += "</v></c>";
    return { fractionAt, midnightMs: wallDayMs - offsetMs };
  });
  return { text: fixedText(text + after), dates };
}

/** Writes rows that share a start, and returns where they end. */
export function writeCellRows(
  { timesMs, columns }: Page,
  { text, at: firstAt, start, cells }: {
    text: AsciiText;
    at: number;
    start: CellStart;
    cells: readonly CellColumn[];
  },
): number {
  const values = columns.map((column) => column.values);
  const tables = cells.map(({ table }) => table);
  const opens = cells.map(({ open }) => open);
  const cellChars = DECIMAL_MAX_CHARS + CLOSE.length + 2 * WORD_CHARS;
  const longest = start.text.length + ROW_END.length +
    opens.reduce((sum, { length }) => sum + length + cellChars, 0);
  const [rowEnd] = wordsOf(ROW_END), [close] = CLOSE.words, [empty] = EMPTY.words;
  let at = firstAt;
  for (let row = 0; row < timesMs.length; row++) {
    ensureRoom(text, at, longest);
    const { view } = text;
    writeWords(view, at, start.text.words);
    for (const date of start.dates) {
      writeFraction(text, at + date.fractionAt, timesMs[row] - date.midnightMs);
    }
    at += start.text.length;
    for (let column = 0; column < tables.length; column++) {
      const value = values[column][row];
      if (value !== value) {
        view.setFloat64(at, empty, true);
        at += EMPTY.length;
        continue;
      }
      writeWords(view, at, opens[column].words);
      at += opens[column].length;
      const table = tables[column];
      const place = value & TABLE_MASK;
      if (place === value && table.lengths[place] > 0) {
        view.setFloat64(at, table.words[place], true);
        at += table.lengths[place];
      } else at = writeDecimal(text, at, { table, value });
      view.setFloat64(at, close, true);
      at += CLOSE.length;
    }
    view.setFloat64(at, rowEnd, true);
    at += ROW_END.length;
  }
  return at;
}

/** Writes the fraction of a day. */
function writeFraction(text: AsciiText, at: number, ofDayMs: number): void {
  const second = ofDayMs / 1000;
  if (second !== (second | 0)) {
    writeAscii(text, at, fractionText(ofDayMs));
    return;
  }
  const { words, isMade } = fractions ??= {
    words: new Float64Array(2 * SECONDS),
    isMade: new Uint8Array(SECONDS),
  };
  if (isMade[second] === 0) {
    const digits = fractionText(ofDayMs);
    words[2 * second] = wordsOf(digits.slice(0, WORD_CHARS))[0];
    words[2 * second + 1] = wordsOf(digits.slice(-WORD_CHARS))[0];
    isMade[second] = 1;
  }
  text.view.setFloat64(at, words[2 * second], true);
  text.view.setFloat64(at + FRACTION_DIGITS - WORD_CHARS, words[2 * second + 1], true);
}

function fractionText(ofDayMs: number): string {
  return String(Math.round(ofDayMs * 10 ** FRACTION_DIGITS / DAY_MS)).padStart(
    FRACTION_DIGITS,
    "0",
  );
}
