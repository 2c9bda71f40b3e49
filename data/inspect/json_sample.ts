/**
 * What a JSON array or NDJSON shows about itself. Its properties are looked at as columns are.
 *
 * @module
 */

import { type ContentKind, listIn } from "./content_kind.ts";
import type { Inspection } from "./inspection.ts";
import { inspectRows } from "./table_inspection.ts";
import type { TableSample } from "./table_sample.ts";

/** Objects that are looked at. */
const OBJECTS_MAX = 2_000;
/** Objects by which the properties are known. */
const NAMED_OBJECTS = 100;
const NAMES_MAX = 200;

/** What readings as JSON objects are. The text may be cut off. */
export function inspectJson(text: string, kind: ContentKind): Inspection {
  const objects = kind.format === "json" ? arrayObjects(text) : lineObjects(text);
  return inspectRows(tableOf(objects), kind);
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Objects as rows of a table, with a column for each property. */
function tableOf(objects: readonly JsonObject[]): TableSample {
  const names = [...new Set(objects.slice(0, NAMED_OBJECTS).flatMap(Object.keys))]
    .slice(0, NAMES_MAX);
  return {
    delimiter: ",",
    header: { line: 1, fields: names },
    units: null,
    preamble: [],
    rows: objects.map((object, index) => ({
      line: index,
      fields: names.map((name) => textOf(object[name])),
    })),
    oddRows: [],
    isCut: true,
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function lineObjects(text: string): JsonObject[] {
  return text.split("\n", OBJECTS_MAX).flatMap((line) => objectOf(line.trim()));
}

/** The objects of an array, up to where the text is cut off. */
function arrayObjects(text: string): JsonObject[] {
  const list = text.trimStart().startsWith("{") ? listIn(text) : text.slice(text.indexOf("[") + 1);
  return objectsOf(list ?? "");
}

/** The objects of a list that may be cut off, up to the bracket that closes it. */
function objectsOf(text: string): JsonObject[] {
  const objects: JsonObject[] = [];
  let depth = 0, start = 0, isString = false;
  for (let at = 0; at < text.length && objects.length < OBJECTS_MAX; at++) {
    const char = text[at];
    if (isString) {
      if (char === "\\") at++;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === "]" && depth === 0) break;
    else if (char === "{" && depth++ === 0) start = at;
    else if (char === "}" && --depth === 0) objects.push(...objectOf(text.slice(start, at + 1)));
  }
  return objects;
}

function objectOf(text: string): JsonObject[] {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    // Anything with properties can be read by them.
    return isObject ? [value as JsonObject] : [];
  } catch {
    return [];
  }
}
