/**
 * One reading of an upload, collected value by value before it is added to a page.
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

/** Room for places at first; it doubles as needed. */
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
  /** How many readings were added since they were last taken. */
  waiting(): number;
  /** The readings added since they were last taken. */
  take(): UploadBatch;
}

/** A row without values; times before `oldestMs` are refused. */
export function createReadingRow(
  { metrics }: Profile,
  { derivation, oldestMs }: { derivation: Derivation | null; oldestMs: number },
): ReadingRow {
  const builder = createPageBuilder(metrics.length);
  const values = new Float64Array(metrics.length).fill(NaN);
  const scales = new Int8Array(metrics.length);
  const bounds = metrics.map(boundsOf);
  let places = new Float64Array(FIRST_ROWS);
  return {
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
      if (index === places.length) places = widened(places);
      places[index] = place;
      builder.add(timeMs, values, scales);
      return true;
    },
    waiting: builder.length,
    take() {
      const taken = places.slice(0, builder.length());
      return { page: builder.take(), places: taken };
    },
  };
}

function widened(places: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(places.length * 2);
  wider.set(places);
  return wider;
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
