import fc from "fast-check";
import { decodePage } from "../../../data/readings/page_decoder.ts";
import { encodePage } from "../../../data/readings/page_encoder.ts";
import { FLOAT, toNumber } from "../../../data/readings/decimal.ts";
import { decodeReadings, isPlainReading } from "../../../data/readings/single_reading.ts";
import type { Page } from "../../../data/readings/page.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** A page of one reading whose values are doubles. */
function reading(timeMs: number, values: readonly number[]): Page {
  const columns = values.map((value) => ({ scale: FLOAT, values: Float64Array.of(value) }));
  return { timesMs: Float64Array.of(timeMs), columns };
}

/** The values of a page as doubles, row by row. */
function rowsOf({ timesMs, columns }: Page): number[][] {
  return Array.from(timesMs, (timeMs, row) => [
    timeMs,
    ...columns.map(({ scale, values }) => toNumber(values[row], scale)),
  ]);
}

Deno.test("a page of one reading has 24 bytes, 16 per column, and 8 more per double", () => {
  // 67.5 is 675 at scale 1; 1/3 is no decimal of 15 digits; the third value is missing.
  const bytes = encodePage(reading(86_400_000, [67.5, NaN, 1 / 3]));
  const view = new DataView(bytes.buffer);
  assertEquals(bytes.length, 24 + 3 * 16 + 8);
  assertEquals([bytes[0], bytes[1], view.getUint32(4, true)], [1, 3, 1]);
  assertEquals(view.getFloat64(8, true), 86_400_000);
  assertEquals([bytes[24], bytes[25], bytes[26], view.getFloat64(32, true)], [1, 0, 0, 675]);
  assertEquals([bytes[40], bytes[41], bytes[42]], [0, 0, 2]);
  assertEquals([bytes[56], bytes[57], view.getFloat64(72, true)], [255, 8, 1 / 3]);
});

Deno.test("any reading comes back from its page unchanged", () => {
  const value = fc.oneof(fc.double(), fc.constant(NaN), fc.integer().map((n) => n / 100));
  fc.assert(fc.property(fc.integer({ min: 0 }), fc.array(value, { minLength: 1 }), (time, row) => {
    const expected = row.map((number) => number + 0);
    assertEquals(rowsOf(decodePage(encodePage(reading(time, row)))), [[time, ...expected]]);
  }));
});

Deno.test("plain readings of different scales are decoded together without changing a value", () => {
  const decimal = fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.nat(4))
    .map(([mantissa, scale]) => mantissa / 10 ** scale + 0);
  const row = fc.tuple(fc.oneof(decimal, fc.constant(NaN)), decimal);
  fc.assert(fc.property(fc.array(row, { minLength: 1 }), (rows) => {
    const stored = rows.map((values, index) => encodePage(reading(index * 1_000, values)));
    assert(stored.every(isPlainReading));
    const page = decodeReadings(stored);
    assert(page !== null);
    assertEquals(rowsOf(page), rows.map((values, index) => [index * 1_000, ...values]));
  }));
});

Deno.test("readings are not decoded together if a mantissa would be too large or a value is a double", () => {
  // 99,999,999,999,999 at scale 0 and 0.00001 at scale 5: the first would have 19 digits.
  const far = [99_999_999_999_999, 0.00001].map((value) => encodePage(reading(0, [value])));
  assert(far.every(isPlainReading));
  assertEquals(decodeReadings(far), null);
  assert(!isPlainReading(encodePage(reading(0, [1 / 3]))));
  const two = { ...reading(0, [1]), timesMs: Float64Array.of(0, 1) };
  const both = { ...two, columns: [{ scale: 0, values: Float64Array.of(1, 2) }] };
  assert(!isPlainReading(encodePage(both)));
});
