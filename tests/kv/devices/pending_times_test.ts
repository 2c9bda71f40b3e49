import fc from "fast-check";
import {
  isPending,
  type PendingTimes,
  removePending,
  rowTimes,
} from "../../../kv/devices/pending_times.ts";
import { assertEquals } from "../../support/assert.ts";

/** Times of a few readings, ascending or not, and some twice. */
const arrays = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 6 });

function pendingOf(times: readonly number[]): PendingTimes {
  // With rows of others around them.
  const timesMs = Float64Array.of(5, ...times, 5);
  return { ...rowTimes(timesMs, { start: 1, end: timesMs.length - 1 }), page: { timesMs } };
}

Deno.test("a time is pending as long as readings that have it are on their way", () => {
  const property = fc.property(
    fc.array(fc.tuple(arrays, fc.boolean()), { maxLength: 5 }),
    fc.boolean(),
    (calls, isSorted) => {
      const pending: PendingTimes[] = [];
      const left: number[][] = [];
      const added = calls.map(([times, isRemoved]) => {
        const own = isSorted ? [...new Set(times)].sort((a, b) => a - b) : times;
        const one = pendingOf(own);
        pending.push(one);
        return { one, own, isRemoved };
      });
      for (const { one, own, isRemoved } of added) {
        if (isRemoved) removePending(pending, one);
        else left.push(own);
      }
      for (let time = 0; time <= 12; time++) {
        assertEquals(isPending(pending, time), left.some((times) => times.includes(time)));
      }
    },
  );
  fc.assert(property);
});

Deno.test("the last row of each time counts, in the order in which the times first occur; ascending ones all do", () => {
  const rows = (times: readonly number[]) => pendingOf(times).lastRows;
  assertEquals([rows([3, 7, 9]), rows([7, 3, 7]), rows([4]), rows([4, 4])], [
    null,
    [3, 2],
    null,
    [2],
  ]);
});
