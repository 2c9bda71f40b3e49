/**
 * Readings from the bytes of a JSON upload: an array of objects, or one object a line (NDJSON).
 *
 * An object that is not a reading is counted and listed; it never stops the others.
 *
 * @module
 */

import { type UploadOptions, withSeen } from "./upload_options.ts";
import { createRecordSplitter } from "../text/records.ts";
import { createElementSplitter } from "../text/json_elements.ts";
import { FIRST_ROWS, type FirstRow, isUnseen, type SeeDialect, seeTimes } from "./first_rows.ts";
import {
  createMeterObjects,
  createOneMeterObjects,
  idOf,
  type JsonObjects,
} from "./json_meters.ts";
import { parseObject, timeTextOf } from "./json_row.ts";
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
  const { id } = options;
  let { dialect } = options;
  const rows = createMeterRows({
    ...dialect,
    ...options,
    placeOf,
    timeRules: () => dialect.rules,
    intervalMs: () => dialect.intervalMs ?? 0,
  });
  const decoder = new TextDecoder();
  const first: FirstObject[] = [];
  let objects = isUnseen(dialect) ? null : objectsOf((dialect) => dialect);

  function objectsOf(seen: SeeDialect): JsonObjects {
    dialect = seen(dialect);
    const target = { ...withSeen(options, seen), rows, placeOf };
    return id === null ? createMeterObjects(target) : createOneMeterObjects(id, target);
  }

  /** Reads the first objects, once they are enough to show what the options leave open. */
  function begin(): void {
    const started = objectsOf(seeTimes(dialect, firstRows(first, options)));
    for (const { text, place } of first) started.read(text, place);
    objects = started;
  }

  return {
    reader: {
      ...rows,
      resume: () => objects?.resume(),
      placeOf,
      ignored: () => objects?.ignored() ?? [],
      close() {
        if (objects === null) begin();
        objects?.end();
        rows.close();
      },
    },
    onText(bytes, place) {
      const text = decoder.decode(bytes).trim();
      if (text === "") return;
      if (objects !== null) return objects.read(text, place);
      if (first.push({ text, place }) >= FIRST_ROWS) begin();
    },
    onTooLong: (value, place) =>
      rows.reject(placeOf(place), { field: null, value, rule: TOO_LONG }, id),
  };
}

/** The text of an object, and its place. */
interface FirstObject {
  readonly text: string;
  readonly place: number;
}

/** The times of objects, each with its meter. */
function firstRows(
  objects: readonly FirstObject[],
  { profile, dialect: { timeColumns, meters } }: UploadOptions,
): FirstRow[] {
  const timeNames = timeColumns.map((name) => name.toLowerCase());
  const idName = meters.name ?? profile.idColumn;
  return objects.flatMap(({ text }) => {
    const object = parseObject(text);
    const timeText = object === null ? null : timeTextOf(object, timeNames);
    if (object === null || timeText === null) return [];
    return [{ timeText, series: idOf(object, idName) ?? "" }];
  });
}
