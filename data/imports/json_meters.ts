/**
 * Reading the objects of a JSON upload into one meter, or into the meters that they name.
 *
 * @module
 */

import type { UploadOptions } from "./upload_options.ts";
import { createObjectReader, type ObjectReader, parseObject, textOf } from "./json_row.ts";
import { IGNORED_LISTED } from "../limits.ts";
import { likelyMeterColumn } from "./meter_columns.ts";
import { createMeterFilter, createMeterGuard } from "./meter_filter.ts";
import { type MeterRefusal, type MeterRow, type MeterRows, onlyRow } from "./meter_rows.ts";
import type { Profile } from "../readings/profile.ts";
import type { Place, RowProblem } from "../text/upload_reader.ts";

/** Reads objects into the rows of their meters. */
export interface JsonObjects {
  /** Reads an object from its text, or keeps it until its meter is known. */
  read(text: string, place: number): void;
  /** Reads the objects that were kept. */
  resume(): void;
  /** Says that the upload has ended. @throws {AppError} INVALID_REQUEST as a filter of meters does. */
  end(): void;
  /** Names of ignored properties; the first 100. */
  ignored(): readonly string[];
}

/** Where readings go. */
export interface JsonTarget extends UploadOptions {
  /** The readings. */
  readonly rows: MeterRows;
  /** A place as an answer shows it. */
  readonly placeOf: (place: number) => Place;
}

const NO_OBJECT = "a JSON object";

/** A reader of objects that are all of one meter. */
export function createOneMeterObjects(meterId: string, target: JsonTarget): JsonObjects {
  const { rows, placeOf, profile, dialect: { meters }, register = null } = target;
  const filter = createMeterFilter(meterId, meters, register);
  const idName = meters.name ?? profile.idColumn;
  const id = filter === null ? meterId : filter.wanted;
  const reader = createObjectReader({ ...target, id }, onlyRow(rows, meterId, profile));
  let guard: ReturnType<typeof createMeterGuard> | null | undefined = filter === null
    ? undefined
    : null;
  let guarded = "";

  /** Looks at a property that seems to name meters, by the first object. */
  function checkMeter(object: object): void {
    if (guard === undefined) {
      const isUsed = (name: string) =>
        target.dialect.columns.has(name.toLowerCase()) ||
        name.toLowerCase() === idName.toLowerCase();
      guarded = likelyMeterColumn(Object.keys(object).filter((name) => !isUsed(name))) ?? "";
      guard = guarded === "" ? null : createMeterGuard(guarded);
    }
    if (guard !== null) guard.check(idOf(object, guarded) ?? "");
  }

  return {
    read(text, place) {
      const object = parseObject(text);
      if (object !== null) checkMeter(object);
      const recordId = object === null || filter === null ? null : idOf(object, idName);
      if (recordId !== null && filter?.takes(recordId) === false) {
        return rows.leaveOut(meterId, "other meter");
      }
      const isNameless = recordId === null && meters.isRequired;
      const problem = object === null || isNameless
        ? namelessProblem(object, text, idName)
        : reader.read(object, place);
      if (problem !== null) rows.reject(placeOf(place), problem, meterId);
    },
    resume() {},
    end: () => filter?.end(),
    ignored: reader.ignored,
  };
}

/** A reader of objects that name their meters. */
export function createMeterObjects(target: JsonTarget): JsonObjects {
  const { rows, placeOf, profile: { idColumn }, dialect: { meters } } = target;
  const idName = meters.name ?? idColumn;
  const readers = new Map<Profile, ObjectReader | MeterRefusal>();
  let held: { text: string; place: number }[] = [];

  function readerOf(row: MeterRow): ObjectReader | MeterRefusal {
    const { profile } = row;
    const found = readers.get(profile);
    if (found !== undefined) return found;
    const dialect = target.dialectOf(profile);
    const reader = "rule" in dialect
      ? dialect
      : createObjectReader({ ...target, profile, dialect }, row);
    readers.set(profile, reader);
    return reader;
  }

  function readObject(object: object, meterId: string, place: number): RowProblem | null | "held" {
    const row = rows.of(meterId);
    if (row === null) return "held";
    const reader = "rule" in row ? row : readerOf(row);
    return "rule" in reader
      ? { field: idName, value: meterId, rule: reader.rule }
      : reader.read(object, place);
  }

  function read(text: string, place: number): void {
    const object = parseObject(text);
    const meterId = object === null ? null : idOf(object, idName);
    if (object === null || meterId === null) {
      return rows.reject(placeOf(place), namelessProblem(object, text, idName), null);
    }
    const problem = readObject(object, meterId, place);
    if (problem === "held") held.push({ text, place });
    else if (problem !== null) rows.reject(placeOf(place), problem, meterId);
  }

  return {
    read,
    resume() {
      const objects = held;
      held = [];
      for (const { text, place } of objects) read(text, place);
    },
    end() {},
    ignored() {
      const names = [...readers.values()].flatMap((reader) =>
        "rule" in reader ? [] : reader.ignored()
      );
      return [...new Set(names)].slice(0, IGNORED_LISTED);
    },
  };
}

/** What is wrong with a record that names no meter. */
function namelessProblem(object: object | null, text: string, idName: string): RowProblem {
  const rule = object === null
    ? NO_OBJECT
    : `the property ${idName} with the id of a meter; name another with meter=`;
  return { field: null, value: text, rule };
}

/** The id of an object: a text or a number, under its name in any case; null if there is none. */
export function idOf(object: object, idName: string): string | null {
  for (const [name, value] of Object.entries(object)) {
    const isId = name.toLowerCase() === idName.toLowerCase();
    if (isId && (typeof value === "string" || typeof value === "number")) {
      return textOf(value).trim();
    }
  }
  return null;
}
