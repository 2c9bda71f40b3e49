import fc from "fast-check";
import { PROFILES } from "../../../data/readings/profile.ts";
import { createReadingRow, rangeRule, type SharedRow } from "../../../data/imports/reading_row.ts";
import { assertEquals } from "../../support/assert.ts";
import { decimalTexts, plainDecimal, readDecimal } from "../../support/pages.ts";
import { takenRows } from "./upload.ts";
import { amount } from "../../support/thorough.ts";

const NEW_YEAR_MS = 1_704_067_200_000;

function meterRow(): SharedRow {
  return createReadingRow(PROFILES.meter, { oldestMs: 0 });
}

function siteRow(oldestMs = 0): SharedRow {
  return createReadingRow(PROFILES.site, { oldestMs });
}

/** A voltage given in a unit of another power of ten; "refused" if it is out of range. */
function voltageOf(text: string, exponent: number): string {
  const row = meterRow();
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

Deno.test("a value that is made missing leaves no trace of the one before", () => {
  const row = meterRow();
  const power = { metric: 1, exponent: 0 };
  row.set(power, { value: 60, scale: 0 });
  row.add(NEW_YEAR_MS, 1);
  row.setMissing(power);
  row.add(NEW_YEAR_MS + 1, 2);
  assertEquals(takenRows(row), [
    [NEW_YEAR_MS, "", "60", "", ""],
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
