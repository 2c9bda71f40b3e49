/**
 * Readings from the bytes of a JSON upload: an array of objects, or one object a line (NDJSON).
 *
 * An object that is not a reading is counted and listed; it never stops the others.
 *
 * @module
 */

import type { UploadOptions } from "./upload_options.ts";
import { createRecordSplitter } from "../text/records.ts";
import { createElementSplitter } from "../text/json_elements.ts";
import { createMeterObjects, createOneMeterObjects } from "./json_meters.ts";
import { RECORD_MAX_BYTES } from "../limits.ts";
import { createMeterRows, type MeterRows } from "./meter_rows.ts";
import type { Place } from "../text/upload_reader.ts";
import type { ManyMetersReader } from "./upload_reader.ts";

const TOO_LONG = `at most ${RECORD_MAX_BYTES} bytes`;

/** A reader of lines that are JSON objects. The first line is 1; empty lines are skipped. */
export function createNdjsonReader(options: UploadOptions): ManyMetersReader {
  const { reader, onText, onTooLong } = createTextReader(options, (line) => ({ line }));
  const splitter = createRecordSplitter({
    maxBytes: RECORD_MAX_BYTES,
    delimiter: null,
    onRecord: (bytes, { start, end }, line) => onText(bytes.subarray(start, end), line),
    onTooLong,
  });
  return {
    ...reader,
    push: splitter.push,
    end() {
      splitter.end();
      reader.close();
    },
  };
}

/** A reader of an array of JSON objects. The first one has index 0. */
export function createJsonArrayReader(options: UploadOptions): ManyMetersReader {
  const { reader, onText, onTooLong } = createTextReader(options, (index) => ({ index }));
  const splitter = createElementSplitter({
    maxBytes: RECORD_MAX_BYTES,
    mayBeEnveloped: true,
    onElement: (bytes, { start, end }, index) => onText(bytes.subarray(start, end), index),
    onTooLong,
  });
  return {
    ...reader,
    push: splitter.push,
    end() {
      splitter.end();
      reader.close();
    },
  };
}

/** What both have in common: everything except where an object ends. */
function createTextReader(options: UploadOptions, placeOf: (place: number) => Place): {
  reader: Omit<ManyMetersReader, "push" | "end"> & Pick<MeterRows, "close">;
  onText(bytes: Uint8Array, place: number): void;
  onTooLong(beginning: string, place: number): void;
} {
  const { id, dialect } = options;
  const rows = createMeterRows({
    ...dialect,
    ...options,
    placeOf,
    timeRules: () => dialect.rules,
    intervalMs: () => dialect.intervalMs ?? 0,
  });
  const target = { ...options, rows, placeOf };
  const objects = id === null ? createMeterObjects(target) : createOneMeterObjects(id, target);
  const decoder = new TextDecoder();
  return {
    reader: {
      ...rows,
      resume: objects.resume,
      placeOf,
      ignored: objects.ignored,
    },
    onText(bytes, place) {
      const text = decoder.decode(bytes).trim();
      if (text !== "") objects.read(text, place);
    },
    onTooLong: (value, place) =>
      rows.reject(placeOf(place), { field: null, value, rule: TOO_LONG }, id),
  };
}
