import fc from "fast-check";
import { asciiString, createAsciiText } from "../../../data/text/ascii_text.ts";
import { writeDouble } from "../../../data/text/double_text.ts";
import { plainText } from "../../../data/readings/decimal.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** The text; null if it is left to the caller. */
function written(value: number): string | null {
  const text = createAsciiText(32);
  const end = writeDouble(text, 0, value);
  return end < 0 ? null : asciiString(text, end);
}

/** Doubles next to a number. */
function near(value: number): number[] {
  const double = new Float64Array([value]);
  const bits = new BigInt64Array(double.buffer);
  return [-2n, -1n, 0n, 1n, 2n].map((steps) => {
    const [moved] = new Float64Array(new BigInt64Array([bits[0] + steps]).buffer);
    return moved;
  });
}

Deno.test("writeDouble() writes the text that the engine writes, or nothing", () => {
  const ratio = fc.tuple(
    fc.integer({ min: -50_000, max: 50_000 }),
    fc.integer({ min: 1, max: 1e6 }),
  )
    .map(([above, below]) => above / below);
  const scaled = fc.tuple(fc.double({ min: 0, max: 1 }), fc.integer({ min: -7, max: 16 }))
    .map(([value, exponent]) => value * 10 ** exponent);
  fc.assert(
    fc.property(fc.oneof(ratio, scaled, fc.double(), fc.maxSafeInteger()), (value) => {
      const text = written(value);
      if (text !== null) assertEquals(text, plainText(value));
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("writeDouble() writes nearly all ratios by itself", () => {
  let left = 0;
  for (let above = 1; above <= 100; above++) {
    for (let below = 1; below <= 100; below++) if (written(above / below) === null) left++;
  }
  // Powers of two: 1 / 2, 2 / 4, 1 / 4 and so on.
  assert(left < 250, String(left));
});

Deno.test("doubles next to round numbers, to powers and to the ends of the range are right or left", () => {
  const rounds = [0.1, 0.3, 0.7, 1, 1.005, 2.675, 9.995, 123.456, 1e5, 4096, 2 ** -10, 1e-5, 1e15];
  for (const value of rounds.flatMap(near)) {
    const text = written(value);
    if (text !== null) assertEquals(text, plainText(value));
  }
  assertEquals([0.1 + 0.2, -1 / 3, 1e14 + 0.1].map((value) => written(value)), [
    "0.30000000000000004",
    "-0.3333333333333333",
    "100000000000000.1",
  ]);
});

Deno.test("writeDouble() leaves out what is no number, and very small and large ones", () => {
  const values = [NaN, Infinity, -Infinity, 1e15, -1e300, 9.9e-6, 5e-324];
  assertEquals(values.map((value) => written(value)), values.map(() => null));
});

Deno.test("writeDouble() writes whole numbers, and decimals of few digits", () => {
  const values = [0, -0, 7, -12_345_678, 1e15 - 1];
  const texts = ["0", "0", "7", "-12345678", "999999999999999"];
  assertEquals(values.map((value) => written(value)), texts);
  const decimals = [0.5001, -12.3, 0.07, 1_234_567.89, 0.00012];
  assertEquals(decimals.map(written), ["0.5001", "-12.3", "0.07", "1234567.89", "0.00012"]);
});
