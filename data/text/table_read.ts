/**
 * Rows from the bytes of a CSV table with a header (RFC 4180; LF or CRLF; commas).
 *
 * A wrong row is counted and listed; it never stops the others.
 *
 * @module
 */

import { csvFields } from "./csv_fields.ts";
import { wrongHeader } from "./wrong_header.ts";
import { IGNORED_LISTED, RECORD_MAX_BYTES } from "../limits.ts";
import { createRecordSplitter } from "./records.ts";
import { readTableHeader, type TableColumn, type TableHeader } from "./table_header.ts";
import { createRejects, type RecordReader, type RowProblem } from "./upload_reader.ts";

const CR = 13;
const TOO_LONG = `at most ${RECORD_MAX_BYTES} bytes`;

/** Reads the rows of a table. */
export interface TableRows {
  /** Reads a plain record from its bytes, like `RecordHandlers.readPlain` in `data/text/records.ts`. */
  readPlain?(bytes: Uint8Array, start: number, limit: number): number;
  /** Reads the trimmed texts of the required columns, in their order; returns what is wrong. */
  readFields(texts: readonly string[]): RowProblem | null;
}

/** How to read a table. */
export interface TableOptions {
  /** The columns that it must have. */
  readonly columns: readonly TableColumn[];
  /** Creates the reader of the rows below a header. */
  readonly createRows: (header: TableHeader) => TableRows;
}

/** A reader of a table. The header is line 1. */
export function createTableReader({ columns, createRows }: TableOptions): RecordReader {
  const decoder = new TextDecoder();
  const rejects = createRejects();
  let header: TableHeader | null = null;
  let rows: TableRows | null = null;
  let readPlain: TableRows["readPlain"];

  function readHeader(text: string): TableRows {
    header = readTableHeader(text, columns);
    rows = createRows(header);
    readPlain = rows.readPlain;
    return rows;
  }

  function readRow(
    text: string,
    { readFields }: TableRows,
    places: readonly number[],
  ): RowProblem | null {
    const fields = csvFields(text, ",");
    if (fields === null) {
      return { field: null, value: text, rule: "quotes closed as in RFC 4180" };
    }
    const width = header?.roles.length ?? 0;
    if (fields.length !== width) {
      return { field: null, value: text, rule: `${width} fields, found ${fields.length}` };
    }
    return readFields(places.map((place) => fields[place].trim()));
  }

  const splitter = createRecordSplitter({
    maxBytes: RECORD_MAX_BYTES,
    delimiter: ",",
    readPlain: (bytes, start, limit) => readPlain?.(bytes, start, limit) ?? -1,
    onRecord(bytes, range, line) {
      const { start } = range;
      const end = range.end > start && bytes[range.end - 1] === CR ? range.end - 1 : range.end;
      const text = decoder.decode(bytes.subarray(start, end));
      if (rows === null || header === null) readHeader(text);
      else if (text !== "") {
        const problem = readRow(text, rows, header.places);
        if (problem !== null) rejects.add({ line }, problem);
      }
    },
    onTooLong(value, line) {
      if (rows === null) throw wrongHeader(value, [[`The header must have ${TOO_LONG}`, TOO_LONG]]);
      rejects.add({ line }, { field: null, value, rule: TOO_LONG });
    },
  });

  return {
    push: splitter.push,
    end() {
      splitter.end();
      // An empty upload has an empty header.
      if (rows === null) readHeader("");
    },
    rejected: rejects.all,
    ignored: () => header?.ignored.slice(0, IGNORED_LISTED) ?? [],
  };
}
