/**
 * Readings from the bytes of a CSV upload (RFC 4180; LF or CRLF; columns by header name).
 *
 * A record of plain fields is read directly from its bytes. Any other record (quotes, spaces, an
 * exponent, a wrong value) is cut into fields and read again, which also finds what is wrong with it.
 * A record that is not a reading is counted and listed; it never stops the others.
 *
 * @module
 */

import { dayDialect } from "./csv_day.ts";
import type { SeeDialect } from "./first_rows.ts";
import { createCsvHeadReader, type CsvHead } from "./csv_head.ts";
import type { CsvHeader } from "./csv_header.ts";
import { wrongHeader } from "../text/wrong_header.ts";
import { createRecordSplitter } from "../text/records.ts";
import { createMeterRecords, createOneMeterRecords, type CsvRecords } from "./csv_meters.ts";
import { IGNORED_LISTED, RECORD_MAX_BYTES } from "../limits.ts";
import { createMeterFilter } from "./meter_filter.ts";
import { createTranscoder } from "../text/transcode.ts";
import { leftOutColumns } from "./left_out.ts";
import { createMeterRows, onlyRow } from "./meter_rows.ts";
import { type UploadOptions, withSeen } from "./upload_options.ts";
import type { ManyMetersReader } from "./upload_reader.ts";

const CR = 13;
const TOO_LONG = `at most ${RECORD_MAX_BYTES} bytes`;

/** A reader of the readings of one meter or many. */
export function createCsvReader(options: UploadOptions): ManyMetersReader {
  const { profile, id } = options;
  let { dialect } = options;
  const rows = createMeterRows({
    ...dialect,
    ...options,
    timeRules: () => dialect.rules,
    intervalMs: () => dialect.intervalMs ?? 0,
  });
  const row = id === null ? null : onlyRow(rows, id, profile);
  const filter = id === null
    ? null
    : createMeterFilter(id, dialect.meters, options.register ?? null);
  const decoder = new TextDecoder();
  const beginning = createCsvHeadReader({ profile, dialect });
  let header: CsvHeader | null = null;
  let records: CsvRecords | null = null;

  function begin({ header: found, seen: seenInRows, records: first }: CsvHead): void {
    header = found;
    const { day } = found;
    const seen: SeeDialect = day === null
      ? seenInRows
      : (dialect) => dayDialect(seenInRows(dialect), day);
    dialect = seen(dialect);
    records = row === null
      ? createMeterRecords(withSeen(options, seen), header, rows)
      : createOneMeterRecords({ ...options, dialect, header, row }, rows, filter);
    for (const { text, line } of first) if (text !== "") records.read(text, line);
  }

  function onRecord(bytes: Uint8Array, range: { start: number; end: number }, line: number): void {
    const { start } = range;
    const end = range.end > start && bytes[range.end - 1] === CR ? range.end - 1 : range.end;
    const text = decoder.decode(bytes.subarray(start, end));
    if (records === null) {
      const head = beginning.take({ text, line });
      if (head !== null) begin(head);
    } else if (text !== "") records.read(text, line);
  }

  const splitter = createRecordSplitter({
    maxBytes: RECORD_MAX_BYTES,
    delimiter: dialect.delimiter,
    readPlain: (bytes, start, limit, line) => records?.readPlain(bytes, start, limit, line) ?? -1,
    onRecord,
    onTooLong(value, line) {
      if (header === null) {
        throw wrongHeader(value, [[`The header must have ${TOO_LONG}`, TOO_LONG]], line);
      }
      rows.reject({ line }, { field: null, value, rule: TOO_LONG }, id);
    },
  });
  const text = createTranscoder(dialect.encoding, splitter.push);

  return {
    ...rows,
    resume: () => records?.resume(),
    push: text.push,
    end() {
      text.end();
      splitter.end();
      if (records === null) begin(beginning.end());
      filter?.end();
      rows.close();
    },
    placeOf: (line) => ({ line }),
    ignored: () => header?.ignored.slice(0, IGNORED_LISTED) ?? [],
    preamble: beginning.preamble,
    leftOut: () => leftOutColumns(header?.ignored ?? [], profile),
  };
}
