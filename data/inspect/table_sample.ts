/**
 * The table in a text: its delimiter, where its header is, and its rows.
 *
 * @module
 */

import { RECORD_MAX_BYTES } from "../limits.ts";
import { csvFields, headerFields } from "../text/csv_fields.ts";
import { isMissingLike, isNumberLike } from "./number_guess.ts";
import { isTimeLike } from "./time_guess.ts";

/** A row of a table. */
export interface SampleRow {
  /** Its line in the file; the first is 1. */
  readonly line: number;
  /** Its fields, trimmed. */
  readonly fields: readonly string[];
}

/** A table. */
export interface TableSample {
  /** The character between fields. */
  readonly delimiter: string;
  /** The header; null if the rows begin without one. */
  readonly header: SampleRow | null;
  /** A row of units below the header; null if there is none. */
  readonly units: SampleRow | null;
  /** Lines before the header that are not empty. */
  readonly preamble: readonly string[];
  /** Rows below the header that are like most of them; of a long text the first ones. */
  readonly rows: readonly SampleRow[];
  /** The others of those that were looked at: of another length, or totals without a time. */
  readonly oddRows: readonly SampleRow[];
  /** Whether the text has more rows than `rows` and `oddRows`. */
  readonly isCut: boolean;
}

/** Rows that are looked at: a month of quarter hours, 2 days of minutes. */
const ROWS_MAX = 3_000;
/** Lines by which the delimiter is chosen. */
const CHOICE_LINES = 300;
/** Lines in which the header must be; an import looks at as many. */
export const HEADER_LINES_MAX = 60;

/** Fields by which a row is judged: a day of 5 minutes, and some. */
const FIELDS_MAX = 400;

const DELIMITERS: readonly string[] = [";", "\t", ",", "|"];

/**
 * The table in a text, or null if it has none: no delimiter gives rows of equal length.
 *
 * @param isWhole whether the text is a whole file; else its last line may be cut and is left out.
 */
export function readTable(text: string, isWhole: boolean): TableSample | null {
  const lines = text.split("\n", ROWS_MAX + HEADER_LINES_MAX + 1);
  const isCut = !isWhole || lines.length > ROWS_MAX + HEADER_LINES_MAX;
  if (isCut && lines.length > 1) lines.pop();
  const records = recordsOf(lines);
  const named = /^sep=(.)\s*$/.exec(lines[0] ?? "")?.[1];
  const choices = named === undefined ? DELIMITERS : [named];
  const best = choices.map((delimiter) => ({ delimiter, ...scoreOf(records, delimiter) }))
    .filter(({ width }) => width > 1)
    .toSorted((one, other) => other.score - one.score || other.width - one.width)[0];
  return best === undefined ? null : tableOf(records, { ...best, isCut });
}

interface Record {
  readonly line: number;
  readonly text: string;
}

/** Records: lines, joined where a quote is open. */
function recordsOf(lines: readonly string[]): Record[] {
  const records: Record[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let text = lines[index];
    // A quote that never closes spoils only its own line, as in an import.
    for (let next = index + 1; isOpen(text) && next < Math.min(lines.length, index + 20); next++) {
      const longer = `${text}\n${lines[next]}`;
      if (!isOpen(longer)) {
        text = longer;
        index = next;
        break;
      }
    }
    if (text.endsWith("\r")) text = text.slice(0, -1);
    // An import reads no longer records.
    if (text.length <= RECORD_MAX_BYTES && text.trim() !== "") records.push({ line, text });
  }
  return records;
}

function isOpen(text: string): boolean {
  if (!text.includes('"')) return false;
  let quotes = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++;
  return quotes % 2 === 1;
}

function fieldsOf(text: string, delimiter: string): string[] {
  const fields = csvFields(text, delimiter) ?? headerFields(text, delimiter);
  return fields.map((field) => field.trim());
}

/** How well a delimiter parts the first records: rows of one length with times and numbers. */
function scoreOf(
  records: readonly Record[],
  delimiter: string,
): { score: number; width: number } {
  const widths = new Map<number, { rows: number; typed: number }>();
  for (const { text } of records.slice(0, CHOICE_LINES)) {
    const fields = fieldsOf(text, delimiter);
    const kinds = widths.get(fields.length) ?? { rows: 0, typed: 0 };
    widths.set(fields.length, kinds);
    kinds.rows++;
    if (isData(fields)) kinds.typed++;
  }
  let best = { score: 0, width: 0 };
  for (const [width, { rows, typed }] of widths) {
    const score = width < 2 ? 0 : typed * 1_000 + rows;
    if (score > best.score) best = { score, width };
  }
  return best;
}

/** Whether a row holds readings: a time and a value, or several numbers that name no intervals. */
function isData(given: readonly string[]): boolean {
  const fields = given.slice(0, FIELDS_MAX);
  const times = fields.filter(isTimeLike).length;
  const numbers = fields.filter((field) => isNumberLike(field) && !isTimeLike(field));
  const values = numbers.length + fields.filter(isMissingLike).length;
  if (isCount(numbers)) return false;
  return (times > 0 && values > 0) || numbers.length > 1;
}

