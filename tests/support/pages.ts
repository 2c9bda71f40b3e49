/**
 * Readings as rows of text, conversion to pages and back, and arbitrary pages for property tests.
 * Decimals are computed with BigInt here, so that the tests do not depend on the arithmetic of `data/`.
 *
 * @module
 */

import fc from "fast-check";
import { FLOAT } from "../../data/readings/decimal.ts";
import type { Column, Page } from "../../data/readings/page.ts";
import { createPageBuilder } from "../../data/readings/page_builder.ts";

/** A reading: epoch milliseconds, then a decimal text per metric, "" for a missing value. */
export type Row = readonly [timeMs: number, ...texts: string[]];

/** A parsed decimal: a mantissa at a scale, or the nearest double at scale `FLOAT`. */
export interface ReadDecimal {
  readonly value: number;
  readonly scale: number;
}

/** The page of some rows, in their order, built as for an upload. */
export function pageOf(rows: readonly Row[], columnCount = rows[0].length - 1): Page {
  const builder = createPageBuilder(columnCount, 4);
  for (const [timeMs, ...texts] of rows) {
    const decimals = texts.map(readDecimal);
    builder.add(
      timeMs,
      Float64Array.from(decimals, ({ value }) => value),
      Int8Array.from(decimals, ({ scale }) => scale),
    );
  }
  return builder.take();
}

/** The rows of a page, each value as the shortest exact decimal. */
export function rowsOf(page: Page): Row[] {
  return Array.from(page.timesMs, (timeMs, row): Row => [
    timeMs,
    ...page.columns.map(({ scale, values }) => valueText(values[row], scale)),
  ]);
}

/** Rows with their values as shortest decimals (`1.50e2` becomes `150`). */
export function plainRows(rows: readonly Row[]): Row[] {
  return rows.map(([timeMs, ...texts]): Row => [timeMs, ...texts.map(plainDecimal)]);
}

/** A decimal text without exponent and trailing zeros, by whole-number arithmetic. "" stays "". */
export function plainDecimal(text: string): string {
  if (text === "") return "";
  const { mantissa, exponent } = partsOf(text);
  if (mantissa === 0n) return "0";
  const sign = mantissa < 0n ? "-" : "";
  const size = mantissa < 0n ? -mantissa : mantissa;
  if (exponent >= 0) return `${sign}${size * 10n ** BigInt(exponent)}`;
  const unit = 10n ** BigInt(-exponent);
  const fraction = String(size % unit).padStart(-exponent, "0").replace(/0+$/, "");
  return `${sign}${size / unit}${fraction === "" ? "" : "."}${fraction}`;
}

/** A decimal text as mantissa and scale if 15 digits and scale 15 suffice, otherwise as a double. */
export function readDecimal(text: string): ReadDecimal {
  if (text === "") return { value: NaN, scale: 0 };
  const { mantissa, exponent } = partsOf(text);
  const isFixed = mantissa > -(10n ** 15n) && mantissa < 10n ** 15n && exponent <= 0 &&
    exponent >= -15;
  return isFixed
    ? { value: Number(mantissa), scale: 0 - exponent }
    : { value: Number(text), scale: FLOAT };
}

/** Plain decimals of 1 to 15 digits, with `minScale` to `maxScale` of them after the point. */
export function decimalTexts(
  { minScale = 0, maxScale = 15, isPositive = false } = {},
): fc.Arbitrary<string> {
  return fc.tuple(
    isPositive ? fc.constant(false) : fc.boolean(),
    fc.bigInt(0n, 10n ** 15n - 1n),
    fc.integer({ min: 1, max: 15 }),
    fc.integer({ min: minScale, max: maxScale }),
  ).map(([isNegative, random, digitCount, scale]) => {
    const digits = String(random % 10n ** BigInt(digitCount)).padStart(scale + 1, "0");
    const whole = digits.slice(0, digits.length - scale);
    const fraction = scale === 0 ? "" : `.${digits.slice(-scale)}`;
    return `${isNegative ? "-" : ""}${whole}${fraction}`;
  });
}

/**
 * Times in any order: a grid (forwards, backwards or one time over and over), an irregular walk, or
 * leaps over decades.
 */
export function timeLists(count: number): fc.Arbitrary<number[]> {
  const startMs = fc.integer({ min: 0, max: 4_102_444_800_000 });
  const unitMs = fc.constantFrom(1, 1_000, 60_000, 900_000);
  const grid = fc.integer({ min: -60, max: 60 }).map((step) => [step]);
  const walk = fc.array(fc.integer({ min: -20, max: 90 }), { minLength: 2, maxLength: 9 });
  const leaps = fc.array(fc.integer({ min: 0, max: 70_000_000 }), { minLength: 2, maxLength: 9 });
  return fc.tuple(startMs, unitMs, fc.oneof(grid, walk, leaps)).map(([start, unit, steps]) => {
    let timeMs = start;
    return Array.from({ length: count }, (_, row) => {
      const now = timeMs;
      const next = now + steps[row % steps.length] * unit;
      timeMs = next >= 0 && next < 253_402_300_800_000 ? next : start;
      return now;
    });
  });
}

/** Pages of 1 to 6 columns and 0 to `maxCount` readings, with every kind of column. */
export function anyPage({ columnCounts = [1, 2, 3, 4, 5, 6], maxCount = 2_000 } = {}): fc.Arbitrary<
  Page
> {
  return fc.tuple(fc.nat(maxCount), fc.constantFrom(...columnCounts)).chain(([count, width]) =>
    fc.record({
      timesMs: timeLists(count).map((times) => Float64Array.from(times)),
      columns: fc.array(anyColumn(count), { minLength: width, maxLength: width }),
    })
  );
}

function anyColumn(count: number): fc.Arbitrary<Column> {
  const scale = fc.integer({ min: 0, max: 15 });
  const missing = fc.constant(NaN);
  const near = fc.integer({ min: -200, max: 70_000 });
  const decimal = decimalTexts().map(Number);
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  return fc.oneof(
    columnOf(scale, fc.oneof(missing, near), count),
    columnOf(scale, near, count),
    columnOf(scale, fc.oneof(missing, fc.maxSafeInteger()), count),
    columnOf(fc.constant(FLOAT), fc.oneof(missing, decimal), count),
    columnOf(fc.constant(FLOAT), fc.oneof(missing, double), count),
    columnOf(fc.oneof(scale, fc.constant(FLOAT)), missing, count),
  );
}

/** A column that cycles through a few values. */
function columnOf(
  scales: fc.Arbitrary<number>,
  values: fc.Arbitrary<number>,
  count: number,
): fc.Arbitrary<Column> {
  const pools = fc.array(values, { minLength: 1, maxLength: 24 });
  return fc.tuple(scales, pools, fc.integer({ min: 1, max: 7 })).map(([scale, pool, stride]) => ({
    scale,
    values: Float64Array.from({ length: count }, (_, row) => pool[row * stride % pool.length] + 0),
  }));
}

function valueText(value: number, scale: number): string {
  if (Number.isNaN(value)) return "";
  return plainDecimal(scale === FLOAT ? String(value) : `${value}e-${scale}`);
}

/** The value of a text is mantissa × 10^exponent. */
function partsOf(text: string): { mantissa: bigint; exponent: number } {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (match === null) throw new SyntaxError(`Cannot parse text as it is not a decimal: ${text}`);
  const [, sign, whole, fraction, exponent = "0"] = match;
  const size = BigInt(whole + fraction);
  return { mantissa: sign === "-" ? -size : size, exponent: Number(exponent) - fraction.length };
}
