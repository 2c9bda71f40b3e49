/**
 * Reading one record of a CSV upload: fast from its bytes, or field by field.
 *
 * @module
 */

import { csvFields } from "../text/csv_fields.ts";
import { createDecimalScanner, type Decimal, parseGroupedDecimal } from "../text/decimal_fields.ts";
import { type CsvHeader, ID, IGNORED, TIME } from "./csv_header.ts";
import type { ColumnMeaning, Dialect } from "./dialect.ts";
import { numberRule } from "./number_rule.ts";
import type { Profile } from "../readings/profile.ts";
import { rangeRule, type ReadingRow } from "./reading_row.ts";
import type { RowProblem } from "../text/upload_reader.ts";
import { createTimeReader, noTimeRule, readTime } from "./upload_time.ts";

const LF = 10, CR = 13, QUOTE = 34;

/** How to read records. */
export interface CsvRowOptions {
  /** The profile of the series. */
  readonly profile: Profile;
  /** The id that records must have if they have one; null if any is right. */
  readonly id: string | null;
  /** How the upload writes readings. */
  readonly dialect: Dialect;
  /** Earlier times are rejected, epoch milliseconds. */
  readonly oldestMs: number;
  /** The columns. */
  readonly header: CsvHeader;
  /** Where readings go. */
  readonly row: ReadingRow;
}

/** Reads records into a page. */
export interface CsvRowReader {
  /**
   * Reads a record of plain fields from its bytes and returns the index of its LF, at most `limit`.
   * Returns -1 and adds no reading if the record needs {@link CsvRowReader.readFields}.
   */
  readPlain(bytes: Uint8Array, start: number, limit: number, line: number): number;
  /** Reads any record from its text; returns what is wrong with it. */
  readFields(text: string, line: number): RowProblem | null;
  /** Reads a record from its fields; returns what is wrong with it. */
  readValues(values: readonly string[], line: number): RowProblem | null;
}

/** A reader of the records below a header. */
export function createRowReader(options: CsvRowOptions): CsvRowReader {
  const readValues = createValuesReader(options);
  const { dialect: { delimiter }, header: { names } } = options;
  return {
    readPlain: createPlainReader(options),
    readFields(text, line) {
      const fields = fieldsOf(text, { delimiter, count: names.length });
      return "rule" in fields ? fields : readValues(fields.values, line);
    },
    readValues,
  };
}

/** The trimmed fields of a record, or what is wrong with them. */
export function fieldsOf(
  text: string,
  { delimiter, count }: { delimiter: string; count: number },
): { values: string[] } | RowProblem {
  const fields = csvFields(text, delimiter);
  if (fields === null) {
    return { field: null, value: text, rule: "quotes closed as in RFC 4180" };
  }
  // Exporters that end each record with a delimiter may leave it out in the header.
  const isLonger = fields.length > count && fields.slice(count).every((field) => field === "");
  if (fields.length === count || isLonger) {
    return { values: fields.slice(0, count).map((field) => field.trim()) };
  }
  return { field: null, value: text, rule: `${count} fields, found ${fields.length}` };
}

function createPlainReader(
  { id, dialect, header: { names, roles }, row }: CsvRowOptions,
): CsvRowReader["readPlain"] {
  // Numbers with a decimal comma between commas are in quotes, and never plain.
  if (dialect.delimiter === dialect.point) return () => -1;
  const meanings = meaningsOf(names, dialect);
  const delimiter = dialect.delimiter.charCodeAt(0);
  const idBytes = id !== null && isPlain(id, dialect) ? new TextEncoder().encode(id) : null;
  const scanMetric = createMetricScanner(dialect, row);
  const time = createTimeReader(dialect);
  const isOneTime = dialect.timeColumns.length === 1;
  // The rule shows the pattern, except the colons of ISO 8601.
  const isPlainTime = isPlain(dialect.timeFormat.rule, dialect) && dialect.delimiter !== ":";

  const columnCount = roles.length;
  const metrics = Int32Array.from(roles);

  /** Adds the reading at the time that was read. */
  function addWall(line: number): boolean {
    const wall = time.wall();
    return wall !== null && row.addAt(wall, line);
  }
  const addTime = dialect.rules === null
    ? (line: number) => row.add(time.instant(), line)
    : addWall;

  /** Reads a plain field and returns where it ends, or -1 if it is not plain. */
  function scanField(bytes: Uint8Array, start: number, column: number): number {
    const role = roles[column];
    if (role >= 0) return scanMetric(bytes, start, meanings[column]);
    if (role === TIME && isOneTime) return scanTime(bytes, start);
    if (role === ID && id !== null) return idBytes === null ? -1 : matchEnd(bytes, start, idBytes);
    const end = plainEnd(bytes, start, delimiter);
    if (role === IGNORED || role === ID || end < 0) return end;
    return time.takeHalf(role === TIME, bytes, { start, end });
  }

  function scanTime(bytes: Uint8Array, start: number): number {
    const end = time.scan(bytes, start);
    return isPlainTime || end === plainEnd(bytes, start, delimiter) ? end : -1;
  }

  return (bytes, start, limit, line) => {
    if (bytes[start] === LF) return start;
    let at = start;
    for (let column = 0; column < columnCount; column++) {
      if (column > 0 && bytes[at++] !== delimiter) return -1;
      at = metrics[column] >= 0
        ? scanMetric(bytes, at, meanings[column])
        : scanField(bytes, at, column);
      if (at < 0) return -1;
    }
    if (bytes[at] === CR) at++;
    return bytes[at] === LF && at <= limit && addTime(line) ? at : -1;
  };
}

