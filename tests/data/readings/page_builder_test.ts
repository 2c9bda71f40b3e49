import fc from "fast-check";
import { decodePage } from "../../../data/readings/page_decoder.ts";
import { encodePage } from "../../../data/readings/page_encoder.ts";
import { parseDecimal } from "../../../data/text/decimal_fields.ts";
import { decimalText, FLOAT } from "../../../data/readings/decimal.ts";
import type { Column } from "../../../data/readings/page.ts";
import { createPageBuilder } from "../../../data/readings/page_builder.ts";
import { assertEquals } from "../../support/assert.ts";
import { decimalTexts, pageOf, plainDecimal } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

/** The column of some decimals, parsed like the fields of an upload. */
function builtColumn(texts: readonly string[]): Column {
  const builder = createPageBuilder(1, 2);
  texts.forEach((text, row) => {
    const { value, scale } = parseDecimal(text) ?? { value: NaN, scale: 0 };
    builder.add(row, Float64Array.of(value), Int8Array.of(scale));
  });
  return builder.take().columns[0];
}

/** The decimals after encoding and decoding. */
function storedTexts(texts: readonly string[]): string[] {
  const column = builtColumn(texts);
  const page = { timesMs: Float64Array.from(texts, (_, row) => row * 60_000), columns: [column] };
  const [stored] = decodePage(encodePage(page)).columns;
  return Array.from(stored.values, (value) => decimalText(value, stored.scale));
}

Deno.test("take() converts a column to its largest scale and keeps missing values", () => {
  assertEquals(builtColumn(["230.1", "", "7", "0.125"]), {
    scale: 3,
    values: Float64Array.of(230_100, NaN, 7_000, 125),
  });
});

Deno.test("take() ignores the scale of a missing value", () => {
  const builder = createPageBuilder(1);
  for (const scale of [FLOAT, 15]) builder.add(scale, Float64Array.of(NaN), Int8Array.of(scale));
  builder.add(20, Float64Array.of(2301), Int8Array.of(1));
  assertEquals(builder.take().columns, [{ scale: 1, values: Float64Array.of(NaN, NaN, 2301) }]);
});

Deno.test("take() returns a column of doubles if one value is a double or does not fit", () => {
  assertEquals(builtColumn(["0.1", "1e9", ""]), {
    scale: FLOAT,
    values: Float64Array.of(0.1, 1e9, NaN),
  });
  // 123456789 at scale 15 would be 1.2 × 10^23.
  assertEquals(builtColumn(["123456789", "0.000000000000001"]), {
    scale: FLOAT,
    values: Float64Array.of(123456789, 1e-15),
  });
});

Deno.test("take() returns the rows in the order they were added, and empties the builder", () => {
  const builder = createPageBuilder(2, 1);
  const values = Float64Array.of(1, 2);
  const scales = Int8Array.of(0, 1);
  for (const timeMs of [30, 10, 10]) builder.add(timeMs, values, scales);
  values.fill(9);
  assertEquals(builder.length(), 3);
  const page = builder.take();
  assertEquals(page.timesMs, Float64Array.of(30, 10, 10));
  assertEquals(page.columns.map((column) => [...column.values]), [[1, 1, 1], [2, 2, 2]]);
  assertEquals(builder.length(), 0);
  assertEquals(builder.take().timesMs.length, 0);
});

Deno.test("take() returns a page with its own memory, which later rows do not change", () => {
  const builder = createPageBuilder(1, 4);
  builder.add(1, Float64Array.of(11), Int8Array.of(0));
  const first = builder.take();
  builder.add(2, Float64Array.of(22), Int8Array.of(2));
  const second = builder.take();
  assertEquals([first.timesMs[0], first.columns[0].values[0]], [1, 11]);
  assertEquals([second.timesMs[0], second.columns[0]], [2, {
    scale: 2,
    values: Float64Array.of(22),
  }]);
});

Deno.test("a column without any value has scale 0 and only missing values", () => {
  assertEquals([...pageOf([[1, ""], [2, ""]]).columns[0].values], [NaN, NaN]);
});

Deno.test("a decimal of up to 15 digits comes back from a block exactly", () => {
  fc.assert(
    fc.property(decimalTexts(), (text) => {
      assertEquals(storedTexts([text]), [plainDecimal(text)]);
    }),
    { numRuns: amount({ quick: 250, thorough: 1_000 }) },
  );
});

Deno.test("decimals of any scales and exponents come back from one column exactly", () => {
  const withExponent = fc.tuple(decimalTexts({ maxScale: 5 }), fc.integer({ min: -20, max: 20 }))
    .map(([text, exponent]) => `${text}e${exponent}`);
  const text = fc.oneof(decimalTexts(), decimalTexts({ maxScale: 3 }), withExponent);
  const column = fc.array(fc.oneof(fc.constant(""), text), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(column, (texts) => {
      assertEquals(storedTexts(texts), texts.map(plainDecimal));
    }),
    { numRuns: amount({ quick: 250, thorough: 1_000 }) },
  );
});

Deno.test("large and fine decimals next to one with an exponent come back from a block", () => {
  const texts = ["800007.18", "0.1234567891", "1.5e3"];
  assertEquals(storedTexts(texts), ["800007.18", "0.1234567891", "1500"]);
});
