import fc from "fast-check";
import { createRepeatFinder, type UploadBatch } from "../../../data/imports/repeats.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf, type Row, rowsOf } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

/** A batch of times with their own number as the value; places count from `firstPlace`. */
function batchOf(timesMs: readonly number[], firstPlace: number): UploadBatch {
  const rows = timesMs.map((timeMs, index): Row => [timeMs, String(firstPlace + index)]);
  const places = Float64Array.from(timesMs, (_, index) => firstPlace + index);
  return { page: pageOf(rows, 1), places };
}

Deno.test("a batch without repeats is handed on as it is", () => {
  const finder = createRepeatFinder();
  const batch = batchOf([3, 1, 2], 2);
  assertEquals(finder.split("m1", batch), { fresh: batch.page, again: null, repeated: 0 });
  assertEquals(finder.first(), []);
});

Deno.test("the second reading of a time is a repeat, next to the first or far from it", () => {
  const finder = createRepeatFinder();
  const first = finder.split("m1", batchOf([10, 10, 20, 30, 10], 2));
  assertEquals([first.again, first.repeated], [null, 2]);
  assertEquals(finder.split("m1", batchOf([40, 50], 7)).repeated, 0);
  const last = finder.split("m1", batchOf([60, 20, 60, 20, 70], 9));
  assertEquals(rowsOf(last.fresh), [[60, "9"], [60, "11"], [70, "13"]]);
  assertEquals(rowsOf(last.again ?? pageOf([], 1)), [[20, "10"], [20, "12"]]);
  assertEquals(last.repeated, 3);
  assertEquals(finder.first(), [
    { meterId: "m1", place: 3, timeMs: 10 },
    { meterId: "m1", place: 6, timeMs: 10 },
    { meterId: "m1", place: 10, timeMs: 20 },
    { meterId: "m1", place: 11, timeMs: 60 },
    { meterId: "m1", place: 12, timeMs: 20 },
  ]);
});

Deno.test("the first 100 repeats are listed", () => {
  const finder = createRepeatFinder();
  const { repeated } = finder.split("m1", batchOf(Array(150).fill(5), 2));
  assertEquals(repeated, 149);
  assertEquals(
    finder.first().map(({ place }) => place),
    Array.from({ length: 100 }, (_, i) => i + 3),
  );
});

Deno.test("any batches are split as a plain reference splits them", () => {
  const batches = fc.array(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 }), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(batches, (all) => {
      const finder = createRepeatFinder();
      const before = new Set<number>();
      const repeats: { meterId: string; place: number; timeMs: number }[] = [];
      let place = 2;
      for (const timesMs of all) {
        const batch = batchOf(timesMs, place);
        const inBatch = new Set<number>();
        const fresh: Row[] = [], again: Row[] = [];
        timesMs.forEach((timeMs) => {
          if (before.has(timeMs) || inBatch.has(timeMs)) {
            repeats.push({ meterId: "m1", place, timeMs });
          }
          (before.has(timeMs) ? again : fresh).push([timeMs, String(place)]);
          inBatch.add(timeMs);
          place++;
        });
        const split = finder.split("m1", batch);
        assertEquals(rowsOf(split.fresh), fresh);
        assertEquals(split.again === null ? [] : rowsOf(split.again), again);
        inBatch.forEach((timeMs) => before.add(timeMs));
      }
      assertEquals(finder.first(), repeats.slice(0, 100));
    }),
    { numRuns: amount({ quick: 125, thorough: 500 }) },
  );
});
