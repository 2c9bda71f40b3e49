/**
 * Readings from the bytes of a CSV upload (RFC 4180; LF or CRLF; columns by header name).
 *
 * A record of plain fields is read straight from its bytes. Any other one (quotes, an offset in the
 * time, an exponent, a wrong value) is cut into fields and looked at again, which also finds what
 * to say about it. A record that is no reading is counted and told; it never stops the others.
 *
 * @module
 */

import { AppError } from "./app_error.ts";
import { createTimeScanner, type Decimal, parseDecimal, scanDecimal } from "./csv_fields.ts";
import { type CsvHeader, ID, readHeader, TIME } from "./csv_header.ts";
import { createRecordSplitter } from "./csv_records.ts";
import { toNumber } from "./decimal.ts";
import {
  CSV_RECORD_MAX_BYTES,
  END_OF_TIME_MS,
  FIRST_TIME_MS,
  QUOTED_VALUE_MAX,
  REJECTS_LISTED,
} from "./limits.ts";
import type { Page } from "./page.ts";
import { createPageBuilder } from "./page_builder.ts";
import type { Metric, Profile } from "./profile.ts";
import { parse } from "./std_csv.ts";
import { parseInstant } from "./time_text.ts";

const COMMA = 44, LF = 10, CR = 13, QUOTE = 34;

/** A record that was not taken. */
export interface Reject {
  /** Its line in the upload; the header is line 1. */
  readonly line: number;
  /** The column that is wrong, or null where the whole record is. */
  readonly field: string | null;
  /** What stood there, shortened to 100 characters. */
  readonly value: string;
  /** The rule that it breaks. */
  readonly rule: string;
}

/** Reads one upload, chunk by chunk. */
export interface CsvReader {
  /** Reads what a chunk completes. Throws AppError INVALID_REQUEST where the header is wrong. */
  push(chunk: Uint8Array): void;
  /** Reads the last record, which may lack its line end. Throws as {@link CsvReader.push} does. */
  end(): void;
  /** How many readings wait to be taken. */
  waiting(): number;
  /** The readings since the call before, in the order of the upload. */
  take(): Page;
  /** How many records were not taken so far, and the first 100 of them. */
  rejected(): { readonly count: number; readonly first: readonly Reject[] };
  /** Columns of the upload that mean nothing here. */
  ignoredColumns(): readonly string[];
}

