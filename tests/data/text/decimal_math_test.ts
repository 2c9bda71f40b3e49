import fc from "fast-check";
import { decimalText, FLOAT } from "../../../data/readings/decimal.ts";
import { difference, product } from "../../../data/text/decimal_math.ts";
import { assertEquals } from "../../support/assert.ts";
import { readDecimal } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

Deno.test("a difference is exact where doubles are not", () => {
  const table: [one: number, other: number, scale: number, expected: string][] = [
    // 37825.112 - 37823.861 is 1.2510000000038417 in doubles.
    [37825112, 37823861, 3, "1.251"],
    [9_007_199_254_740_991, 9_007_199_254_740_990, 15, "0.000000000000001"],
    [9_007_199_254_740_991, -9_007_199_254_740_991, 0, "18014398509481982"],
    [37825.112, 37823.861, FLOAT, "1.251"],
    [1, 3, 0, "-2"],
    [5, 5, 2, "0"],
  ];
  for (const [one, other, scale, expected] of table) {
    const { value, scale: kept } = difference(one, other, scale);
    assertEquals(decimalText(value, kept), expected);
  }
});

Deno.test("a product with a fraction is exact if it is finite, else rounded half up", () => {
  const table: [value: string, over: number, under: number, expected: string][] = [
    // 0.1 kWh in a quarter of an hour, and back.
    ["0.1", 3_600_000, 900_000, "0.4"],
    ["0.4", 900_000, 3_600_000, "0.1"],
    ["0.001", 900_000, 3_600_000, "0.00025"],
    // 1 kWh in 20 minutes is 3 kW; 1 kW for 20 minutes is a third of a kWh.
    ["1", 3_600_000, 1_200_000, "3"],
    ["1", 1_200_000, 3_600_000, "0.333333"],
    ["-1", 1_200_000, 3_600_000, "-0.333333"],
    ["4.216", 60_000, 3_600_000, "0.070267"],
    // Half of a millionth goes up: 0.0000015 / 3 = 0.0000005.
    ["0.0000015", 1, 3, "0.000001"],
    ["1234567890.12345", 3_600_000, 900_000, "4938271560.4938"],
    ["0", 3_600_000, 900_000, "0"],
  ];
  for (const [text, over, under, expected] of table) {
    const { value, scale } = product(readDecimal(text), { over, under }, 6);
    assertEquals(decimalText(value, scale), expected, `${text} × ${over} / ${under}`);
  }
});

Deno.test("products are what whole-number arithmetic gives", () => {
  const mantissa = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
  const minutes = fc.integer({ min: 1, max: 1_500 });
  fc.assert(
    fc.property(mantissa, fc.nat(6), minutes, (value, scale, under) => {
      const { value: got, scale: kept } = product({ value, scale }, { over: 60, under }, 6);
      const [dividend, divisor] = [BigInt(value) * 60n, BigInt(under) * 10n ** BigInt(scale)];
      const isFinite = dividend * 10n ** 15n % divisor === 0n;
      const decimals = isFinite && kept > 6 ? BigInt(kept) : 6n;
      // Half up: floor(x + 1/2).
      const doubled = 2n * dividend * 10n ** decimals + divisor;
      const floored = (doubled - (doubled % (2n * divisor) + 2n * divisor) % (2n * divisor)) /
        (2n * divisor);
      assertEquals(
        Number(decimalText(got, kept)),
        Number(`${floored}e-${decimals}`),
        `${value}e-${scale} × 60 / ${under}`,
      );
    }),
    { numRuns: amount({ quick: 500, thorough: 2_000 }) },
  );
});
