/**
 * Readings from the bytes of a JSON upload: an array of objects, or one object a line (NDJSON).
 *
 * An object that is not a reading is counted and listed; it never stops the others.
 *
 * @module
 */

import type { UploadOptions } from "./csv_read.ts";
import { createRecordSplitter } from "../text/records.ts";
import { createElementSplitter } from "../text/json_elements.ts";
import { createObjectReader } from "./json_row.ts";
import { RECORD_MAX_BYTES } from "../limits.ts";
import { createReadingRow } from "./reading_row.ts";
import { createRejects, type Place } from "../text/upload_reader.ts";
import type { UploadReader } from "./upload_reader.ts";

const TOO_LONG = `at most ${RECORD_MAX_BYTES} bytes`;

/** A reader of lines that are JSON objects. The first line is 1; empty lines are skipped. */
export function createNdjsonReader(options: UploadOptions): UploadReader {
  const { reader, onText, onTooLong } = createTextReader(options, (line) => ({ line }));
  const splitter = createRecordSplitter({
    maxBytes: RECORD_MAX_BYTES,
    delimiter: null,
    onRecord: (bytes, { start, end }, line) => onText(bytes.subarray(start, end), line),
    onTooLong,
  });
  return { ...reader, push: splitter.push, end: splitter.end };
}

/** A reader of an array of JSON objects. The first one has index 0. */
export function createJsonArrayReader(options: UploadOptions): UploadReader {
  const { reader, onText, onTooLong } = createTextReader(options, (index) => ({ index }));
  const splitter = createElementSplitter({
    maxBytes: RECORD_MAX_BYTES,
    onElement: (bytes, { start, end }, index) => onText(bytes.subarray(start, end), index),
    onTooLong,
  });
  return { ...reader, push: splitter.push, end: splitter.end };
}

/** What both have in common: everything except where an object ends. */
function createTextReader(options: UploadOptions, placeOf: (place: number) => Place): {
  reader: Omit<UploadReader, "push" | "end">;
  onText(bytes: Uint8Array, place: number): void;
  onTooLong(beginning: string, place: number): void;
} {
  const row = createReadingRow(options.profile, { ...options.dialect, ...options });
  const objects = createObjectReader(options, row);
  const rejects = createRejects();
  const decoder = new TextDecoder();
  return {
    reader: {
      waiting: row.waiting,
      take: row.take,
      placeOf,
      rejected: rejects.all,
      ignored: objects.ignored,
    },
    onText(bytes, place) {
      const text = decoder.decode(bytes).trim();
      const problem = text === "" ? null : objects.read(text, place);
      if (problem !== null) rejects.add(placeOf(place), problem);
    },
    onTooLong: (value, place) =>
      rejects.add(placeOf(place), { field: null, value, rule: TOO_LONG }),
  };
}
