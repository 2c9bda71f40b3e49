import fc from "fast-check";
import type { Derivation } from "../../../data/imports/dialect.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { createReadingRow, rangeRule, type SharedRow } from "../../../data/imports/reading_row.ts";
import { assertEquals } from "../../support/assert.ts";
import { decimalTexts, plainDecimal, readDecimal } from "../../support/pages.ts";
import { takenRows } from "./upload.ts";
import { amount } from "../../support/thorough.ts";

const NEW_YEAR_MS = 1_704_067_200_000;
/** Energy of a minute from its mean power. */
const PER_MINUTE: Derivation = { metric: 0, from: 1, divisor: 60, scale: 6 };

function meterRow(derivation: Derivation | null): SharedRow {
  return createReadingRow(PROFILES.meter, { derivation, oldestMs: 0 });
}

function siteRow(oldestMs = 0): SharedRow {
  return createReadingRow(PROFILES.site, { derivation: null, oldestMs });
}

/** The energy computed from a power. */
function energyOf(power: string): string {
  const row = meterRow(PER_MINUTE);
  if (power !== "") row.set({ metric: 1, exponent: 0 }, { ...readDecimal(power) });
  row.add(NEW_YEAR_MS, 1);
  return takenRows(row)[0][1];
}

/** A voltage given in a unit of another power of ten; "refused" if it is out of range. */
function voltageOf(text: string, exponent: number): string {
  const row = meterRow(null);
  const isInRange = row.set({ metric: 2, exponent }, { ...readDecimal(text) });
  row.add(NEW_YEAR_MS, 1);
  return isInRange ? takenRows(row)[0][3] : "refused";
}

Deno.test("a value in another unit is converted exactly", () => {
  const table: [text: string, exponent: number, expected: string][] = [
    ["230100", -3, "230.1"],
    ["0.5", -3, "0.0005"],
    ["0.23", 3, "230"],
    ["0.2301", 3, "230.1"],
    ["1000", 3, "1000000"],
    ["0.000000000000001", -3, "0.000000000000000001"],
    ["123456.789012345", -3, "123.456789012345"],
    ["0", 3, "0"],
    ["-0", 3, "0"],
    // 16 digits; the quotient of the doubles would be 4.2161234567890125.
    ["4216.123456789012", -3, "4.216123456789012"],
  ];
  for (const [text, exponent, expected] of table) {
    assertEquals(voltageOf(text, exponent), expected, `${text} by 10^${exponent}`);
  }
});

Deno.test("the range of a metric is in its own unit", () => {
  assertEquals(voltageOf("1000000000", -3), "1000000");
  assertEquals(voltageOf("1000000001", -3), "refused");
  assertEquals(voltageOf("1000", 3), "1000000");
  assertEquals(voltageOf("1000.001", 3), "refused");
  assertEquals(voltageOf("-0.001", -3), "refused");
  assertEquals(rangeRule(PROFILES.meter.metrics[2]), "0 to 1000000 V");
});

Deno.test("any decimal of 15 digits stays exact in another unit", () => {
  const texts = decimalTexts({ minScale: 12, isPositive: true });
  fc.assert(
    fc.property(texts, fc.constantFrom(-3, 3), (text, exponent) => {
      assertEquals(voltageOf(text, exponent), plainDecimal(`${text}e${exponent}`));
    }),
    { numRuns: amount({ quick: 500, thorough: 2_000 }) },
  );
});

Deno.test("the energy of a minute is its power divided by 60, rounded half up to six decimals", () => {
  const table: [power: string, energy: string][] = [
    // 4.216 / 60 = 0.07026666…, 5.36 / 60 = 0.08933333…
    ["4.216", "0.070267"],
    ["5.360", "0.089333"],
    ["0", "0"],
    ["60", "1"],
    // 0.00003 / 60 is half a millionth; with a trailing zero it is too.
    ["0.00003", "0.000001"],
    ["0.0000300", "0.000001"],
    ["0.00002999", "0"],
    ["0.000029999999999", "0"],
    ["0.00009", "0.000002"],
    ["0.00399", "0.000067"],
    ["0.0039900", "0.000067"],
    ["-0.00003", "0"],
    ["-0.00009", "-0.000001"],
    // 16 digits.
    ["1.2345678901234567", "0.020576"],
    ["1000000", "16666.666667"],
    ["", ""],
  ];
  for (const [power, energy] of table) assertEquals(energyOf(power), energy, power);
});

Deno.test("the energy of any power is what whole-number arithmetic gives", () => {
  fc.assert(
    fc.property(decimalTexts({ minScale: 9 }), fc.boolean(), (random, isTie) => {
      // Ties are multiples of 0.00003 with an odd factor.
      const thirds = BigInt(Math.floor(Math.abs(Number(random)) * 100)) * 2n + 1n;
      const power = isTie ? plainDecimal(`${thirds * 3n}e-5`) : random;
      const [whole, fraction = ""] = power.replace("-", "").split(".");
      const scale = BigInt(fraction.length);
      const size = BigInt(whole + fraction);
      const mantissa = power.startsWith("-") ? -size : size;
      // floor(power × 10^6 / 60 + 1/2), as one quotient of whole numbers.
      const divisor = 60n * 10n ** scale;
      const doubled = 2n * mantissa * 1_000_000n + divisor;
      const floored = (doubled - (doubled % (2n * divisor) + 2n * divisor) % (2n * divisor)) /
        (2n * divisor);
      assertEquals(energyOf(power), plainDecimal(`${floored}e-6`), power);
    }),
    { numRuns: amount({ quick: 500, thorough: 2_000 }) },
  );
});

Deno.test("a computed value is missing when the one it is computed from is", () => {
  const row = meterRow(PER_MINUTE);
  const power = { metric: 1, exponent: 0 };
  row.set(power, { value: 60, scale: 0 });
  row.add(NEW_YEAR_MS, 1);
  row.setMissing(power);
  row.add(NEW_YEAR_MS + 1, 2);
  assertEquals(takenRows(row), [
    [NEW_YEAR_MS, "1", "60", "", ""],
    [NEW_YEAR_MS + 1, "", "", "", ""],
  ]);
});

Deno.test("a row refuses times before the oldest, after the year 9999, and NaN", () => {
  const row = siteRow(NEW_YEAR_MS);
  const times = [NEW_YEAR_MS - 1, NEW_YEAR_MS, 253_402_300_799_999, 253_402_300_800_000, NaN];
  assertEquals(times.map((timeMs) => row.add(timeMs, 1)), [false, true, true, false, false]);
  assertEquals(row.waiting(), 2);
});

Deno.test("clear() leaves nothing of the previous row", () => {
  const row = siteRow();
  row.set({ metric: 0, exponent: 0 }, { value: 1, scale: 0 });
  row.clear();
  row.add(NEW_YEAR_MS, 1);
  assertEquals(takenRows(row), [[NEW_YEAR_MS, ""]]);
});

Deno.test("each reading keeps its place, however many there are, and taking starts anew", () => {
  const row = siteRow();
  const places = Array.from({ length: 5_000 }, (_, index) => 2 + 3 * index);
  for (const place of places) row.add(NEW_YEAR_MS + place, place);
  const [{ batch: { page, places: taken } }] = row.take();
  assertEquals([...taken], places);
  assertEquals(page.timesMs[4_999], NEW_YEAR_MS + 14_999);
  row.add(NEW_YEAR_MS, 7);
  assertEquals([row.waiting(), [...row.take()[0].batch.places], row.waiting()], [1, [7], 0]);
});
