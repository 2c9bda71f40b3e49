/**
 * The readings of meters in memory, in the order of their upload, until they are taken.
 *
 * Readings whose instant is not settled stay when the others are taken; see `time_sequence.ts`.
 *
 * @module
 */

import { createPageBuilder } from "../readings/page_builder.ts";
import type { WallTime } from "../time/time_text.ts";
import { createMeterTimes } from "./meter_times.ts";
import type { UploadBatch } from "./repeats.ts";
import { createRowNames } from "./row_names.ts";
import type { TimeRules } from "./time_sequence.ts";

/** Room for readings at first; it doubles as needed. */
const FIRST_ROWS = 1_024;
/** Most readings that stay because their instants are not settled: some MiB. Then all are settled. */
const KEPT_MAX = 131_072;
const NO_ROWS = new Uint32Array(0);

/** Readings of one meter, by its number. */
export interface NumberedBatch {
  /** The number of the meter. */
  readonly meter: number;
  /** Its readings, in the order of the upload. */
  readonly batch: UploadBatch;
}

/** Readings of meters, which go by their numbers. */
export interface MeterPages {
  /** Makes the readings added from now on those of a meter; it is 0 at first. */
  use(meter: number): void;
  /** The number of that meter. */
  meter(): number;
  /** Adds a reading: its time, its place in the upload, and its values as in a page builder. */
  add(
    timeMs: number,
    place: number,
    row: { values: Float64Array; scales: Int8Array },
  ): void;
  /**
   * The start of the interval of the reading that is added next, epoch milliseconds; NaN if there is
   * no such time. Call `drop()` if it is not added.
   */
  startOf(time: WallTime): number;
  /** Says that the reading of the last `startOf()` is not added. */
  drop(): void;
  /** Says that a record with this time is not kept. It belongs to the order of the times. */
  skip(time: WallTime): void;
  /** How many readings were added since they were last taken. */
  waiting(): number;
  /** The readings whose instants are settled, by meter, in the order of their first ones. */
  take(): NumberedBatch[];
  /** Settles all readings: there are no more. */
  settle(): void;
  /** How many readings of a meter had two instants and nothing that told which it was. */
  ambiguous(meter: number): number;
}

/** No readings, of `columnCount` metrics. `timeRules` is asked once, with the first time. */
export function createMeterPages(
  columnCount: number,
  timeRules: () => TimeRules | null,
): MeterPages {
  const builder = createPageBuilder(columnCount);
  const names = createRowNames();
  const times = createMeterTimes(timeRules, (name, timeMs) => {
    builder.setTime(names.indexOf(name), timeMs);
  });
  let places = new Float64Array(FIRST_ROWS);
  let meters = new Uint32Array(FIRST_ROWS);
  let current = 0, isOneMeter = true, keptCount = 0;

  /** The indexes of readings that are not settled. */
  function openRows(): Uint32Array {
    if (!times.isOpen()) return NO_ROWS;
    const open = indexesWhere(
      builder.length(),
      (index) => names.nameOf(index) >= times.openRow(meters[index]),
    );
    if (open.length <= KEPT_MAX) return open;
    times.settle();
    return NO_ROWS;
  }

  /** Takes the readings of many meters, except some. */
  function takeSome(kept: Uint32Array): NumberedBatch[] {
    const { found, ends, order } = orderByMeter(meters.subarray(0, builder.length()), kept);
    const pages = builder.takeSlices(order, ends, kept);
    const batches = found.map((meter, index) => {
      const rows = order.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
      const placesOf = Float64Array.from(rows, (row) => places[row]);
      return { meter, batch: { page: pages[index], places: placesOf } };
    });
    kept.forEach((row, index) => {
      places[index] = places[row];
      meters[index] = meters[row];
    });
    isOneMeter = kept.every((_, index) => meters[index] === meters[0]);
    return batches;
  }

  return {
    use(meter) {
      current = meter;
    },
    meter: () => current,
    add(timeMs, place, { values, scales }) {
      const index = builder.length();
      if (index === places.length) {
        places = widened(places, new Float64Array(2 * index));
        meters = widened(meters, new Uint32Array(2 * index));
      }
      places[index] = place;
      meters[index] = current;
      isOneMeter &&= current === meters[0];
      builder.add(timeMs, values, scales);
    },
    startOf: (time) => times.next(current, time, names.nameOf(builder.length())),
    drop: () => times.drop(current),
    skip: (time) => void times.next(current, time, -1),
    waiting: () => builder.length() - keptCount,
    take() {
      const count = builder.length();
      if (count === 0) return [];
      const kept = openRows();
      keptCount = kept.length;
      names.take(count, kept);
      if (!isOneMeter || kept.length > 0) return takeSome(kept);
      return [{
        meter: meters[0],
        batch: { page: builder.take(), places: places.slice(0, count) },
      }];
    },
    settle: times.settle,
    ambiguous: times.ambiguous,
  };
}

function indexesWhere(count: number, isOne: (index: number) => boolean): Uint32Array {
  const found = new Uint32Array(count);
  let length = 0;
  for (let index = 0; index < count; index++) if (isOne(index)) found[length++] = index;
  return found.subarray(0, length);
}

/**
 * Rows by meter, without those that are kept: the meters, where the rows of each one end in `order`,
 * and the indexes of rows.
 */
function orderByMeter(
  meters: Uint32Array,
  kept: Uint32Array,
): { found: number[]; ends: number[]; order: Uint32Array } {
  const isKept = new Uint8Array(meters.length);
  for (const row of kept) isKept[row] = 1;
  const counts = new Map<number, number>();
  meters.forEach((meter, row) => {
    if (isKept[row] === 0) counts.set(meter, (counts.get(meter) ?? 0) + 1);
  });
  const next = new Map<number, number>();
  const ends: number[] = [];
  let end = 0;
  for (const [meter, count] of counts) {
    next.set(meter, end);
    ends.push(end += count);
  }
  const order = new Uint32Array(end);
  for (let row = 0; row < meters.length; row++) {
    if (isKept[row] === 1) continue;
    const at = next.get(meters[row]) ?? 0;
    order[at] = row;
    next.set(meters[row], at + 1);
  }
  return { found: [...counts.keys()], ends, order };
}

function widened<T extends Float64Array | Uint32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
