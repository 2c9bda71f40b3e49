import { assertEquals } from "../support/assert.ts";
import {
  absolute,
  atLeast,
  atMost,
  type Figure,
  figureText,
  isMet,
  ratioOf,
  within,
} from "./figure.ts";

/** A time of ours of 20 ms next to one of 50 ms. */
const TIME: Figure = {
  what: "export",
  ours: 20,
  unit: "ms",
  as: "fast",
  other: { name: "another", value: 50 },
  target: atLeast(2),
};

Deno.test("a target includes its limits, and NaN meets no target", () => {
  const cases = [
    { target: atMost(20), met: [19.9, 20], missed: [20.01, NaN] },
    { target: atLeast(4), met: [4, 4.1], missed: [3.99, NaN] },
    { target: within(0.85, 1.15), met: [0.85, 1, 1.15], missed: [0.84, 1.16, NaN] },
  ];
  for (const { target, met, missed } of cases) {
    assertEquals(met.filter(target.isMet), met, target.text);
    assertEquals(missed.filter(target.isMet), [], target.text);
  }
});

Deno.test("half the time and twice the rate are both twice as fast", () => {
  assertEquals(ratioOf(TIME), 2.5);
  const rate = { ...TIME, ours: 100, unit: "jobs/s" };
  assertEquals(ratioOf(rate), 2);
});

Deno.test("a multiple of a time, and of an amount, is ours through the other", () => {
  assertEquals(ratioOf({ ...TIME, as: "long" }), 0.4);
  assertEquals(ratioOf({ ...TIME, unit: "MB", as: "much" }), 0.4);
});

Deno.test("isMet() asks the ratio, or the value itself if the target is absolute", () => {
  assertEquals(isMet(TIME), true);
  assertEquals(isMet({ ...TIME, other: { name: "another", value: 39 } }), false);
  const home = { ours: 450, unit: "ms", target: atMost(500) };
  assertEquals(isMet(absolute("Home", home)), true);
  assertEquals(isMet(absolute("Home", { ...home, ours: 501 })), false);
});

Deno.test("isMet() is null without a target, and where the other was not measured", () => {
  assertEquals(isMet({ ...TIME, target: null }), null);
  assertEquals(isMet({ ...TIME, other: null }), null);
});

Deno.test("figureText() shows as many decimals as make sense for the size", () => {
  assertEquals([1234.56, 56.74, 1.234, 4 / 3, 4, 0].map(figureText), [
    "1235",
    "56.7",
    "1.23",
    "1.33",
    "4",
    "0",
  ]);
});