/** 1, 2, 3 to 24 or more: the names of a day's intervals. */
function isCount(numbers: readonly string[]): boolean {
  return numbers.length >= 24 &&
    numbers.every((text, index) => Number(text) === Number(numbers[0]) + index);
}

function tableOf(
  records: readonly Record[],
  { delimiter, width, isCut }: { delimiter: string; width: number; isCut: boolean },
): TableSample {
  const rows = records.map(({ line, text }) => ({ line, fields: fieldsOf(text, delimiter) }));
  const firstData = rows.findIndex(({ fields }, index) =>
    fields.length === width && isData(fields) && isFollowed(rows, index, width)
  );
  // Without a row of data, the first row of that length is the header.
  const found = firstData >= 0
    ? firstData
    : rows.findIndex(({ fields }) => fields.length === width) + 1;
  const start = firstTimed(rows, found, width);
  const { header, units, first } = headerAbove(rows, start, width);
  const wanted = header?.fields.length ?? width;
  const below = rows.slice(start).map(({ line, fields }) => ({
    line,
    fields: cut(fields, wanted),
  }));
  const isRow = rowTest(below.filter(({ fields }) => fields.length === wanted), wanted);
  return {
    delimiter,
    header,
    units,
    preamble: records.slice(0, first).map(({ text }) => text),
    rows: below.filter(isRow),
    oddRows: below.filter((row) => !isRow(row)),
    isCut,
  };
}

/** Rows with times and without values, above the first one with both, are rows too. */
function firstTimed(rows: readonly SampleRow[], found: number, width: number): number {
  let start = found;
  while (start > 0) {
    const { fields } = rows[start - 1];
    if (fields.length !== width || !fields.slice(0, TIMES_WITHIN).some(isDate)) break;
    start--;
  }
  return start;
}

function isDate(field: string): boolean {
  return isTimeLike(field) && !/^\d{1,2}:/.test(field);
}

/** A row without the delimiters at its end that the header does not have. */
function cut(fields: readonly string[], width: number): readonly string[] {
  const isLonger = fields.length > width && fields.slice(width).every((field) => field === "");
  return isLonger ? fields.slice(0, width) : fields;
}

/** Where the times of a row are, if it has any: not far from its start. */
const TIMES_WITHIN = 20;

/** Rows of the table: as wide as the header, and with a time where most rows have one. */
function rowTest(rows: readonly SampleRow[], width: number): (row: SampleRow) => boolean {
  const hasTime = ({ fields }: SampleRow) => fields.slice(0, TIMES_WITHIN).some(isTimeLike);
  const isTimed = rows.filter(hasTime).length * 2 > rows.length;
  return (row) => row.fields.length === width && (!isTimed || hasTime(row));
}

/** Whether one of the next rows looks alike: a lone row with a date is part of a preamble. */
function isFollowed(rows: readonly SampleRow[], index: number, width: number): boolean {
  const next = rows.slice(index + 1, index + 3);
  return next.length === 0 || next.some(({ fields }) => fields.length === width && isData(fields));
}

/** The header above the first row of data, and a row of units between them. */
function headerAbove(
  rows: readonly SampleRow[],
  start: number,
  width: number,
): { header: SampleRow | null; units: SampleRow | null; first: number } {
  const above = rows[start - 1];
  if (above === undefined || !isHeader(above.fields, width)) {
    return { header: null, units: null, first: start };
  }
  const higher = rows[start - 2];
  // Where the row above has no name for some column, as of SMA, the units are the names.
  const hasUnits = isUnits(above.fields) && higher !== undefined &&
    isHeader(higher.fields, width) && higher.fields[0] !== "";
  return hasUnits
    ? { header: higher, units: above, first: start - 2 }
    : { header: above, units: null, first: start - 1 };
}

/** A header has names: no numbers but those that may be names of columns, and at least one word. */
function isHeader(fields: readonly string[], width: number): boolean {
  // Some files end each row with one more delimiter, or one less, than the header.
  const isAsLong = Math.abs(fields.length - width) <= 1;
  return isAsLong && fields.some((field) => /\p{L}/u.test(field) && !isTimeLike(field)) &&
    !isData(fields);
}

/** A row of units: `[Wh]`, `(kWh)`, `kWh`, and perhaps the form of the time. */
function isUnits(fields: readonly string[]): boolean {
  const filled = fields.filter((field) => field !== "");
  return filled.length > 0 &&
    filled.every((field) =>
      /^[[(]?(?:[kM]?Wh|[kM]?W|[mk]?V|[mk]?A|%|°C|kvarh|Hz)[\])]?$/.test(field) ||
      /^[[(]?(?:dd|DD|MM|yyyy|YYYY)/.test(field)
    );
}
