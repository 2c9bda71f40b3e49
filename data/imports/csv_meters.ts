/**
 * Reading the records of a CSV upload into the meters that they name.
 *
 * @module
 */

import { type CsvHeader, headerOf, ID } from "./csv_header.ts";
import { createDayReader, type ReadDay } from "./csv_day.ts";
import { createRowReader, type CsvRowOptions, type CsvRowReader, fieldsOf } from "./csv_row.ts";
import type { UploadOptions } from "./upload_options.ts";
import { createIdTable } from "./id_table.ts";
import { likelyMeterColumn } from "./meter_columns.ts";
import { createMeterGuard, type MeterFilter } from "./meter_filter.ts";
import type { MeterRefusal, MeterRow, MeterRows } from "./meter_rows.ts";
import type { Profile } from "../readings/profile.ts";
import type { RowProblem } from "../text/upload_reader.ts";

const LF = 10, CR = 13, QUOTE = 34;

/** Reads records into the rows of their meters. */
export interface CsvRecords {
  /** As {@link CsvRowReader.readPlain}. */
  readPlain: CsvRowReader["readPlain"];
  /** Reads any record from its text, or keeps it until its meter is known. */
  read(text: string, line: number): void;
  /** Reads the records that were kept. */
  resume(): void;
}

/** A reader of records that are all of one meter. */
export function createOneMeterRecords(
  options: CsvRowOptions,
  rows: MeterRows,
  filter: MeterFilter | null,
): CsvRecords {
  const { dialect: { delimiter }, header: { names, roles, ignored } } = options;
  const id = filter === null ? options.id : filter.wanted;
  const { readPlain, readValues } = createRecordReader({ ...options, id });
  const idIndex = roles.indexOf(ID);
  const isFiltered = filter !== null && idIndex >= 0;
  const guarded = idIndex < 0 ? likelyMeterColumn(ignored) : null;
  const guard = guarded === null ? null : createMeterGuard(guarded);
  const guardedIndex = guarded === null ? -1 : names.indexOf(guarded);
  const ids = createIdTable();
  let isMet = false;
  return {
    readPlain(bytes, start, limit, line) {
      if (isFiltered && !isMet) return -1;
      if (guard !== null && bytes[start] !== LF) {
        // Only an id that was checked is plain.
        const at = fieldStart(bytes, start, { column: guardedIndex, delimiter });
        if (at < 0 || ids.find(bytes, at, plainEnd(bytes, at, delimiter)) < 0) return -1;
      }
      return readPlain(bytes, start, limit, line);
    },
    read(text, line) {
      const reject = (problem: RowProblem) => rows.reject({ line }, problem, options.id);
      const fields = fieldsOf(text, { delimiter, count: names.length });
      if ("rule" in fields) return reject(fields);
      if (guard !== null) {
        guard.check(fields.values[guardedIndex]);
        ids.add(fields.values[guardedIndex], 0);
      }
      if (isFiltered && !filter.takes(fields.values[idIndex])) {
        return rows.leaveOut(options.id ?? "", "other meter");
      }
      isMet = true;
      readValues(fields.values, line, reject);
    },
    resume() {},
  };
}

/** A reader of records that name their meters. */
export function createMeterRecords(
  options: UploadOptions,
  header: CsvHeader,
  rows: MeterRows,
): CsvRecords {
  const { dialect: { delimiter } } = options;
  const idIndex = header.roles.indexOf(ID);
  const ids = createIdTable();
  const readers = createProfileReaders(options, header);
  let held: { text: string; line: number }[] = [];

  function read(text: string, line: number): void {
    const reject = (problem: RowProblem, meterId: string | null) =>
      rows.reject({ line }, problem, meterId);
    const fields = fieldsOf(text, { delimiter, count: header.names.length });
    if ("rule" in fields) return reject(fields, null);
    const meterId = fields.values[idIndex];
    const row = rows.of(meterId);
    if (row === null) {
      held.push({ text, line });
      return;
    }
    const refuse = ({ rule }: MeterRefusal) =>
      reject({ field: header.names[idIndex], value: meterId, rule }, meterId);
    if ("rule" in row) return refuse(row);
    const reader = readers.of(row);
    if ("rule" in reader) return refuse(reader);
    ids.add(meterId, row.meter());
    reader.readValues(fields.values, line, (problem) => reject(problem, meterId));
  }

  return {
    readPlain(bytes, start, limit, line) {
      if (bytes[start] === LF) return start;
      const at = fieldStart(bytes, start, { column: idIndex, delimiter });
      if (at < 0) return -1;
      const number = ids.find(bytes, at, plainEnd(bytes, at, delimiter));
      if (number < 0) return -1;
      const row = rows.at(number);
      const reader = "rule" in row ? row : readers.of(row);
      return "rule" in reader ? -1 : reader.readPlain(bytes, start, limit, line);
    },
    read,
    resume() {
      const records = held;
      held = [];
      for (const { text, line } of records) read(text, line);
    },
  };
}

/** The reader of records of each profile. */
function createProfileReaders(
  options: UploadOptions,
  header: CsvHeader,
): { of(row: MeterRow): RecordReader | MeterRefusal } {
  const readers = new Map<Profile, RecordReader | MeterRefusal>();
  let lastRow: MeterRow | null = null;
  let last: RecordReader | MeterRefusal = { rule: "" };

  function create(row: MeterRow): RecordReader | MeterRefusal {
    const { profile } = row;
    const dialect = options.dialectOf(profile);
    if ("rule" in dialect) return dialect;
    const own = headerOf(header, profile, dialect);
    const metrics = profile.metrics.map(({ name }) => name).join(", ");
    if (own === null) {
      return { rule: `a column for one of ${metrics}; its profile is ${profile.name}` };
    }
    return createRecordReader({ ...options, id: null, profile, dialect, header: own, row });
  }

  return {
    of(row) {
      if (row === lastRow) return last;
      last = readers.get(row.profile) ?? create(row);
      lastRow = row;
      readers.set(row.profile, last);
      return last;
    },
  };
}

/** Reads records of one profile, each a reading or a day of them. */
interface RecordReader {
  /** As {@link CsvRowReader.readPlain}. */
  readonly readPlain: CsvRowReader["readPlain"];
  /** Reads a record from its fields. */
  readonly readValues: ReadDay;
}

function createRecordReader(options: CsvRowOptions): RecordReader {
  const { dialect: { layout }, header: { day } } = options;
  const { readPlain, readValues } = createRowReader(options);
  if (layout === null || day === null) {
    return {
      readPlain,
      readValues(values, line, reject) {
        const problem = readValues(values, line);
        if (problem !== null) reject(problem);
      },
    };
  }
  return { readPlain: () => -1, readValues: createDayReader(options, day, layout.meaning) };
}

/** Where a column of a record begins; -1 if a field before it is not plain. */
function fieldStart(
  bytes: Uint8Array,
  start: number,
  { column, delimiter }: { column: number; delimiter: string },
): number {
  const end = delimiter.charCodeAt(0);
  let at = start;
  for (let index = 0; index < column; index++) {
    at = plainEnd(bytes, at, delimiter);
    if (bytes[at++] !== end) return -1;
  }
  return at;
}

/** Where a field without quotes ends. A quote ends it too, so that it does not look plain. */
function plainEnd(bytes: Uint8Array, start: number, delimiter: string): number {
  const end = delimiter.charCodeAt(0);
  let at = start;
  for (;; at++) {
    const byte = bytes[at];
    if (byte === end || byte === LF || byte === CR || byte === QUOTE) return at;
  }
}
