import fc from "fast-check";
import { createAggregator, createBucketAggregator } from "../../../data/readings/aggregate.ts";
import { FLOAT } from "../../../data/readings/decimal.ts";
import { emptyPage, type Page, slicePage } from "../../../data/readings/page.ts";
import { sortPage } from "../../../data/readings/page_merge.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { anyPage, pageOf, type Row } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

const DAY_START_MS = 1_704_067_200_000;
const MINUTE_MS = 60_000;
/** The mantissa of 1 at scale 15. */
const UNIT = 10n ** 15n;
const NOTHING = { count: 0, min: NaN, max: NaN, mean: NaN };

/** The buckets of some pages, taken after each page and at the end. */
function bucketsOf(pages: readonly Page[], bucketMs: number, columnCount = 1) {
  const aggregator = createBucketAggregator(columnCount, bucketMs);
  const taken = pages.flatMap((page) => {
    aggregator.add(page);
    return aggregator.take();
  });
  aggregator.end();
  return [...taken, ...aggregator.take()];
}

function metricsOf(pages: readonly Page[], columnCount = 1) {
  const aggregator = createAggregator(columnCount);
  for (const page of pages) aggregator.add(page);
  return aggregator.metrics();
}

Deno.test("an aggregator returns count, minimum, maximum and mean of each metric", () => {
  const page = pageOf([
    [1, "67.5", "-45.3", ""],
    [2, "68.25", "", ""],
    [3, "66", "12", ""],
    [4, "", "-0.7", ""],
  ]);
  // 67.5 + 68.25 + 66 = 201.75; -45.3 + 12 - 0.7 = -34.
  assertEquals(metricsOf([page], 3), [
    { count: 3, min: 66, max: 68.25, mean: 67.25 },
    { count: 3, min: -45.3, max: 12, mean: -34 / 3 },
    NOTHING,
  ]);
});

Deno.test("an aggregator counts readings without any value, and is empty at first", () => {
  const aggregator = createAggregator(2);
  assertEquals([aggregator.count(), aggregator.metrics()], [0, [NOTHING, NOTHING]]);
  aggregator.add(pageOf([[1, "", ""], [2, "5", ""]]));
  aggregator.add(emptyPage(2));
  assertEquals(aggregator.count(), 2);
  const five = { count: 1, min: 5, max: 5, mean: 5 };
  assertEquals(aggregator.metrics(), [five, NOTHING]);
  assertEquals(aggregator.metrics(), [five, NOTHING]);
});

Deno.test("the mean of ten tenths is a tenth, although ten doubles of 0.1 sum to less than 1", () => {
  const doubles = Array(10).fill(0.1);
  assert(doubles.reduce((sum, value) => sum + value, 0) < 1);
  const rows = doubles.map((value, index): Row => [index, String(value)]);
  assertEquals(metricsOf([pageOf(rows)]), [{ count: 10, min: 0.1, max: 0.1, mean: 0.1 }]);
});

Deno.test("pages of different scales have one exact mean", () => {
  // At scale 15 the mantissa of 900000000000000 is 9 × 10^29, far above 2^53.
  const texts = ["900000000000000", "0.000000000000001", "1e20", "12.5", "-900000000000000"];
  const pages = texts.map((text, index) => pageOf([[index, text]]));
  const [summary] = metricsOf(pages);
  assertEquals(summary, { count: 5, min: -9e14, max: 1e20, mean: 2e19 });
  // Without 1e20, which is a plain double, the sum is 12.500000000000001.
  const [exact] = metricsOf(pages.toSpliced(2, 1));
  assertEquals(exact.mean, 3.12500000000000025);
});

