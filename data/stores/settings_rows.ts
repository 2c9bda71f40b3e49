/**
 * Business hours and time zones of stores, collected from the rows of an upload. Everything is kept
 * until the upload ends, because the rows of a store may be scattered over it.
 *
 * @module
 */

import type { MayTouch } from "../access/touch_rule.ts";
import { STORE_SPANS_MAX } from "../limits.ts";
import { createTableReader } from "../text/table_read.ts";
import type { RecordReader, RowProblem } from "../text/upload_reader.ts";
import { isTimeZone } from "../time/zone.ts";
import { DEFAULT_STORE_ZONE, readWeeklySpan, type WeeklySpan } from "./business_hours.ts";
import { HOURS_COLUMNS, storeIdProblem, ZONE_COLUMNS } from "./columns.ts";

/** The rule that a time zone breaks if it does not exist. */
const ZONE_RULE = "an IANA time zone; the store keeps the zone it has, " +
  `or counts as in ${DEFAULT_STORE_ZONE} if it has none`;
/** Names of columns by what {@link readWeeklySpan} calls them. */
const FIELDS = {
  day: HOURS_COLUMNS[1].name,
  start: HOURS_COLUMNS[2].name,
  end: HOURS_COLUMNS[3].name,
};

/** What an upload says about each store, and the reader that collects it. */
export interface StoreSettingsRows<T> {
  /** Reads the upload. */
  readonly reader: RecordReader;
  /** What has been collected so far, by store id. */
  readonly byStore: ReadonlyMap<string, T>;
  /** How many rows were accepted. */
  accepted(): number;
}

/** The rejected rows of a store. */
export interface RejectedHours {
  /** How many there are. */
  readonly rows: number;
  /** What is wrong with the first one. */
  readonly first: RowProblem;
}

/** Business hours of an upload. */
export interface StoreHoursRows extends StoreSettingsRows<readonly number[]> {
  /**
   * The stores whose rows were all rejected, by id. A row whose id or number of fields is wrong
   * belongs to no store, and neither does one of a store that may not be touched.
   */
  rejectedStores(): ReadonlyMap<string, RejectedHours>;
}

/**
 * Collects business hours of the stores that may be touched; of all by default. {@link weeklySpans}
 * turns the numbers of a store into spans.
 */
export function collectHours(mayTouch?: MayTouch): StoreHoursRows {
  const byStore = new Map<string, number[]>();
  const rejected = new Map<string, RejectedHours>();
  let accepted = 0;

  /** Adds the span of a row to its store, or returns what is wrong with the row. */
  function addRow(id: string, texts: Parameters<typeof readWeeklySpan>[0]): RowProblem | null {
    const read = readWeeklySpan(texts);
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
    accepted++;
    return null;
  }

  const reader = createTableReader({
    columns: HOURS_COLUMNS,
    createRows: () => ({
      readFields([id, day, start, end]) {
        const idProblem = storeIdProblem(id, mayTouch);
        if (idProblem !== null) return idProblem;
        const problem = addRow(id, { day, start, end });
        if (problem === null) rejected.delete(id);
        else if (!byStore.has(id)) {
          const { rows, first } = rejected.get(id) ?? { rows: 0, first: problem };
          rejected.set(id, { rows: rows + 1, first });
        }
        return problem;
      },
    }),
  });
  return { reader, byStore, accepted: () => accepted, rejectedStores: () => rejected };
}

/** Spans from numbers (day, start and end of each), sorted by day and start, without duplicates. */
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

/**
 * Collects time zones of the stores that may be touched; of all by default. If a store has several
 * rows, the last one wins.
 */
export function collectZones(mayTouch?: MayTouch): StoreSettingsRows<string> {
  const byStore = new Map<string, string>();
  const known = new Set<string>();
  let accepted = 0;
  const reader = createTableReader({
    columns: ZONE_COLUMNS,
    createRows: () => ({
      readFields([id, zone]) {
        const problem = storeIdProblem(id, mayTouch);
        if (problem !== null) return problem;
        if (!known.has(zone)) {
          if (!isTimeZone(zone)) {
            return { field: ZONE_COLUMNS[1].name, value: zone, rule: ZONE_RULE };
          }
          known.add(zone);
        }
        byStore.set(id, zone);
        accepted++;
        return null;
      },
    }),
  });
  return { reader, byStore, accepted: () => accepted };
}