/** A function that reads a plain value into the row and returns where it ends, or -1. */
function createMetricScanner(
  dialect: Dialect,
  row: ReadingRow,
): (bytes: Uint8Array, start: number, meaning: ColumnMeaning) => number {
  const encoder = new TextEncoder();
  const missing = dialect.missing.filter((text) => isPlain(text, dialect))
    .map((text) => encoder.encode(text));
  const delimiter = dialect.delimiter.charCodeAt(0);
  const scanDecimal = createDecimalScanner(dialect.point);
  const scratch: Decimal = { value: 0, scale: 0 };
  const hasMissing = missing.length > 0;

  /** Where a text for a missing value ends, or -1. */
  function scanMissing(bytes: Uint8Array, start: number): number {
    for (const text of missing) {
      const end = matchEnd(bytes, start, text);
      if (end >= 0 && isFieldEnd(bytes[end], delimiter)) return end;
    }
    return -1;
  }

  return (bytes, start, meaning) => {
    const missingEnd = hasMissing ? scanMissing(bytes, start) : -1;
    if (missingEnd >= 0) {
      row.setMissing(meaning);
      return missingEnd;
    }
    const end = scanDecimal(bytes, start, scratch);
    if (end >= 0) return row.set(meaning, scratch) ? end : -1;
    row.setMissing(meaning);
    return isFieldEnd(bytes[start], delimiter) ? start : -1;
  };
}

function createValuesReader(
  { profile: { metrics }, id, dialect, oldestMs, header: { names, roles }, row }: CsvRowOptions,
): CsvRowReader["readValues"] {
  const { point, timeColumns, missing } = dialect;
  const meanings = meaningsOf(names, dialect);

  /** The rule that a value breaks, or null. */
  function readMetric(field: string, meaning: ColumnMeaning): string | null {
    row.setMissing(meaning);
    if (field === "" || missing.includes(field)) return null;
    const decimal = parseGroupedDecimal(field, dialect);
    if (decimal === null) return numberRule(field, point);
    return row.set(meaning, decimal) ? null : rangeRule(metrics[meaning.metric]);
  }

  function readField(field: string, column: number): string | null {
    const role = roles[column];
    if (role === ID && id !== null && field !== id) return `the id in the address, ${id}`;
    return role >= 0 ? readMetric(field, meanings[column]) : null;
  }

  return (values, line) => {
    const timeText = timeColumns.map((name) => values[indexOfName(names, name)]).join(" ");
    const time = readTime(dialect, timeText, oldestMs);
    const timeProblem = (rule: string) => (
      { field: timeColumns.join(" "), value: timeText, rule }
    );
    for (let column = 0; column < names.length; column++) {
      if (roles[column] === TIME && "rule" in time) return timeProblem(time.rule);
      const rule = readField(values[column], column);
      if (rule === null) continue;
      if ("time" in time) row.skipAt(time.time);
      return { field: names[column], value: values[column], rule };
    }
    if ("rule" in time || row.addAt(time.time, line)) return null;
    return timeProblem(noTimeRule(dialect, time.time));
  };
}

/** The meaning of each column. Columns that are not metrics get one that nothing uses. */
function meaningsOf(names: readonly string[], { columns }: Dialect): ColumnMeaning[] {
  return names.map((name) => columns.get(name.toLowerCase()) ?? { metric: 0, exponent: 0 });
}

function indexOfName(names: readonly string[], name: string): number {
  return names.findIndex((one) => one.toLowerCase() === name.toLowerCase());
}

/** Whether a field with this text needs no quotes. */
function isPlain(text: string, { delimiter }: Dialect): boolean {
  return !text.includes(delimiter) && !/["\r\n]/.test(text);
}

function isFieldEnd(byte: number, delimiter: number): boolean {
  return byte === delimiter || byte === LF || byte === CR;
}

/** Where a field without quotes ends, or -1. */
function plainEnd(bytes: Uint8Array, start: number, delimiter: number): number {
  let at = start;
  while (!isFieldEnd(bytes[at], delimiter)) if (bytes[at++] === QUOTE) return -1;
  return at;
}

/** Where these bytes end if they are there, or -1. */
function matchEnd(bytes: Uint8Array, start: number, text: Uint8Array): number {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return -1;
  return start + text.length;
}
