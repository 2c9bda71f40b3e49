/**
 * Readings from the bytes of a CSV upload (RFC 4180; LF or CRLF; columns by header name).
 *
 * A record of plain fields is read directly from its bytes. Any other record (quotes, spaces, an
 * exponent, a wrong value) is cut into fields and read again, which also finds what is wrong with it.
 * A record that is not a reading is counted and listed; it never stops the others.
 *
 * @module
 */

import { type CsvHeader, readHeader } from "./csv_header.ts";
import { wrongHeader } from "../text/wrong_header.ts";
import { createRecordSplitter } from "../text/records.ts";
import { createMeterRecords, createOneMeterRecords, type CsvRecords } from "./csv_meters.ts";
import { IGNORED_LISTED, RECORD_MAX_BYTES } from "../limits.ts";
import { createMeterRows, onlyRow } from "./meter_rows.ts";
import type { UploadOptions } from "./upload_options.ts";
import type { ManyMetersReader } from "./upload_reader.ts";

const CR = 13;
const TOO_LONG = `at most ${RECORD_MAX_BYTES} bytes`;

/** A reader of the readings of one meter or many. The header is line 1. */
export function createCsvReader(options: UploadOptions): ManyMetersReader {
  const { profile, id, dialect } = options;
  const rows = createMeterRows({ ...dialect, ...options });
  const row = id === null ? null : onlyRow(rows, id, profile);
  const decoder = new TextDecoder();
  let header: CsvHeader | null = null;
  let records: CsvRecords | null = null;

  function onRecord(bytes: Uint8Array, range: { start: number; end: number }, line: number): void {
    const { start } = range;
    const end = range.end > start && bytes[range.end - 1] === CR ? range.end - 1 : range.end;
    const text = decoder.decode(bytes.subarray(start, end));
    if (records === null) {
      header = readHeader(text, profile, dialect);
      records = row === null
        ? createMeterRecords(options, header, rows)
        : createOneMeterRecords({ ...options, header, row }, rows);
    } else if (text !== "") records.read(text, line);
  }

  const splitter = createRecordSplitter({
    maxBytes: RECORD_MAX_BYTES,
    delimiter: dialect.delimiter,
    readPlain: (bytes, start, limit, line) => records?.readPlain(bytes, start, limit, line) ?? -1,
    onRecord,
    onTooLong(value, line) {
      if (records === null) {
        throw wrongHeader(value, [[`The header must have ${TOO_LONG}`, TOO_LONG]]);
      }
      rows.reject({ line }, { field: null, value, rule: TOO_LONG }, id);
    },
  });

  return {
    push: splitter.push,
    end() {
      splitter.end();
      // An empty upload has an empty header.
      if (records === null) readHeader("", profile, dialect);
    },
    ...rows,
    resume: () => records?.resume(),
    placeOf: (line) => ({ line }),
    ignored: () => header?.ignored.slice(0, IGNORED_LISTED) ?? [],
  };
}
