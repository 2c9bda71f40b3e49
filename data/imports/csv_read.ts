/**
 * Readings from the bytes of a CSV upload (RFC 4180; LF or CRLF; columns by header name).
 *
 * A record of plain fields is read straight from its bytes. Any other one (quotes, spaces, an
 * exponent, a wrong value) is cut into fields and looked at again, which also finds what to say
 * about it. A record that is no reading is counted and told; it never stops the others.
 *
 * @module
 */

import { type CsvHeader, readHeader } from "./csv_header.ts";
import { wrongHeader } from "../text/wrong_header.ts";
import { createRecordSplitter } from "../text/records.ts";
import { createRowReader, type CsvRowReader } from "./csv_row.ts";
import type { Dialect } from "./dialect.ts";
import { IGNORED_LISTED, RECORD_MAX_BYTES } from "../limits.ts";
import { createPageBuilder } from "../readings/page_builder.ts";
import type { Profile } from "../readings/profile.ts";
import { createReadingRow } from "./reading_row.ts";
import { createRejects, type UploadReader } from "../text/upload_reader.ts";

const CR = 13;
const TOO_LONG = `at most ${RECORD_MAX_BYTES} bytes`;

/** What an upload is read with. */
export interface UploadOptions {
  /** What the series measures. */
  readonly profile: Profile;
  /** The id of the series. */
  readonly id: string;
  /** How the upload writes readings. */
  readonly dialect: Dialect;
}

/** A reader of the readings of one series. The header is line 1. */
export function createCsvReader({ profile, id, dialect }: UploadOptions): UploadReader {
  const builder = createPageBuilder(profile.metrics.length);
  const row = createReadingRow(profile, { derivation: dialect.derivation, builder });
  const decoder = new TextDecoder();
  const rejects = createRejects();
  let header: CsvHeader | null = null;
  let records: CsvRowReader | null = null;

  function onRecord(bytes: Uint8Array, range: { start: number; end: number }, line: number): void {
    const { start } = range;
    const end = range.end > start && bytes[range.end - 1] === CR ? range.end - 1 : range.end;
    const text = decoder.decode(bytes.subarray(start, end));
    if (records === null) {
      header = readHeader(text, profile, dialect);
      records = createRowReader({ profile, id, dialect, header, row });
    } else if (text !== "") {
      const problem = records.readFields(text);
      if (problem !== null) rejects.add({ line }, problem);
    }
  }

  const splitter = createRecordSplitter({
    maxBytes: RECORD_MAX_BYTES,
    delimiter: dialect.delimiter,
    readPlain: (bytes, start, limit) => records?.readPlain(bytes, start, limit) ?? -1,
    onRecord,
    onTooLong(value, line) {
      if (records === null) {
        throw wrongHeader(value, [[`The header must have ${TOO_LONG}`, TOO_LONG]]);
      }
      rejects.add({ line }, { field: null, value, rule: TOO_LONG });
    },
  });

  return {
    push: splitter.push,
    end() {
      splitter.end();
      // An upload without a byte has an empty header.
      if (records === null) readHeader("", profile, dialect);
    },
    waiting: builder.length,
    take: builder.take,
    rejected: rejects.all,
    ignored: () => header?.ignored.slice(0, IGNORED_LISTED) ?? [],
  };
}