Deno.test("sums above 2^53 stay exact, within a page and over many pages", () => {
  const large = "900000000000001";
  const rows = Array.from({ length: 1_000 }, (_, index): Row => [index, large]);
  const once = pageOf(rows);
  assertEquals(metricsOf([once])[0].mean, 900_000_000_000_001);
  assertEquals(metricsOf(Array(20).fill(once))[0].mean, 900_000_000_000_001);
  const tiny = pageOf([[5_000, "0.1"]]);
  const expected = nearest(200_000n * 900_000_000_000_001n + 1n, 200_010n);
  assertEquals(metricsOf([...Array(20).fill(once), tiny])[0].mean, expected);
});

Deno.test("a mean is rounded once, even if count × 10^15 is not a double", () => {
  const values = new Float64Array(300_001);
  assert(BigInt(values.length * 1e15) !== BigInt(values.length) * UNIT);
  for (let mantissa = 1; mantissa < 100; mantissa++) {
    values[0] = mantissa;
    const page = { timesMs: values, columns: [{ scale: 15, values }] };
    assertEquals(metricsOf([page])[0].mean, nearest(BigInt(mantissa), UNIT * 300_001n));
  }
});

Deno.test("the mean of doubles keeps what plain addition would lose", () => {
  // 1e17 + 1 is 1e17 as a double.
  const page = pageOf([[1, "1e17"], [2, "1"], [3, "1"], [4, "-1e17"]]);
  assertEquals(metricsOf([page]), [{ count: 4, min: -1e17, max: 1e17, mean: 0.5 }]);
});

Deno.test("the summary of any decimals equals that of whole-number arithmetic", () => {
  const mantissa = fc.oneof(
    fc.constant(NaN),
    fc.integer({ min: -500, max: 70_000 }),
    fc.maxSafeInteger().map((value) => value + 0),
  );
  const column = fc.record({
    scale: fc.integer({ min: 0, max: 15 }),
    values: fc.array(mantissa, { maxLength: 12 }).map((values) => Float64Array.from(values)),
  });
  fc.assert(
    fc.property(fc.array(column, { maxLength: 8 }), (columns) => {
      const pages = columns.map((one) => ({ timesMs: one.values, columns: [one] }));
      const sizes = columns.flatMap(({ scale, values }) =>
        Array.from(values).filter((value) => !Number.isNaN(value))
          .map((value) => BigInt(value) * 10n ** BigInt(15 - scale))
      ).toSorted((a, b) => a < b ? -1 : 1);
      const sum = sizes.reduce((total, size) => total + size, 0n);
      assertEquals(metricsOf(pages), [
        sizes.length === 0 ? NOTHING : {
          count: sizes.length,
          min: nearest(sizes[0], UNIT),
          max: nearest(sizes[sizes.length - 1], UNIT),
          mean: nearest(sum, UNIT * BigInt(sizes.length)),
        },
      ]);
    }),
    { numRuns: amount({ quick: 125, thorough: 500 }) },
  );
});

Deno.test("buckets start at whole minutes, and buckets without readings are left out", () => {
  const minutes = [[0, "1"], [59_999, "3"], [60_000, "5"], [240_001, ""]] as const;
  const page = pageOf(minutes.map(([ofDayMs, text]): Row => [DAY_START_MS + ofDayMs, text]));
  assertEquals(bucketsOf([page], MINUTE_MS), [
    { startMs: DAY_START_MS, count: 2, metrics: [{ count: 2, min: 1, max: 3, mean: 2 }] },
    {
      startMs: DAY_START_MS + 60_000,
      count: 1,
      metrics: [{ count: 1, min: 5, max: 5, mean: 5 }],
    },
    { startMs: DAY_START_MS + 240_000, count: 1, metrics: [NOTHING] },
  ]);
});

