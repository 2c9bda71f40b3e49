/**
 * The beginning of a CSV upload: lines before the header, the header, and the first rows, as far as
 * they must show what the options leave open.
 *
 * @module
 */

import { csvFields, headerFields } from "../text/csv_fields.ts";
import { QUOTED_VALUE_MAX } from "../limits.ts";
import type { Profile } from "../readings/profile.ts";
import { type CsvHeader, ID, isHeader, namedColumns, readHeader } from "./csv_header.ts";
import type { Dialect } from "./dialect.ts";
import { FIRST_ROWS, type FirstRow, isUnseen, type SeeDialect, seeTimes } from "./first_rows.ts";

/** The header must be one of so many lines. */
export const HEADER_LINES = 60;
/** Most characters of first rows that are kept; then fewer rows must do. */
const FIRST_ROWS_CHARACTERS = 1_048_576;

/** A record of an upload. */
export interface CsvRecord {
  /** Its text, without the end of its line. */
  readonly text: string;
  /** The number of its first line, from 1. */
  readonly line: number;
}

/** The beginning of an upload. */
export interface CsvHead {
  /** The columns. */
  readonly header: CsvHeader;
  /** Completes a dialect of the upload, for any profile. */
  readonly seen: SeeDialect;
  /** The records below the header that were looked at. They are to be read. */
  readonly records: readonly CsvRecord[];
}

/** Reads the beginning of an upload. */
export interface CsvHeadReader {
  /**
   * Takes the next record. Returns the head once it is whole.
   *
   * @throws {AppError} INVALID_REQUEST if none of the first 60 lines has the columns of the dialect, or
   * if the first rows do not show what the options leave open.
   */
  take(record: CsvRecord): CsvHead | null;
  /** Returns the head of an upload that has no more records. Throws as {@link CsvHeadReader.take}. */
  end(): CsvHead;
  /** The lines before the header that have text, each cut to 100 characters. */
  preamble(): readonly string[];
}

/** A reader at the beginning of an upload. */
export function createCsvHeadReader(
  { profile, dialect }: { profile: Profile; dialect: Dialect },
): CsvHeadReader {
  const before: CsvRecord[] = [], records: CsvRecord[] = [];
  let header: CsvHeader | null = null;
  let characters = 0;

  function findHeader(record: CsvRecord): void {
    if (isHeader(record.text, profile, dialect)) {
      header = readHeader(record.text, profile, dialect, record);
      return;
    }
    if (record.text.trim() !== "") before.push(record);
    if (record.line >= HEADER_LINES) refuse();
  }

  /** Says what is wrong with the line that looks most like a header. */
  function refuse(): CsvHeader {
    const scores = before.map(({ text }) => likenessOf(text, profile, dialect));
    const { text, line } = before[scores.indexOf(Math.max(...scores))] ?? { text: "", line: 1 };
    return readHeader(text, profile, dialect, { line });
  }

  function headOf(header: CsvHeader): CsvHead {
    const rows = records.flatMap(({ text }) => rowOf(text, header, dialect));
    return { header, seen: seeTimes(dialect, rows), records };
  }

  return {
    take(record) {
      if (header === null) {
        findHeader(record);
        return header === null || isUnseen(dialect) ? null : headOf(header);
      }
      if (record.text !== "") records.push(record);
      characters += record.text.length;
      const isEnough = records.length >= FIRST_ROWS || characters >= FIRST_ROWS_CHARACTERS;
      return isEnough ? headOf(header) : null;
    },
    end: () => headOf(header ?? refuse()),
    preamble: () => before.map(({ text }) => text.trim().slice(0, QUOTED_VALUE_MAX)),
  };
}

/** The time and series of a row; none if it is not a row. */
function rowOf(
  text: string,
  { names, roles }: CsvHeader,
  { delimiter, timeColumns }: Dialect,
): FirstRow[] {
  const fields = csvFields(text, delimiter);
  if (fields === null || fields.length !== names.length) return [];
  const lower = names.map((name) => name.toLowerCase());
  const texts = timeColumns.map((name) => fields[lower.indexOf(name.toLowerCase())].trim());
  return [{ timeText: texts.join(" ").trim(), series: fields[roles.indexOf(ID)] ?? "" }];
}

/** How much a line looks like the header: by its columns with a role, then by names of columns. */
function likenessOf(text: string, profile: Profile, dialect: Dialect): number {
  const counts = [dialect.delimiter, ";", "\t", "|", ","].map((delimiter) =>
    headerFields(text, delimiter).filter((name) => /\p{L}/u.test(name)).length
  );
  return namedColumns(text, profile, dialect) * 10_000 + Math.max(...counts);
}
