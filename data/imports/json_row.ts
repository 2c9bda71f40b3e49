/**
 * One JSON object of an upload as a reading: `{"timestamp":"…","power_kw":1.5}`.
 *
 * @module
 */

import type { UploadOptions } from "./upload_options.ts";
import { type Decimal, parseDecimal } from "../text/decimal_fields.ts";
import { FLOAT } from "../readings/decimal.ts";
import type { ColumnMeaning } from "./dialect.ts";
import { IGNORED_LISTED, QUOTED_VALUE_MAX } from "../limits.ts";
import { rangeRule, type ReadingRow } from "./reading_row.ts";
import type { RowProblem } from "../text/upload_reader.ts";
import type { WallTime } from "../time/time_text.ts";
import { noTimeRule, readTime } from "./upload_time.ts";

/** Reads objects into a page. */
export interface ObjectReader {
  /** Reads the object at a line or index; returns what is wrong with it. */
  read(object: object, place: number): RowProblem | null;
  /** Names of ignored properties; the first 100. */
  ignored(): readonly string[];
}

/** What a property is. */
type Role = "time" | "id" | "ignored" | ColumnMeaning;

/** A reader of objects. Their properties go by the names of the dialect, in any case. */
export function createObjectReader(
  { profile: { metrics, idColumn }, id, dialect, oldestMs }: UploadOptions,
  row: ReadingRow,
): ObjectReader {
  const timeNames = dialect.timeColumns.map((name) => name.toLowerCase());
  const idName = (dialect.meters.name ?? idColumn).toLowerCase();
  const timeField = dialect.timeColumns.join(" ");
  const plainNames = [...dialect.columns.keys()]
    .filter((name) => !dialect.required.some((column) => column.toLowerCase() === name));
  const anyMetric = `at least one of ${[...dialect.required, ...plainNames].join(", ")}; say ` +
    "which property holds which metric with map=";
  const ignored = new Set<string>();

  function roleOf(name: string): Role {
    const lower = name.toLowerCase();
    if (timeNames.includes(lower)) return "time";
    return dialect.columns.get(lower) ?? (lower === idName ? "id" : "ignored");
  }

  /** The rule that a value breaks, or null. */
  function readValue(value: unknown, meaning: ColumnMeaning): string | null {
    // If a property is there twice, in two cases of its name, the last one wins.
    row.setMissing(meaning);
    if (value === null) return null;
    if (typeof value !== "number") return "a number or null";
    return row.set(meaning, decimalOf(value)) ? null : rangeRule(metrics[meaning.metric]);
  }

  /** Reads every property except the time. */
  function readProperties(object: object): RowProblem | null {
    let isAnyMetric = false;
    for (const [name, value] of Object.entries(object)) {
      const role = roleOf(name);
      if (role === "id" && id !== null && textOf(value) !== id) {
        return { field: name, value: textOf(value), rule: `the id in the address, ${id}` };
      }
      if (role === "ignored" && ignored.size < IGNORED_LISTED) {
        ignored.add(name.slice(0, QUOTED_VALUE_MAX));
      }
      if (typeof role === "string") continue;
      isAnyMetric = true;
      const rule = readValue(value, role);
      if (rule !== null) return { field: name, value: textOf(value), rule };
    }
    return isAnyMetric ? null : { field: null, value: JSON.stringify(object), rule: anyMetric };
  }

  function readObjectTime(object: object): { time: WallTime; text: string } | RowProblem {
    const value = timeTextOf(object, timeNames);
    if (value === null) {
      const rule = `the property ${
        dialect.timeColumns.join(" and ")
      }; name another with timestamp=`;
      return { field: timeField, value: "", rule };
    }
    const time = readTime(dialect, value, oldestMs);
    return "time" in time
      ? { time: time.time, text: value }
      : { field: timeField, value, rule: time.rule };
  }

  return {
    read(object, place) {
      row.clear();
      const time = readObjectTime(object);
      if ("rule" in time) return time;
      const problem = readProperties(object);
      if (problem !== null) row.skipAt(time.time);
      if (problem !== null || row.addAt(time.time, place)) return problem;
      return { field: timeField, value: time.text, rule: noTimeRule(dialect, time.time) };
    },
    ignored: () => [...ignored],
  };
}

/** The time of an object, given the names of its properties in small letters; null without any. */
export function timeTextOf(object: object, timeNames: readonly string[]): string | null {
  const texts: string[] = [];
  for (const [name, value] of Object.entries(object)) {
    const at = timeNames.indexOf(name.toLowerCase());
    if (at >= 0) texts[at] = textOf(value);
  }
  if (texts.length === 0) return null;
  return timeNames.map((_, at) => texts[at] ?? "").join(" ").trim();
}

/** The object that a text is; null if it is none. */
export function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** A double as the shortest decimal that reads back as it. */
function decimalOf(value: number): Decimal {
  return parseDecimal(String(value)) ?? { value, scale: FLOAT };
}

/** A string or number as it is (JSON could not write an infinite one), anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number"
    ? String(value)
    : JSON.stringify(value);
}
