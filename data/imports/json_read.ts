/**
 * Readings from the bytes of a JSON upload: an array of objects, or one object a line (NDJSON).
 *
 * An object that is no reading is counted and told; it never stops the others.
 *
 * @module
 */

import type { UploadOptions } from "./csv_read.ts";
import { createRecordSplitter } from "../text/records.ts";
import { createElementSplitter } from "../text/json_elements.ts";
import { createObjectReader } from "./json_row.ts";
import { RECORD_MAX_BYTES } from "../limits.ts";
import { createPageBuilder } from "../readings/page_builder.ts";
import { createReadingRow } from "./reading_row.ts";
import { createRejects, type Place, type UploadReader } from "../text/upload_reader.ts";

const TOO_LONG = `at most ${RECORD_MAX_BYTES} bytes`;

/** A reader of lines that are JSON objects. The first line is 1; empty ones are passed over. */
export function createNdjsonReader(options: UploadOptions): UploadReader {
  const { reader, onText, onTooLong } = createTextReader(options);
  const splitter = createRecordSplitter({
    maxBytes: RECORD_MAX_BYTES,
    delimiter: null,
    onRecord: (bytes, { start, end }, line) => onText(bytes.subarray(start, end), { line }),
    onTooLong: (text, line) => onTooLong(text, { line }),
  });
  return { ...reader, push: splitter.push, end: splitter.end };
}

/** A reader of an array of JSON objects. The first one has index 0. */
export function createJsonArrayReader(options: UploadOptions): UploadReader {
  const { reader, onText, onTooLong } = createTextReader(options);
  const splitter = createElementSplitter({
    maxBytes: RECORD_MAX_BYTES,
    onElement: (bytes, { start, end }, index) => onText(bytes.subarray(start, end), { index }),
    onTooLong: (text, index) => onTooLong(text, { index }),
  });
  return { ...reader, push: splitter.push, end: splitter.end };
}

/** What both have in common: everything but where one object ends. */
function createTextReader(options: UploadOptions): {
  reader: Omit<UploadReader, "push" | "end">;
  onText(bytes: Uint8Array, place: Place): void;
  onTooLong(text: string, place: Place): void;
} {
  const { profile, dialect: { derivation } } = options;
  const builder = createPageBuilder(profile.metrics.length);
  const objects = createObjectReader(options, createReadingRow(profile, { derivation, builder }));
  const rejects = createRejects();
  const decoder = new TextDecoder();
  return {
    reader: {
      waiting: builder.length,
      take: builder.take,
      rejected: rejects.all,
      ignored: objects.ignored,
    },
    onText(bytes, place) {
      const text = decoder.decode(bytes).trim();
      const problem = text === "" ? null : objects.read(text);
      if (problem !== null) rejects.add(place, problem);
    },
    onTooLong: (value, place) => rejects.add(place, { field: null, value, rule: TOO_LONG }),
  };
}
