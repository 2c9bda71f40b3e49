import fc from "fast-check";
import { createIntervalMeter } from "../../../data/readings/sampling_interval.ts";
import { assertEquals } from "../../support/assert.ts";

const MINUTE_MS = 60_000;

/** How many intervals are missing among readings at some minutes; the span is in minutes too. */
function missing(minutes: readonly number[], [from, to]: readonly [number, number]): number | null {
  const meter = createIntervalMeter();
  meter.add(Float64Array.from(minutes, (minute) => minute * MINUTE_MS));
  return meter.missingIntervals({ fromMs: from * MINUTE_MS, toMs: to * MINUTE_MS });
}

Deno.test("nothing is missing if every interval of the span has a reading", () => {
  assertEquals(missing([0, 1, 2, 3, 4], [0, 5]), 0);
  assertEquals(missing([0, 15, 30, 45], [0, 60]), 0);
});

Deno.test("steps without a reading count in gaps, before the first and after the last reading", () => {
  assertEquals(missing([0, 1, 2, 5, 6], [0, 7]), 2); // 3, 4
  assertEquals(missing([2, 3, 4], [0, 5]), 2); // 0, 1
  assertEquals(missing([0, 1, 2], [0, 5]), 2); // 3, 4
  assertEquals(missing([2, 3, 6, 7], [0, 10]), 6); // 0, 1, 4, 5, 8, 9
  assertEquals(missing([15, 30, 60, 75], [0, 120]), 4); // 0, 45, 90, 105
});

Deno.test("the end of a span is not part of it, and a partial step is not counted", () => {
  assertEquals(missing([0, 15, 30], [0, 45]), 0);
  assertEquals(missing([0, 15, 30], [0, 45.5]), 1); // 45
  assertEquals(missing([0, 15, 30], [0, 60]), 1);
  assertEquals(missing([14, 29, 44], [0, 45]), 0);
});

Deno.test("readings that are some seconds early or late are not missing", () => {
  assertEquals(missing([0, 1, 2, 3.1, 3.9, 5, 6], [0, 7]), 0);
  // Distances 1, 1, 2.1, 0.9, 1, 1: one step is missing at 2.1.
  assertEquals(missing([0, 1, 2, 4.1, 5, 6, 7], [0, 8]), 1);
  // Two steps are missing at 2.9; the other distances are about 1.
  assertEquals(missing([0, 1, 2, 4.9, 5.9, 6.9], [0, 7]), 2);
});

Deno.test("the most common distance is the interval", () => {
  // Four steps of 1 and two of 15: 14 minutes are missing between 4 and 19, and between 19 and 34.
  assertEquals(missing([0, 1, 2, 3, 4, 19, 34], [0, 35]), 28);
  // Four steps of 15, and two of 1 within an interval.
  assertEquals(missing([0, 15, 30, 45, 60, 61, 62], [0, 75]), 0);
});

Deno.test("if two distances are equally common, the shorter one is the interval", () => {
  assertEquals(missing([0, 1, 2, 12, 22], [0, 23]), 18); // 3 to 11 and 13 to 21
  assertEquals(missing([0, 10, 20, 21, 22], [0, 23]), 18);
});

Deno.test("fewer than two readings have no interval", () => {
  assertEquals(missing([], [0, 10]), null);
  assertEquals(missing([3], [0, 10]), null);
});

Deno.test("times that are added in parts count as if added at once", () => {
  const steps = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 7 }), (list, size) => {
    const minutes = list.reduce((times, step) => [...times, times[times.length - 1] + step], [0]);
    const meter = createIntervalMeter();
    for (let at = 0; at <= minutes.length; at += size) {
      meter.add(Float64Array.from(minutes.slice(at, at + size), (minute) => minute * MINUTE_MS));
    }
    const toMs = 500 * MINUTE_MS;
    assertEquals(meter.missingIntervals({ fromMs: 0, toMs }), missing(minutes, [0, 500]));
    assertEquals(meter.missingIntervals({ fromMs: 0, toMs }), missing(minutes, [0, 500]));
  }));
});

Deno.test("missing and existing readings of a regular series add up to its span", () => {
  // Some of the 60 minutes of an hour are left out, but never so many that a gap becomes the interval.
  const left = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { maxLength: 12 });
  fc.assert(fc.property(left, (minutesLeft) => {
    const minutes = Array.from({ length: 60 }, (_, minute) => minute)
      .filter((minute) => !minutesLeft.includes(minute));
    assertEquals(missing(minutes, [0, 60]), minutesLeft.length);
  }));
});
