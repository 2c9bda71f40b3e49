import fc from "fast-check";
import {
  decimalText,
  fixedText,
  FLOAT,
  plainText,
  powerOfTen,
  rescale,
  toFixed,
  toFloats,
  toNumber,
} from "../../../data/readings/decimal.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { decimalTexts, plainDecimal, readDecimal } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

Deno.test("fixedText() writes a mantissa without trailing zeros", () => {
  const table: [mantissa: number, scale: number, text: string][] = [
    [2301, 1, "230.1"],
    [2300, 1, "230"],
    [5, 3, "0.005"],
    [-5, 3, "-0.005"],
    [-1250, 2, "-12.5"],
    [0, 0, "0"],
    [0, 6, "0"],
    [-0, 2, "0"],
    [7, 0, "7"],
    [100, 0, "100"],
    [1, 15, "0.000000000000001"],
    [9007199254740991, 0, "9007199254740991"],
    [9007199254740991, 15, "9.007199254740991"],
    [-9007199254740991, 3, "-9007199254740.991"],
  ];
  for (const [mantissa, scale, text] of table) assertEquals(fixedText(mantissa, scale), text);
});

Deno.test("fixedText() writes the decimal that whole-number arithmetic yields", () => {
  const scales = fc.integer({ min: 0, max: 15 });
  fc.assert(fc.property(fc.maxSafeInteger(), scales, (mantissa, scale) => {
    assertEquals(fixedText(mantissa, scale), plainDecimal(`${mantissa}e-${scale}`));
  }));
});

Deno.test("decimalText() writes mantissas and doubles, and an empty text for a missing value", () => {
  assertEquals([2301, -5, 0, NaN].map((value) => decimalText(value, 1)), [
    "230.1",
    "-0.5",
    "0",
    "",
  ]);
  const doubles = [0.1 + 0.2, -2.5e-7, 1e21, NaN].map((value) => decimalText(value, FLOAT));
  assertEquals(doubles, ["0.30000000000000004", "-0.00000025", "1000000000000000000000", ""]);
});

Deno.test("plainText() writes a double with an exponent as a plain decimal", () => {
  const table: [value: number, text: string][] = [
    [0, "0"],
    [-0, "0"],
    [230.1, "230.1"],
    [1e21, "1000000000000000000000"],
    [1.25e22, "12500000000000000000000"],
    [-1.5e21, "-1500000000000000000000"],
    [1e-7, "0.0000001"],
    [-1.25e-7, "-0.000000125"],
    [123456789012345680000, "123456789012345680000"],
    [5e-324, `0.${"0".repeat(323)}5`],
    [NaN, ""],
  ];
  for (const [value, text] of table) assertEquals(plainText(value), text);
});

Deno.test("plainText() of any double has no exponent and parses to the same double", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const text = plainText(value);
    assertMatch(text, /^-?\d+(\.\d*[1-9])?$/);
    assertEquals(Number(text), value + 0);
  }));
});

Deno.test("toNumber() divides by ten to the scale", () => {
  assertEquals(toNumber(2301, 1), 230.1);
  assertEquals(toNumber(123456789012345, 15), 0.123456789012345);
  assertEquals(toNumber(0.75, FLOAT), 0.75);
  assertEquals(toNumber(NaN, 3), NaN);
});

Deno.test("toNumber() returns the double that JavaScript parses from the decimal", () => {
  fc.assert(fc.property(decimalTexts(), (text) => {
    const { value, scale } = readDecimal(text);
    assertEquals(toNumber(value, scale), Number(text) + 0);
  }));
});

Deno.test("toFloats() converts mantissas to doubles and leaves doubles unchanged", () => {
  assertEquals([...toFloats(Float64Array.of(2301, -5, NaN), 1)], [230.1, -0.5, NaN]);
  assertEquals([...toFloats(Float64Array.of(0.75, 1e30), FLOAT)], [0.75, 1e30]);
});

Deno.test("powerOfTen() is exact up to 10^22", () => {
  const wrong = Array.from({ length: 23 }, (_, exponent) => exponent)
    .filter((exponent) => BigInt(powerOfTen(exponent)) !== 10n ** BigInt(exponent));
  assertEquals(wrong, []);
});

Deno.test("rescale() multiplies up to 2^53 - 1 and returns null beyond that", () => {
  assertEquals(rescale(Float64Array.of(12, -3, NaN, 0), 1, 3), Float64Array.of(1200, -300, NaN, 0));
  // 900719925474099 × 10 = 9007199254740990 is below 2^53 - 1 = 9007199254740991.
  const largest = Float64Array.of(900719925474099, -900719925474099);
  assertEquals([...rescale(largest, 0, 1) ?? []], [9007199254740990, -9007199254740990]);
  assertEquals(rescale(Float64Array.of(900719925474100), 0, 1), null);
  assertEquals(rescale(Float64Array.of(-900719925474100), 0, 1), null);
});

Deno.test("toFixed() finds the smallest scale that holds every value", () => {
  assertEquals(toFixed(Float64Array.of(230, 0.5, NaN, -1.25)), {
    scale: 2,
    values: Float64Array.of(23000, 50, NaN, -125),
  });
  assertEquals(toFixed(Float64Array.of(7, -0)), { scale: 0, values: Float64Array.of(7, 0) });
});

Deno.test("toFixed() returns null for doubles that no scale from 0 to 15 holds", () => {
  assertEquals(toFixed(Float64Array.of(1, 0.1 + 0.2)), null);
  assertEquals(toFixed(Float64Array.of(1e-16)), null);
  assertEquals(toFixed(Float64Array.of(1e16)), null);
  // 1e-11 needs scale 11, but at scale 11 123456.5 is 1.2 × 10^16, more than 2^53.
  assertEquals(toFixed(Float64Array.of(123456.5, 1e-11)), null);
});

Deno.test("toFixed() keeps the shortest decimal of a large value next to a fine one", () => {
  // At scale 10, 800007.18 is 8.0 × 10^15: two mantissas there stand for the same double.
  const values = Float64Array.of(800007.18, 0.1234567891);
  const { scale, values: mantissas } = toFixed(values) ?? { scale: FLOAT, values };
  assertEquals(decimalText(mantissas[0], scale), "800007.18");
});

Deno.test("toFixed() returns mantissas of the shortest decimals of their doubles", () => {
  const fine = decimalTexts({ minScale: 8, maxScale: 10 });
  const texts = fc.array(fine, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(texts, (decimals) => {
      const fixed = toFixed(Float64Array.from(decimals, Number));
      if (fixed === null) return;
      const { scale, values } = fixed;
      assertEquals(
        Array.from(values, (mantissa) => plainDecimal(`${mantissa}e-${scale}`)),
        decimals.map(plainDecimal),
      );
    }),
    { numRuns: amount({ quick: 250, thorough: 1_000 }) },
  );
});
