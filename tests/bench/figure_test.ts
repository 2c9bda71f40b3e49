import { assertEquals } from "../support/assert.ts";
import { atLeast, atMost, figureText, within } from "./figure.ts";

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
