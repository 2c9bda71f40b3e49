import { assertEquals } from "../support/assert.ts";
import { median, percentile } from "./spread.ts";

Deno.test("median() is the middle number, or the lower one of two middle numbers", () => {
  assertEquals([median([30, 10, 20]), median([4, 1, 3, 2]), median([])], [20, 2, NaN]);
});

Deno.test("percentile() is the nearest rank, in any order of the numbers", () => {
  // https://en.wikipedia.org/wiki/Percentile#Worked_examples_of_the_nearest-rank_method
  const values = [50, 15, 40, 20, 35];
  assertEquals([5, 30, 40, 50, 100].map((percent) => percentile(values, percent)), [
    15,
    20,
    20,
    35,
    50,
  ]);
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assertEquals([percentile(hundred, 99), percentile([7], 99)], [99, 7]);
});
