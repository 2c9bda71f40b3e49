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
  for (const one of columns) {
    rows.add(one, { fromRow: 0, toRow: 1, start: 0, ends: Int32Array.of(one.values.length) });
  }
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
  // The first row continues in the second column; the third has no values.
  rows.add(column(0, [9, 1, 2]), { fromRow: 0, toRow: 1, start: 1, ends: Int32Array.of(2) });
  rows.add(column(1, [5, 7]), { fromRow: 0, toRow: 3, start: 0, ends: Int32Array.of(1, 2, 2) });
  const { scale, values } = rows.column("sum", 3);
  assertEquals([scale, ...values], [1, 15, 7, NaN]);
});

Deno.test("rows of sums alone take missing values, other scales and large values in any order", () => {
  const large = Number.MAX_SAFE_INTEGER;
  const rows = createMetricRows(4, ["sum"]);
  const ends = Int32Array.of(2, 4, 6, 6);
  rows.add(column(1, [1, 2, NaN, 4, 5, 6]), { fromRow: 0, toRow: 3, start: 0, ends });
  rows.add(column(1, [7, NaN, NaN, large]), {
    fromRow: 2,
    toRow: 4,
    start: 0,
    ends: Int32Array.of(0, 0, 1, 4),
  });
  assertEquals([...rows.column("sum", 4).values], [3, 4, 18, large]);
  rows.add(column(1, [1, 1]), { fromRow: 2, toRow: 4, start: 0, ends: Int32Array.of(0, 0, 1, 2) });
  // (3, 4, 19 and 2^53 tenths)
  assertEquals([...rows.column("sum", 4).values], [0.3, 0.4, 1.9, 900719925474099.2]);
  rows.clear();
  rows.add(column(1, [3]), { fromRow: 0, toRow: 1, start: 0, ends: Int32Array.of(1) });
  assertEquals(rows.column("sum", 2), column(1, [3, NaN]));
});