Deno.test("a bucket continues over pages, and is finished when a later one begins", () => {
  const aggregator = createBucketAggregator(1, 15 * MINUTE_MS);
  aggregator.add(pageOf([[DAY_START_MS, "1.5"]]));
  aggregator.add(emptyPage(1));
  aggregator.add(pageOf([[DAY_START_MS + 899_999, "2"]]));
  assertEquals(aggregator.take(), []);
  aggregator.add(pageOf([[DAY_START_MS + 900_000, "9"]]));
  const first = [{ count: 2, min: 1.5, max: 2, mean: 1.75 }];
  assertEquals(aggregator.take(), [{ startMs: DAY_START_MS, count: 2, metrics: first }]);
  assertEquals(aggregator.take(), []);
  aggregator.end();
  aggregator.end();
  assertEquals(aggregator.take().map(({ count }) => count), [1]);
});

Deno.test("buckets of a day start at midnight UTC, also in leap years and before 1970", () => {
  const times = [Date.UTC(1969, 11, 31, 23, 59), Date.UTC(2024, 1, 29, 12), Date.UTC(2024, 2, 1)];
  const page = pageOf(times.map((timeMs): Row => [timeMs, "1"]));
  const days = bucketsOf([page], 86_400_000).map(({ startMs }) => new Date(startMs).toISOString());
  assertEquals(days.map((day) => day.slice(0, 16)), [
    "1969-12-31T00:00",
    "2024-02-29T00:00",
    "2024-03-01T00:00",
  ]);
});

Deno.test("buckets begin and end where a function says", () => {
  // Halves of a day of 25 hours: 12 and 13 hours.
  const hour = 3_600_000;
  const noonMs = DAY_START_MS + 12 * hour;
  const aggregator = createBucketAggregator(
    1,
    (timeMs) =>
      timeMs < noonMs
        ? { fromMs: DAY_START_MS, toMs: noonMs }
        : { fromMs: noonMs, toMs: DAY_START_MS + 25 * hour },
  );
  aggregator.add(pageOf([[DAY_START_MS, "1"], [noonMs - 1, "2"], [noonMs, "3"]]));
  aggregator.add(pageOf([[DAY_START_MS + 25 * hour - 1, "5"]]));
  aggregator.end();
  assertEquals(aggregator.take().map(({ startMs, count }) => [startMs, count]), [
    [DAY_START_MS, 2],
    [noonMs, 2],
  ]);
});

Deno.test("a bucket length that does not divide a day is refused", () => {
  for (const bucketMs of [0, -60_000, 7 * MINUTE_MS, 2 * 86_400_000, NaN]) {
    assertThrows(() => createBucketAggregator(1, bucketMs), RangeError, "must divide a day");
  }
});

Deno.test("each bucket of any pages equals the summary of its readings alone", () => {
  const length = fc.constantFrom(1_000, MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS, 86_400_000);
  // The mean of plain doubles may depend on where a page ends.
  const pages = anyPage({ columnCounts: [2], maxCount: 200 }).map(sortPage)
    .filter(({ columns }) => columns.every(({ scale }) => scale !== FLOAT));
  fc.assert(fc.property(pages, length, fc.integer({ min: 1, max: 80 }), (page, bucketMs, every) => {
    const starts = Array.from(page.timesMs, (timeMs) => timeMs - timeMs % bucketMs);
    const expected = [...new Set(starts)].map((startMs) => {
      const rows = slicePage(page, starts.indexOf(startMs), starts.lastIndexOf(startMs) + 1);
      return { startMs, count: rows.timesMs.length, metrics: metricsOf(chunks(rows, 1), 2) };
    });
    const found = bucketsOf(chunks(page, every), bucketMs, 2);
    assertEquals(found, expected);
  }));
});

/** A page in pieces of `size` rows. */
function chunks(page: Page, every: number): Page[] {
  const count = Math.ceil(page.timesMs.length / every);
  return Array.from({ length: count }, (_, i) => slicePage(page, i * every, (i + 1) * every));
}

/** The double nearest to a quotient, from 60 of its decimals. */
function nearest(dividend: bigint, divisor: bigint): number {
  const size = dividend < 0n ? -dividend : dividend;
  return Number(`${dividend < 0n ? "-" : ""}${size * 10n ** 60n / divisor}e-60`);
}
