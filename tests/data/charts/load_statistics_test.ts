import { loadStatistics } from "../../../data/charts/load_statistics.ts";
import { assertEquals } from "../../support/assert.ts";

/** Intervals of the given values with one reading each; NaN has none. */
function intervals(values: number[]) {
  const column = Float64Array.from(values);
  return {
    timesMs: Float64Array.from(values, (_, index) => index * 900_000),
    values: column,
    sums: column,
    lows: column,
    highs: column,
    counts: Float64Array.from(values, (value) => value === value ? 1 : 0),
    shares: Float64Array.from(values, () => 1),
  };
}

Deno.test("the base load is what 95 of 100 intervals reach, and the curve falls from the peak", () => {
  // 1 to 100: the value 6 is reached by 95 of them (6 to 100).
  const values = Array.from({ length: 100 }, (_, index) => (index * 37) % 100 + 1);
  const { baseLoad, peak, curve, total, mean } = loadStatistics(intervals(values), true);
  assertEquals(baseLoad, 6);
  assertEquals(peak, { value: 100, atMs: values.indexOf(100) * 900_000 });
  assertEquals(total, 5_050);
  assertEquals(mean, 50.5);
  assertEquals(curve.length, 201);
  assertEquals([curve[0].value, curve[100].value, curve[200].value], [100, 51, 1]);
});

Deno.test("intervals without readings count nowhere, not as 0", () => {
  const { min, intervals: count, mean } = loadStatistics(intervals([NaN, 4, NaN, 2]), false);
  assertEquals([min, count, mean], [2, 2, 3]);
});

Deno.test("without readings there is no figure", () => {
  const { total, mean, peak, baseLoad, curve } = loadStatistics(intervals([NaN]), true);
  assertEquals([total, mean, peak, baseLoad, curve], [null, null, null, null, []]);
});

Deno.test("intervals of a sum in which readings are missing count in the total alone", () => {
  const given = intervals([15, 2, 15, 30, 15]);
  const counts = Float64Array.of(15, 2, 15, 15, 15);
  const shares = Float64Array.from(counts, (count) => count / 15);
  const found = loadStatistics({ ...given, counts, shares }, true);
  assertEquals([found.readings, found.intervals, found.total], [62, 4, 77]);
  assertEquals([found.baseLoad, found.peak?.value, found.curve[200].value], [15, 30, 15]);
  // The mean of two readings is still the mean of a load.
  assertEquals(loadStatistics({ ...given, counts, shares }, false).baseLoad, 2);
});

Deno.test("a metric with a value in one reading of fifteen is not missing the others", () => {
  const found = loadStatistics(intervals([3, 1, 2]), true);
  assertEquals([found.intervals, found.baseLoad], [3, 1]);
  const all = { ...intervals([3]), shares: Float64Array.of(0.5) };
  const { total, peak, baseLoad, curve } = loadStatistics(all, true);
  assertEquals([total, peak, baseLoad, curve], [3, null, null, []]);
});
