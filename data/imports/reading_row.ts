/**
 * One reading of an upload, collected value by value before it is added to the readings of its meter.
 *
 * @module
 */

import type { Decimal } from "../text/decimal_fields.ts";
import type { ColumnMeaning, Derivation } from "./dialect.ts";
import { decimalText, FLOAT, MAX_SCALE, powerOfTen } from "../readings/decimal.ts";
import { END_OF_TIME_MS } from "../limits.ts";
import { createPageBuilder } from "../readings/page_builder.ts";
import type { Metric, Profile } from "../readings/profile.ts";
import type { UploadBatch } from "./repeats.ts";

/** Room for readings at first; it doubles as needed. */
const FIRST_ROWS = 1_024;

/** A reading that is being read. */
export interface ReadingRow {
  /** Makes every value missing. */
  clear(): void;
  /** Makes one value missing. */
  setMissing(meaning: ColumnMeaning): void;
  /** Sets a value, converted to the unit of the metric. False if it is out of range. */
  set(meaning: ColumnMeaning, value: Decimal): boolean;
  /** Adds the reading with its line or index. False if the time is out of range. */
  add(timeMs: number, place: number): boolean;
}

/** Readings of one meter, by its number. */
export interface NumberedBatch {
  /** The number of the meter. */
  readonly meter: number;
  /** Its readings, in the order of the upload. */
  readonly batch: UploadBatch;
}

/** The row of all meters of a profile, and the readings that were added. */
export interface SharedRow extends ReadingRow {
  /** Makes the readings added from now on those of a meter, by its number; it is 0 at first. */
  use(meter: number): void;
  /** The number of that meter. */
  meter(): number;
  /** How many readings were added since they were last taken. */
  waiting(): number;
  /** The readings added since they were last taken, by meter, in the order of their first ones. */
  take(): NumberedBatch[];
}

/** A row without values; times before `oldestMs` are refused. */
export function createReadingRow(
  { metrics }: Profile,
  { derivation, oldestMs }: { derivation: Derivation | null; oldestMs: number },
): SharedRow {
  const builder = createPageBuilder(metrics.length);
  const values = new Float64Array(metrics.length).fill(NaN);
  const scales = new Int8Array(metrics.length);
  const bounds = metrics.map(boundsOf);
  let places = new Float64Array(FIRST_ROWS);
  let meters = new Uint32Array(FIRST_ROWS);
  let current = 0, isOneMeter = true;
  return {
    use(meter) {
      current = meter;
    },
    meter: () => current,
    clear() {
      values.fill(NaN);
    },
    setMissing({ metric }) {
      values[metric] = NaN;
    },
    set({ metric, exponent }, decimal) {
      if (exponent !== 0) shift(decimal, exponent);
      const { value, scale } = decimal;
      const { least, most } = bounds[metric];
      if (!(value >= least[scale + 1] && value <= most[scale + 1])) return false;
      values[metric] = value;
      scales[metric] = scale;
      return true;
    },
    add(timeMs, place) {
      if (!(timeMs >= oldestMs && timeMs < END_OF_TIME_MS)) return false;
      if (derivation !== null) derive(derivation, values, scales);
      const index = builder.length();
      if (index === places.length) {
        places = widened(places, new Float64Array(2 * index));
        meters = widened(meters, new Uint32Array(2 * index));
      }
      places[index] = place;
      meters[index] = current;
      isOneMeter &&= current === meters[0];
      builder.add(timeMs, values, scales);
      return true;
    },
    waiting: builder.length,
    take() {
      const count = builder.length();
      if (count === 0) return [];
      if (isOneMeter) {
        const batch = { page: builder.take(), places: places.slice(0, count) };
        return [{ meter: meters[0], batch }];
      }
      isOneMeter = true;
      const { found, ends, order } = orderByMeter(meters.subarray(0, count));
      const pages = builder.takeSlices(order, ends);
      return found.map((meter, index) => {
        const rows = order.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
        const placesOf = Float64Array.from(rows, (row) => places[row]);
        return { meter, batch: { page: pages[index], places: placesOf } };
      });
    },
  };
}

/** Rows by meter: the meters, where the rows of each one end in `order`, and the indexes of rows. */
function orderByMeter(
  meters: Uint32Array,
): { found: number[]; ends: number[]; order: Uint32Array } {
  const counts = new Map<number, number>();
  for (const meter of meters) counts.set(meter, (counts.get(meter) ?? 0) + 1);
  const next = new Map<number, number>();
  const ends: number[] = [];
  let end = 0;
  for (const [meter, count] of counts) {
    next.set(meter, end);
    ends.push(end += count);
  }
  const order = new Uint32Array(meters.length);
  for (let row = 0; row < meters.length; row++) {
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

/** The range of a metric, as an error states it. */
export function rangeRule({ min, max, unit }: Metric): string {
  return `${min} to ${max} ${unit}`;
}

/** The smallest and largest mantissa of a metric at each scale, beginning with `FLOAT`. */
function boundsOf({ min, max }: Metric): { least: Float64Array; most: Float64Array } {
  const least = new Float64Array(MAX_SCALE + 2);
  const most = new Float64Array(MAX_SCALE + 2);
  for (let scale: number = FLOAT; scale <= MAX_SCALE; scale++) {
    const factor = scale === FLOAT ? 1 : powerOfTen(scale);
    least[scale + 1] = min * factor;
    most[scale + 1] = max * factor;
  }
  return { least, most };
}

/** Multiplies a decimal by a power of ten; exact as long as it has 15 digits or fewer. */
function shift(decimal: Decimal, exponent: number): void {
  const { value, scale } = decimal;
  const shifted = scale - exponent;
  if (scale !== FLOAT && shifted >= 0 && shifted <= MAX_SCALE) {
    decimal.scale = shifted;
    return;
  }
  // Reading the text rounds once; multiplying doubles would round again.
  decimal.value = Number(`${decimalText(value, scale)}e${exponent}`);
  decimal.scale = FLOAT;
}

/** Divides a mantissa, rounding half up; in whole numbers if its scale is the coarser one. */
function derive(
  { metric, from, divisor, scale }: Derivation,
  values: Float64Array,
  scales: Int8Array,
): void {
  const given = scales[from] === FLOAT ? 0 : scales[from];
  // One division by the whole power of ten, so that halves stay halves.
  const scaled = given <= scale
    ? values[from] * powerOfTen(scale - given)
    : values[from] / powerOfTen(given - scale);
  values[metric] = Math.floor((scaled + divisor / 2) / divisor);
  scales[metric] = scale;
}
