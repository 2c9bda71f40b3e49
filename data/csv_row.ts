/**
 * One record of a CSV upload as a reading: fast from its bytes, or field by field.
 *
 * @module
 */

import { createTimeScanner, type Decimal, parseDecimal, scanDecimal } from "./csv_fields.ts";
import { type CsvHeader, ID, TIME } from "./csv_header.ts";
import { toNumber } from "./decimal.ts";
import { END_OF_TIME_MS, FIRST_TIME_MS } from "./limits.ts";
import type { PageBuilder } from "./page_builder.ts";
import type { Metric, Profile } from "./profile.ts";
import { parse } from "./std_csv.ts";
import { parseInstant } from "./time_text.ts";

const COMMA = 44, QUOTE = 34;
const TIME_BYTES = 20;

/** What is wrong with a record. */
export interface RowProblem {
  /** The column that is wrong, or null where the whole record is. */
  readonly field: string | null;
  /** What stands there. */
  readonly value: string;
  /** The rule that it breaks. */
  readonly rule: string;
}

/** Reads records into a page. */
export interface CsvRowReader {
  /**
   * Reads a record of plain fields from its bytes; `bytes[end]` may be read. False, and nothing is
   * taken, where anything about it needs a second look.
   */
  readPlain(bytes: Uint8Array, start: number, end: number): boolean;
  /** Reads any record from its text, or tells what is wrong with it. */
  readFields(text: string): RowProblem | null;
}

/** A reader of the records under a header, which adds them to a page. */
export function createRowReader(
  { profile, id, header, builder }: {
    profile: Profile;
    id: string;
    header: CsvHeader;
    builder: PageBuilder;
  },
): CsvRowReader {
  const { metrics } = profile;
  const { names, roles } = header;
  const times = createTimeScanner();
  // Metrics that have no column stay missing.
  const values = new Float64Array(metrics.length).fill(NaN);
  const scales = new Int8Array(metrics.length);
  const idBytes = new TextEncoder().encode(id);
  const scratch: Decimal = { value: 0, scale: 0 };
  let timeMs = -1;

  /** Reads a plain field and returns where it ends, or -1 where it is not that plain. */
  function scanField(bytes: Uint8Array, start: number, role: number): number {
    if (role === TIME) {
      timeMs = times.scan(bytes, start);
      return timeMs < 0 ? -1 : start + TIME_BYTES;
    }
    if (role === ID) return matchEnd(bytes, start, idBytes);
    return role >= 0 ? scanMetric(bytes, start, role) : plainEnd(bytes, start);
  }

  function scanMetric(bytes: Uint8Array, start: number, index: number): number {
    const end = scanDecimal(bytes, start, scratch);
    if (end < 0) {
      values[index] = NaN;
      return isFieldEnd(bytes, start) ? start : -1;
    }
    values[index] = scratch.value;
    scales[index] = scratch.scale;
    return isWithin(metrics[index], scratch) ? end : -1;
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

  /** The rule that a field breaks, or null. */
  function readField(field: string, role: number): string | null {
    if (role === TIME) {
      timeMs = parseInstant(field) ?? NaN;
      return timeRule(timeMs);
    }
    if (role === ID) return field === id ? null : `the id in the address, ${id}`;
    return role >= 0 ? readMetric(field, role) : null;
  }

  return {
    readPlain(bytes, start, end) {
      let at = start;
      for (let column = 0; column < roles.length; column++) {
        at = scanField(bytes, at, roles[column]);
        if (at < 0) return false;
        if (column + 1 < roles.length ? bytes[at++] !== COMMA : at !== end) return false;
      }
      builder.add(timeMs, values, scales);
      return true;
    },
    readFields(text) {
      const fields = text.includes('"') ? quotedFields(text) : text.split(",");
      if (fields === null) {
        return { field: null, value: text, rule: "quotes closed as in RFC 4180" };
      }
      if (fields.length !== names.length) {
        const rule = `${names.length} fields, found ${fields.length}`;
        return { field: null, value: text, rule };
      }
      for (let column = 0; column < roles.length; column++) {
        const value = fields[column].trim();
        const rule = readField(value, roles[column]);
        if (rule !== null) return { field: names[column], value, rule };
      }
      builder.add(timeMs, values, scales);
      return null;
    },
  };
}

function isWithin(metric: Metric, { value, scale }: Decimal): boolean {
  const number = toNumber(value, scale);
  return number >= metric.min && number <= metric.max;
}

function isFieldEnd(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at];
  return byte === COMMA || byte === 10 || byte === 13 || byte === undefined;
}

/** Where a field ends that holds just these bytes, or -1. */
function matchEnd(bytes: Uint8Array, start: number, wanted: Uint8Array): number {
  for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return -1;
  return start + wanted.length;
}

/** Where a field without quotes ends, or -1. */
function plainEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (!isFieldEnd(bytes, at)) if (bytes[at++] === QUOTE) return -1;
  return at;
}

function timeRule(timeMs: number): string | null {
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
