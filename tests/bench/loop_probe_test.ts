import { assertEquals } from "../support/assert.ts";
import { lastSeenSince } from "./loop_probe.ts";

Deno.test("lastSeenSince() counts a stall once for each beat of 2 ms within it", () => {
  // Moments are due at 100 and every 2 ms after it: at 107, those at 100, 102, 104 and 106 have waited.
  assertEquals(lastSeenSince(100, 107), [7, 5, 3, 1]);
  assertEquals(lastSeenSince(100, 104), [4, 2, 0]);
  assertEquals(lastSeenSince(100, 100.5), [0.5]);
});

Deno.test("lastSeenSince() counts nothing before the first beat is due", () => {
  assertEquals(lastSeenSince(100, 99), []);
});
