import fc from "fast-check";
import { decodePage } from "../../../data/readings/page_decoder.ts";
import { demoReadings } from "../../../data/readings/demo_meter.ts";
import { emptyPage, type Page } from "../../../data/readings/page.ts";
import {
  BLOCK_MAX_BYTES,
  BLOCK_MAX_READINGS,
  splitPage,
} from "../../../data/readings/page_split.ts";
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "../../support/assert.ts";
import { anyPage, rowsOf } from "../../support/pages.ts";

const DAY_START_MS = 1_704_067_200_000;
const KV_VALUE_MAX_BYTES = 65_536;

/** Readings at odd milliseconds of a day; each column needs 8 bytes per value and a null bitmap. */
function widestPage(columnCount: number, count: number): Page {
  const stepMs = Math.floor(86_400_000 / count);
  const timesMs = Float64Array.from(
    { length: count },
    (_, row) => DAY_START_MS + row * stepMs + row % 3,
  );
  const columns = Array.from({ length: columnCount }, () => ({
    scale: 0,
    values: timesMs.map((_, row) => row === 1 ? NaN : (row % 2 === 0 ? 1 : -1) * (2 ** 53 - row)),
  }));
  return { timesMs, columns };
}

Deno.test("splitPage() fits 1,500 readings of 4 metrics of the widest form in one KV value", () => {
  const parts = splitPage(widestPage(4, 1_500));
  // Offsets of up to a day in ms take 4 bytes: 24 + 4×16 + 1500×4 + 4×(192 + 1500×8) = 54,856.
  assertEquals(parts.map(({ bytes }) => bytes.length), [54_856]);
  assertLessOrEqual(parts[0].bytes.length, KV_VALUE_MAX_BYTES);
});

Deno.test("splitPage() keeps a day of one-minute readings of a meter in one part", () => {
  const [day] = demoReadings({ fromMs: DAY_START_MS, toMs: DAY_START_MS + 86_400_000 });
  const parts = splitPage(day);
  assertEquals(parts.map(({ start, firstMs }) => ({ start, firstMs })), [
    { start: 0, firstMs: DAY_START_MS },
  ]);
  assertEquals(decodePage(parts[0].bytes).timesMs.length, 1_440);
});

Deno.test("splitPage() halves a page of 8 columns of the widest form", () => {
  const page = widestPage(8, 1_500);
  const parts = splitPage(page);
  // Whole: 24 + 8×16 + 6000 + 8×(192 + 12000) = 103,688 bytes, over the limit. The halves fit.
  assertEquals(parts.map(({ start }) => start), [0, 750]);
  assertEquals(parts[1].firstMs, page.timesMs[750]);
  assert(parts.every(({ bytes }) => bytes.length <= BLOCK_MAX_BYTES));
});

Deno.test("splitPage() splits by number of readings into parts of nearly equal length", () => {
  const page: Page = { timesMs: Float64Array.from({ length: 3_001 }, (_, i) => i), columns: [] };
  const lengths = splitPage(page).map(({ bytes }) => decodePage(bytes).timesMs.length);
  assertEquals(lengths, [1_000, 1_001, 1_000]);
  assertEquals(splitPage(page, { maxReadings: 3_001 }).length, 1);
});

Deno.test("splitPage() returns no part for a page without readings", () => {
  assertEquals(splitPage(emptyPage(4)), []);
});

Deno.test("splitPage() returns one part for one reading, however wide", () => {
  const parts = splitPage(widestPage(60, 2), { maxReadings: 1 });
  assertEquals(parts.map(({ start }) => start), [0, 1]);
});

Deno.test("splitPage() neither loses nor repeats a reading", () => {
  const maxReadings = fc.constantFrom(1, 7, 100, BLOCK_MAX_READINGS);
  fc.assert(
    fc.property(anyPage({ maxCount: 400 }), maxReadings, (page, max) => {
      const parts = splitPage(page, { maxReadings: max });
      const pages = parts.map(({ bytes }) => decodePage(bytes));
      assertEquals(pages.flatMap(rowsOf), rowsOf(page));
      assertEquals(parts.map(({ firstMs }) => firstMs), pages.map(({ timesMs }) => timesMs[0]));
      for (const { timesMs } of pages) assertLessOrEqual(timesMs.length, max);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a block has room for 1,500 readings of 4 metrics of the widest form, but not of 5", () => {
  assertLessOrEqual(BLOCK_MAX_BYTES, KV_VALUE_MAX_BYTES);
  assertGreater(splitPage(widestPage(5, 1_500)).length, 1);
});
