import fc from "fast-check";
import { createTimeSet } from "../../../data/imports/time_set.ts";
import { assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

const MINUTE_MS = 60_000;
const NEW_YEAR_MS = 1_704_067_200_000;
const MIB = 1_048_576;

/** `count` times from `fromMs` on. */
function regular(fromMs: number, stepMs: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => fromMs + index * stepMs);
}

Deno.test("add() returns the times that were added before, and only those", () => {
  const set = createTimeSet(MIB);
  assertEquals([...set.add(Float64Array.of(10, 20, 30))], []);
  assertEquals([...set.add(Float64Array.of(5, 20, 25, 30, 35))], [20, 30]);
  assertEquals([...set.add(Float64Array.of(5, 10, 15, 20, 25, 30, 35))], [5, 10, 20, 25, 30, 35]);
  assertEquals([...set.add(new Float64Array(0))], []);
  assertEquals([...set.add(Float64Array.of(0, 15))], [15]);
});

Deno.test("batches of any times give what a plain set gives", () => {
  // On a grid with gaps, on the millisecond, and years apart, so that every form of a part occurs.
  const time = fc.oneof(
    fc.nat(400).map((minute) => NEW_YEAR_MS + minute * MINUTE_MS),
    fc.nat(400).map((ms) => NEW_YEAR_MS + ms * 7 + 1),
    fc.nat(40).map((year) => NEW_YEAR_MS + year * 31_556_952_000),
  );
  const batches = fc.array(fc.uniqueArray(time, { maxLength: 60 }), { maxLength: 12 });
  fc.assert(
    fc.property(batches, (all) => {
      const set = createTimeSet(MIB), plain = new Set<number>();
      for (const batch of all) {
        const ascending = batch.toSorted((a, b) => a - b);
        const known = ascending.filter((timeMs) => plain.has(timeMs));
        assertEquals([...set.add(Float64Array.from(ascending))], known);
        ascending.forEach((timeMs) => plain.add(timeMs));
      }
    }),
    { numRuns: amount({ quick: 125, thorough: 500 }) },
  );
});

Deno.test("times of more than one part are found in order, whichever batch had them", () => {
  const set = createTimeSet(8 * MIB);
  // Every third minute of 140 days, the last batch first.
  const batches = [2, 0, 1].map((index) =>
    regular(NEW_YEAR_MS + index * 40_000 * 3 * MINUTE_MS, 3 * MINUTE_MS, 40_000)
  );
  for (const batch of batches) assertEquals(set.add(batch).length, 0);
  // Every minute of the same days: a third of them is known.
  const known = set.add(regular(NEW_YEAR_MS, MINUTE_MS, 360_000));
  assertEquals(known, regular(NEW_YEAR_MS, 3 * MINUTE_MS, 120_000));
});

Deno.test("a year of seconds is remembered in 256 KiB, with a gap in every hour in 4.5 MiB", () => {
  // 963 batches of 32,768 seconds are a year. A part without gaps costs 200 bytes, one with gaps
  // 4 KiB more.
  for (const [gapEvery, maxBytes] of [[Infinity, 262_144], [3_600, 4.5 * MIB]]) {
    const set = createTimeSet(maxBytes);
    const seconds = Array.from({ length: 32_768 }, (_, i) => i).filter((i) =>
      i % gapEvery !== gapEvery - 1
    );
    const batch = new Float64Array(seconds.length);
    const batchOf = (index: number) => {
      for (let i = 0; i < batch.length; i++) {
        batch[i] = NEW_YEAR_MS + (index * 32_768 + seconds[i]) * 1_000;
      }
      return batch;
    };
    for (let index = 0; index < 963; index++) assertEquals(set.add(batchOf(index)).length, 0);
    for (const index of [0, 777, 962]) assertEquals(set.add(batchOf(index)), batch);
  }
});

Deno.test("a million times at no regular step are remembered in 8 MiB", () => {
  const set = createTimeSet(8 * MIB);
  // Five minutes and up to a second, from a fixed sequence of remainders.
  const batchOf = (index: number) =>
    Float64Array.from({ length: 32_768 }, (_, i) => {
      const n = index * 32_768 + i;
      return NEW_YEAR_MS + n * 5 * MINUTE_MS + (n * 7_919) % 997;
    });
  for (let index = 0; index < 31; index++) assertEquals(set.add(batchOf(index)).length, 0);
  assertEquals(set.add(batchOf(0)), batchOf(0));
});

Deno.test("past its memory the set forgets its oldest parts and never invents a time", () => {
  // A batch is a part of its own, of 131,272 bytes: four of them fit.
  const batchOf = (index: number) =>
    Float64Array.from(
      { length: 32_768 },
      (_, i) => NEW_YEAR_MS + index * 2 ** 31 + i * 60_000 + i * i % 997,
    );
  const set = createTimeSet(4 * 131_272);
  for (let index = 0; index < 10; index++) assertEquals(set.add(batchOf(index)).length, 0);
  // In the order of their age; 6 is the oldest and is forgotten when 0 comes again.
  assertEquals([9, 8, 7].map((index) => set.add(batchOf(index)).length), [32_768, 32_768, 32_768]);
  assertEquals([0, 6, 9].map((index) => set.add(batchOf(index)).length), [0, 0, 0]);
  assertEquals([8, 7, 0, 6].map((index) => set.add(batchOf(index)).length), [0, 0, 0, 0]);
});
