/**
 * One reading of an upload, collected value by value before it is added to the readings of its meter.
 *
 * @module
 */

import type { Decimal } from "../text/decimal_fields.ts";
import type { ColumnMeaning } from "./dialect.ts";
import { decimalText, FLOAT, MAX_SCALE, powerOfTen } from "../readings/decimal.ts";
import { END_OF_TIME_MS } from "../limits.ts";
import type { Metric, Profile } from "../readings/profile.ts";
import type { WallTime } from "../time/time_text.ts";
import { createMeterPages, type NumberedBatch } from "./meter_pages.ts";
import type { TimeRules } from "./time_sequence.ts";

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
  /**
   * The same with a time as the upload writes it. Which instant that is may depend on the meter's
   * other readings. False if there is no such time, or if it is out of range.
   */
  addAt(time: WallTime, place: number): boolean;
  /** Says that a record with this time is not kept. It belongs to the order of the meter's times. */
  skipAt(time: WallTime): void;
}

/** The row of all meters of a profile, and the readings that were added. */
export interface SharedRow extends ReadingRow {
  /** Makes the readings added from now on those of a meter, by its number; it is 0 at first. */
  use(meter: number): void;
  /** The number of that meter. */
  meter(): number;
  /** How many readings were added since they were last taken. */
  waiting(): number;
  /**
   * The readings added since they were last taken, by meter, in the order of their first ones.
   * Readings whose instant is not settled stay; see `time_sequence.ts`.
   */
  take(): NumberedBatch[];
  /** Settles all readings: there are no more. */
  settle(): void;
  /** How many readings of a meter had two instants and nothing that told which it was. */
  ambiguous(meter: number): number;
  /** The power of ten from the unit of each metric's values to that of the metric, as set last. */
  readonly exponents: Int8Array;
}

/** What readings have in common. */
export interface ReadingRowOptions {
  /** Earlier times are refused, epoch milliseconds. */
  readonly oldestMs: number;
  /** How times become instants, asked once with the first time; null is UTC, as is none. */
  readonly timeRules?: () => TimeRules | null;
  /** Indexes of metrics whose values are those of registers, which may be out of range. */
  readonly registers?: readonly number[];
}

/** A row without values. */
export function createReadingRow(
  { metrics }: Profile,
  { oldestMs, timeRules = () => null, registers = [] }: ReadingRowOptions,
): SharedRow {
  const collected = createMeterPages(metrics.length, timeRules);
  const values = new Float64Array(metrics.length).fill(NaN);
  const scales = new Int8Array(metrics.length);
  const row = { values, scales };
  const exponents = new Int8Array(metrics.length);
  const bounds = metrics.map((metric, index) =>
    boundsOf(registers.includes(index) ? { min: -Infinity, max: Infinity } : metric)
  );

  function add(timeMs: number, place: number): boolean {
    if (!(timeMs >= oldestMs && timeMs < END_OF_TIME_MS)) return false;
    collected.add(timeMs, place, row);
    return true;
  }

  return {
    use: collected.use,
    meter: collected.meter,
    clear() {
      // For so few values, a loop is faster than fill(), and this runs with every reading.
      for (let metric = 0; metric < values.length; metric++) values[metric] = NaN;
    },
    setMissing({ metric }) {
      values[metric] = NaN;
    },
    set({ metric, exponent }, decimal) {
      if (exponent !== 0) {
        shift(decimal, exponent);
        exponents[metric] = exponent;
      }
      const { value, scale } = decimal;
      const { least, most } = bounds[metric];
      if (!(value >= least[scale + 1] && value <= most[scale + 1])) return false;
      values[metric] = value;
      scales[metric] = scale;
      return true;
    },
    add,
    addAt(time, place) {
      if (add(collected.startOf(time), place)) return true;
      collected.drop();
      return false;
    },
    skipAt: collected.skip,
    waiting: collected.waiting,
    take: collected.take,
    settle: collected.settle,
    ambiguous: collected.ambiguous,
    exponents,
  };
}

/** The range of a metric, as an error states it. */
export function rangeRule({ min, max, unit }: Metric): string {
  return `${min} to ${max} ${unit}`;
}

/** The smallest and largest mantissa of a metric at each scale, beginning with `FLOAT`. */
function boundsOf(
  { min, max }: Pick<Metric, "min" | "max">,
): { least: Float64Array; most: Float64Array } {
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
