import { assertEquals } from "../support/assert.ts";
import { delaysSince } from "./loop_probe.ts";

Deno.test("delaysSince() counts a stall once for each interval of 2 ms in it", () => {
  // Moments are due at 100 and every 2 ms after it: at 107, those at 100, 102, 104 and 106 have waited.
  assertEquals(delaysSince(100, 107), [7, 5, 3, 1]);
  assertEquals(delaysSince(100, 104), [4, 2, 0]);
  assertEquals(delaysSince(100, 100.5), [0.5]);
});

Deno.test("delaysSince() counts nothing before the first moment is due", () => {
  assertEquals(delaysSince(100, 99), []);
});
