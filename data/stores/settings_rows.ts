/**
 * Business hours and time zones of stores, gathered from the rows of an upload. All is kept until
 * the upload ends: rows of one store may be scattered over it.
 *
 * @module
 */

import { DEFAULT_STORE_ZONE, readWeeklySpan, type WeeklySpan } from "./business_hours.ts";
import { STORE_SPANS_MAX } from "../limits.ts";
import { HOURS_COLUMNS, storeIdProblem, ZONE_COLUMNS } from "./columns.ts";
import { createTableReader } from "../text/table_read.ts";
import type { RecordReader } from "../text/upload_reader.ts";
import { isTimeZone } from "../time/zone.ts";

/** What is wrong with a zone that there is not. */
const ZONE_RULE = "an IANA time zone; the store keeps the one that it has, " +
  `and counts as in ${DEFAULT_STORE_ZONE} where it has none`;
/** Names of columns by what {@link readWeeklySpan} calls them. */
const FIELDS = {
  day: HOURS_COLUMNS[1].name,
  start: HOURS_COLUMNS[2].name,
  end: HOURS_COLUMNS[3].name,
};

/** What an upload says of each store, and the reader that gathers it. */
export interface StoreGathering<T> {
  /** Reads the upload. */
  readonly reader: RecordReader;
  /** What was gathered so far, by the store. */
  readonly byStore: ReadonlyMap<string, T>;
  /** How many rows were taken. */
  taken(): number;
}

/** Gathers business hours; {@link weeklySpans} makes spans of what is there of a store. */
export function gatherHours(): StoreGathering<readonly number[]> {
  const byStore = new Map<string, number[]>();
  let taken = 0;
  const reader = createTableReader({
    columns: HOURS_COLUMNS,
    createRows: () => ({
      readFields([id, day, start, end]) {
        const problem = storeIdProblem(id);
        if (problem !== null) return problem;
        const read = readWeeklySpan({ day, start, end });
        if ("problems" in read) {
          const { field, value, rule } = read.problems[0];
          return { field: FIELDS[field], value, rule };
        }
        const numbers = byStore.get(id) ?? [];
        if (numbers.length === 3 * STORE_SPANS_MAX) {
          return { field: null, value: id, rule: `at most ${STORE_SPANS_MAX} rows a store` };
        }
        numbers.push(read.span.day, read.span.startMs, read.span.endMs);
        if (numbers.length === 3) byStore.set(id, numbers);
        taken++;
        return null;
      },
    }),
  });
  return { reader, byStore, taken: () => taken };
}

/** Spans of their numbers (day, start, end of each), by day and start, each once. */
export function weeklySpans(numbers: readonly number[]): WeeklySpan[] {
  const spans = Array.from({ length: numbers.length / 3 }, (_, index): WeeklySpan => ({
    day: numbers[3 * index],
    startMs: numbers[3 * index + 1],
    endMs: numbers[3 * index + 2],
  })).sort((a, b) => a.day - b.day || a.startMs - b.startMs || a.endMs - b.endMs);
  return spans.filter(({ day, startMs, endMs }, index) => {
    const before = spans[index - 1];
    return before?.day !== day || before.startMs !== startMs || before.endMs !== endMs;
  });
}

/** Gathers time zones; of a store that has several rows the last one counts. */
export function gatherZones(): StoreGathering<string> {
  const byStore = new Map<string, string>();
  const known = new Set<string>();
  let taken = 0;
  const reader = createTableReader({
    columns: ZONE_COLUMNS,
    createRows: () => ({
      readFields([id, zone]) {
        const problem = storeIdProblem(id);
        if (problem !== null) return problem;
        if (!known.has(zone)) {
          if (!isTimeZone(zone)) {
            return { field: ZONE_COLUMNS[1].name, value: zone, rule: ZONE_RULE };
          }
          known.add(zone);
        }
        byStore.set(id, zone);
        taken++;
        return null;
      },
    }),
  });
  return { reader, byStore, taken: () => taken };
}