/** A reader of the readings of one series. */
export function createCsvReader(profile: Profile, id: string): CsvReader {
  const { metrics } = profile;
  const builder = createPageBuilder(metrics.length, 16_384);
  const times = createTimeScanner();
  const values = new Float64Array(metrics.length);
  const scales = new Int8Array(metrics.length);
  const idBytes = new TextEncoder().encode(id);
  const scratch: Decimal = { value: 0, scale: 0 };
  const decoder = new TextDecoder("utf-8");
  const rejects: Reject[] = [];
  let rejectCount = 0;
  let header: CsvHeader | null = null;
  let isFirstRecord = true;

  function reject(line: number, field: string | null, [value, rule]: [string, string]): void {
    rejectCount++;
    if (rejects.length >= REJECTS_LISTED) return;
    rejects.push({ line, field, value: value.slice(0, QUOTED_VALUE_MAX), rule });
  }

  /** Reads a record of plain fields; false where anything about it needs a second look. */
  function readPlain(
    bytes: Uint8Array,
    start: number,
    end: number,
    roles: readonly number[],
  ): boolean {
    let at = start;
    let timeMs = -1;
    for (let column = 0; column < roles.length; column++) {
      const role = roles[column];
      if (role >= 0) {
        if (bytes[at] === COMMA || at === end) values[role] = NaN;
        else {
          at = scanDecimal(bytes, at, scratch);
          if (at < 0 || !isWithin(metrics[role], scratch)) return false;
          values[role] = scratch.value;
          scales[role] = scratch.scale;
        }
      } else if (role === TIME) {
        timeMs = times.scan(bytes, at);
        if (timeMs < 0) return false;
        at += 20;
      } else if (role === ID) {
        for (let i = 0; i < idBytes.length; i++) if (bytes[at + i] !== idBytes[i]) return false;
        at += idBytes.length;
      } else {
        while (at < end && bytes[at] !== COMMA) if (bytes[at++] === QUOTE) return false;
      }
      if (column + 1 < roles.length ? bytes[at++] !== COMMA : at !== end) return false;
    }
    builder.add(timeMs, values, scales);
    return true;
  }

  function readFields(text: string, line: number, { names, roles }: CsvHeader): void {
    const fields = text.includes('"') ? quotedFields(text) : text.split(",");
    if (fields === null) return reject(line, null, [text, "quotes closed as in RFC 4180"]);
    if (fields.length !== names.length) {
      return reject(line, null, [text, `${names.length} fields, found ${fields.length}`]);
    }
    let timeMs = NaN;
    for (const [column, role] of roles.entries()) {
      const field = fields[column].trim();
      const problem = role === TIME
        ? timeProblem(timeMs = parseInstant(field) ?? NaN)
        : role === ID
        ? (field === id ? null : `the id in the address, ${id}`)
        : role >= 0
        ? readMetric(field, role)
        : null;
      if (problem !== null) return reject(line, names[column], [field, problem]);
    }
    builder.add(timeMs, values, scales);
  }

  function readMetric(field: string, index: number): string | null {
    const metric = metrics[index];
    values[index] = NaN;
    if (field === "") return null;
    const decimal = parseDecimal(field);
    if (decimal === null) return "a decimal number with a point";
    if (!isWithin(metric, decimal)) return `${metric.min} to ${metric.max} ${metric.unit}`;
    values[index] = decimal.value;
    scales[index] = decimal.scale;
    return null;
  }

  function readRecord(
    bytes: Uint8Array,
    range: { start: number; end: number },
    line: number,
  ): void {
    const { start } = range;
    const end = range.end > start && bytes[range.end - 1] === CR ? range.end - 1 : range.end;
    if (isFirstRecord) {
      isFirstRecord = false;
      header = readHeader(decoder.decode(bytes.subarray(start, end)), profile);
      values.fill(NaN);
      return;
    }
    if (header === null || start === end) return;
    if (readPlain(bytes, start, end, header.roles)) return;
    readFields(decoder.decode(bytes.subarray(start, end)), line, header);
  }

  const splitter = createRecordSplitter({
    maxBytes: CSV_RECORD_MAX_BYTES,
    onRecord: readRecord,
    onTooLong(text, line) {
      if (isFirstRecord) throw longHeader(text);
      reject(line, null, [text, `at most ${CSV_RECORD_MAX_BYTES} bytes`]);
    },
  });

  return {
    push: (chunk) => splitter.push(chunk),
    end() {
      splitter.end();
      if (isFirstRecord) readRecord(new Uint8Array([LF]), { start: 0, end: 0 }, 1);
    },
    waiting: () => builder.length(),
    take: () => builder.take(),
    rejected: () => ({ count: rejectCount, first: rejects }),
    ignoredColumns: () => header?.ignored ?? [],
  };
}

function longHeader(text: string): AppError {
  const detail = `The header must have at most ${CSV_RECORD_MAX_BYTES} bytes`;
  const value = text.slice(0, QUOTED_VALUE_MAX);
  return new AppError("INVALID_REQUEST", detail, {
    errors: [{ pointer: "#line=1", detail, value, rule: `at most ${CSV_RECORD_MAX_BYTES} bytes` }],
  });
}

function isWithin(metric: Metric, { value, scale }: Decimal): boolean {
  const number = toNumber(value, scale);
  return number >= metric.min && number <= metric.max;
}

function timeProblem(timeMs: number): string | null {
  if (timeMs !== timeMs) return "a date and time as in ISO 8601";
  const isInside = timeMs >= FIRST_TIME_MS && timeMs < END_OF_TIME_MS;
  return isInside ? null : "a time of the years 1970 to 9999";
}

function quotedFields(text: string): string[] | null {
  try {
    const records = parse(text);
    return records.length === 1 ? records[0] : null;
  } catch {
    return null;
  }
}
