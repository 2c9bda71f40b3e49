import fc from "fast-check";
import { asciiString, createAsciiText, ensureRoom } from "../../../data/text/ascii_text.ts";
import { FLOAT } from "../../../data/readings/decimal.ts";
import {
  DECIMAL_MAX_CHARS,
  type DecimalTable,
  decimalTable,
  writeDecimal,
} from "../../../data/text/decimal_words.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { plainDecimal } from "../../support/pages.ts";

function written(table: DecimalTable, value: number): string {
  const text = createAsciiText(0);
  ensureRoom(text, 0, DECIMAL_MAX_CHARS);
  return asciiString(text, writeDecimal(text, 0, { table, value }));
}

/** The text that a table keeps for a mantissa; "" if it keeps none. */
function kept({ words, lengths }: DecimalTable, place: number): string {
  const bytes = new Uint8Array(words.slice(place, place + 1).buffer);
  return new TextDecoder().decode(bytes.subarray(0, lengths[place]));
}

Deno.test("writeDecimal() writes small, large, negative and missing values alike", () => {
  const table = decimalTable(2);
  const mantissas = [0, 1, 65_535, 131_071, 131_072, 131_073, -1, NaN, 2 ** 32, 2 ** 53 - 1];
  const large = ["42949672.96", "90071992547409.91"];
  const expected = ["0", "0.01", "655.35", "1310.71", "1310.72", "1310.73", "-0.01", "", ...large];
  for (let round = 0; round < 2; round++) {
    assertEquals(mantissas.map((mantissa) => written(table, mantissa)), expected);
  }
});

Deno.test("a table keeps the texts of mantissas from 0 to 131,071 and of no others", () => {
  const table = decimalTable(6);
  for (const value of [131_071, 131_072 + 5, -7, 0.5, NaN]) written(table, value);
  // -7 masked is 131,065; 131,077 masked is 5.
  const places = [131_071, 5, 131_065, 0].map((place) => kept(table, place));
  assertEquals(places, ["0.131071", "", "", ""]);
});

Deno.test("each scale has one table; doubles and fine scales keep nothing", () => {
  written(decimalTable(0), 230);
  assertEquals(kept(decimalTable(0), 230), "230");
  for (const scale of [FLOAT, 7, 15]) {
    written(decimalTable(scale), 230);
    assertEquals(kept(decimalTable(scale), 230), "", `scale ${scale}`);
  }
});

Deno.test("writeDecimal() writes the decimal that whole-number arithmetic gives, kept or not", () => {
  const mantissa = fc.oneof(fc.integer({ min: -200_000, max: 200_000 }), fc.maxSafeInteger());
  fc.assert(
    fc.property(mantissa, fc.integer({ min: 0, max: 15 }), (value, scale) => {
      const table = decimalTable(scale);
      const expected = plainDecimal(`${value}e-${scale}`);
      assertEquals([written(table, value), written(table, value)], [expected, expected]);
    }),
  );
});

Deno.test("doubles and mantissas have the mark of their table", () => {
  assertEquals([2 / 3, 5e-7, -7, NaN].map((value) => written(decimalTable(FLOAT, ","), value)), [
    "0,6666666666666666",
    "0,0000005",
    "-7",
    "",
  ]);
  for (let round = 0; round < 2; round++) {
    assertEquals(written(decimalTable(2, ","), 1_234), "12,34");
  }
});

Deno.test("no decimal is longer than the room for it", () => {
  const table = decimalTable(FLOAT);
  const longest = [-5e-324, -1.7976931348623157e308, 5e-324, -2.2250738585072014e-308];
  for (const value of longest) {
    const text = written(table, value);
    assert(text.length <= DECIMAL_MAX_CHARS, text);
    assertEquals(Number(text), value);
  }
});
