import { createMetricRows } from "../../../data/exports/metric_rows.ts";
import { decimalText, FLOAT } from "../../../data/readings/decimal.ts";
import type { Column } from "../../../data/readings/page.ts";
import { assertEquals } from "../../support/assert.ts";

const KINDS = ["sum", "mean", "min", "max", "first", "last", "count"] as const;

function column(scale: number, values: number[]): Column {
  return { scale, values: Float64Array.from(values) };
}

/** The text of each aggregate of one row with all values of some columns. */
function texts(...columns: Column[]): Record<string, string> {
  const rows = createMetricRows(4, KINDS);
  rows.clear(0);
  for (const one of columns) rows.add(0, one, 0, one.values.length);
  return Object.fromEntries(KINDS.map((kind) => {
    const { scale, values } = rows.column(kind, 1);
    return [kind, decimalText(values[0], scale)];
  }));
}

Deno.test("a sum of decimals is exact where doubles are not", () => {
  // As doubles, ten times 0.1 is 0.9999999999999999.
  assertEquals(texts(column(1, Array(10).fill(1))).sum, "1");
  assertEquals(texts(column(1, [1]), column(2, [20]), column(0, [3])).sum, "3.3");
});

Deno.test("columns of any scale aggregate together, missing values left out", () => {
  assertEquals(texts(column(1, [NaN, 25, -5]), column(3, [1_250, NaN]), column(0, [2, NaN])), {
    // 2.5 - 0.5 + 1.25 + 2
    sum: "5.25",
    mean: "1.3125",
    min: "-0.5",
    max: "2.5",
    first: "2.5",
    last: "2",
    count: "4",
  });
});

Deno.test("a mean has nine decimals", () => {
  assertEquals(texts(column(0, [1, 0, 0])).mean, "0.333333333");
  assertEquals(texts(column(0, [-2, 0, 0])).mean, "-0.666666667");
  // Six more than the values, if that is more.
  assertEquals(texts(column(5, [1, 0, 0])).mean, "0.00000333333");
});

Deno.test("without values a count is 0 and everything else is missing", () => {
  const { count, ...others } = texts(column(2, [NaN]));
  assertEquals(count, "0");
  assertEquals(Object.values(others), ["", "", "", "", "", ""]);
});

Deno.test("a sum whose mantissa leaves 2^53 becomes the nearest double", () => {
  const large = Number.MAX_SAFE_INTEGER;
  // 3 × 9007199254740991 / 1000 = 27021597764222.973
  assertEquals(texts(column(3, [large, large, large])).sum, "27021597764222.973");
  assertEquals(texts(column(0, [large, large, -large, -large, 1])).sum, "1");
  // A finer scale that the larger value cannot have.
  assertEquals(texts(column(0, [large]), column(3, [1])).max, String(large));
  assertEquals(texts(column(3, [1]), column(0, [large])).max, String(large));
});

Deno.test("doubles are summed with compensation, also together with decimals", () => {
  assertEquals(texts(column(FLOAT, [1e100, 1, -1e100])).sum, "1");
  assertEquals(texts(column(1, [5]), column(FLOAT, [0.25])).sum, "0.75");
  assertEquals(texts(column(FLOAT, [0.25]), column(1, [5])).last, "0.5");
});

Deno.test("rows do not mix", () => {
  const rows = createMetricRows(4, ["sum"]);
  rows.clear(0);
  rows.add(0, column(0, [1, 2, 3]), 0, 2);
  rows.clear(1);
  rows.add(1, column(1, [5]), 0, 1);
  rows.clear(2);
  const { scale, values } = rows.column("sum", 3);
  assertEquals([scale, ...values], [1, 30, 5, NaN]);
});
