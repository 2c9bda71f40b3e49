import fc from "fast-check";
import { mergePages, sortPage } from "../../../data/readings/page_merge.ts";
import { emptyPage, slicePage } from "../../../data/readings/page.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { pageOf, plainRows, type Row, rowsOf } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

/** Rows of two metrics with few times and few values, so that both repeat. */
function anyRows(): fc.Arbitrary<Row[]> {
  const texts = fc.constantFrom("", "0", "1.5", "1.50", "-230.1", "1e300", "0.1234567890123", "70");
  return fc.array(fc.tuple(fc.nat(12), texts, texts), { maxLength: 30 });
}

/** The last row of each time, by time. */
function modelOf(rows: readonly Row[]): Map<number, Row> {
  return new Map(rows.map((row) => [row[0], row]));
}

function ascending(rows: Iterable<Row>): Row[] {
  return [...rows].sort((a, b) => a[0] - b[0]);
}

Deno.test("sortPage() leaves an ascending page as it is", () => {
  const page = pageOf([[1, "1"], [2, "2"]]);
  assertStrictEquals(sortPage(page), page);
});

Deno.test("sortPage() orders by time and keeps the last row of a time", () => {
  const rows: Row[] = [[30, "1"], [10, "2"], [30, ""], [20, "4"], [10, "5"]];
  assertEquals(rowsOf(sortPage(pageOf(rows))), [[10, "5"], [20, "4"], [30, ""]]);
});

Deno.test("sortPage() gives the same result as a map of the rows", () => {
  fc.assert(fc.property(anyRows(), (rows) => {
    const expected = plainRows(ascending(modelOf(rows).values()));
    assertEquals(rowsOf(sortPage(pageOf(rows, 2))), expected);
  }));
});

Deno.test("mergePages() counts new, changed and repeated times", () => {
  const base = pageOf([[1, "1"], [2, "2"], [3, ""], [4, "4"]]);
  const over = pageOf([[0, "9"], [2, "2.0"], [3, "3"], [4, ""], [9, "9"]]);
  const { page, ...counts } = mergePages(base, over);
  assertEquals(rowsOf(page), [[0, "9"], [1, "1"], [2, "2"], [3, "3"], [4, ""], [9, "9"]]);
  assertEquals(counts, { inserted: 2, updated: 2, unchanged: 1 });
});

Deno.test("mergePages() counts the same decimal as unchanged, whatever its form", () => {
  const base = pageOf([[1, "230.1"], [2, ""], [3, "0.25"]]);
  const over = pageOf([[1, "230.10"], [2, ""], [3, "2.5e-1"]]);
  const merge = mergePages(base, over);
  assertEquals([merge.inserted, merge.updated, merge.unchanged], [0, 0, 3]);
  assertStrictEquals(merge.page, base);
});

Deno.test("mergePages() counts a null over a value and a value over a null as updates", () => {
  const merge = mergePages(pageOf([[1, "1", ""]]), pageOf([[1, "", "1"]]));
  assertEquals([merge.inserted, merge.updated, merge.unchanged], [0, 1, 0]);
  assertEquals(rowsOf(merge.page), [[1, "", "1"]]);
});

Deno.test("mergePages() of a partial page keeps the values that only the lower page has", () => {
  const base = pageOf([[1, "1", ""], [2, "2.25", "7"], [3, "3", ""]]);
  const over = {
    ...pageOf([[0, "", "9"], [1, "", "5"], [2, "", "7"], [3, "4", ""]]),
    isPartial: true,
  };
  const { page, ...counts } = mergePages(base, over);
  assertEquals(rowsOf(page), [[0, "", "9"], [1, "1", "5"], [2, "2.25", "7"], [3, "4", ""]]);
  assertEquals(counts, { inserted: 1, updated: 2, unchanged: 1 });
  // The pages themselves stay as they were.
  assertEquals(rowsOf(over)[1], [1, "", "5"]);
});

Deno.test("mergePages() of parts in any order gives the whole readings, also sorted and sliced", () => {
  fc.assert(fc.property(anyRows(), fc.boolean(), (rows, isFirst) => {
    const whole = ascending(modelOf(rows).values());
    const part = (metric: number) => {
      const texts = (
        row: Row,
      ): Row => [row[0], ...row.slice(1).map((text, at) => at === metric ? `${text}` : "")];
      const shuffled = { ...pageOf(whole.map(texts).toReversed(), 2), isPartial: true };
      const sorted = sortPage(shuffled);
      return [
        slicePage(sorted, 0, whole.length >> 1),
        slicePage(sorted, whole.length >> 1, whole.length),
      ];
    };
    const parts = (isFirst ? [part(0), part(1)] : [part(1), part(0)]).flat();
    const merged = parts.reduce((base, over) => mergePages(base, over).page, emptyPage(2));
    assertEquals(rowsOf(merged), plainRows(whole));
  }));
});

Deno.test("mergePages() with one empty page returns the other", () => {
  const page = pageOf([[1, "1"], [2, "2"]]);
  const none = mergePages(page, emptyPage(1));
  assertStrictEquals(none.page, page);
  assertEquals([none.inserted, none.updated, none.unchanged], [0, 0, 0]);
  const all = mergePages(emptyPage(1), page);
  assertEquals(rowsOf(all.page), [[1, "1"], [2, "2"]]);
  assertEquals([all.inserted, all.updated, all.unchanged], [2, 0, 0]);
});

Deno.test("mergePages() appends later readings", () => {
  const merge = mergePages(pageOf([[1, "1.5"]]), pageOf([[2, "2"], [3, "0.125"]]));
  assertEquals(rowsOf(merge.page), [[1, "1.5"], [2, "2"], [3, "0.125"]]);
  assertEquals([merge.inserted, merge.updated, merge.unchanged], [2, 0, 0]);
});

Deno.test("mergePages() gives the same result as a map of the rows", () => {
  fc.assert(
    fc.property(anyRows(), anyRows(), (below, above) => {
      const base = modelOf(below), over = modelOf(above);
      const { page, ...counts } = mergePages(
        pageOf(ascending(base.values()), 2),
        pageOf(ascending(over.values()), 2),
      );
      assertEquals(rowsOf(page), plainRows(ascending(new Map([...base, ...over]).values())));
      assertEquals(counts, countsOf(base, over));
    }),
    { numRuns: amount({ quick: 100, thorough: 300 }) },
  );
});

function countsOf(base: Map<number, Row>, over: Map<number, Row>) {
  const counts = { inserted: 0, updated: 0, unchanged: 0 };
  for (const [timeMs, row] of over) {
    const old = base.get(timeMs);
    if (old === undefined) counts.inserted++;
    else if (String(plainRows([old])) === String(plainRows([row]))) counts.unchanged++;
    else counts.updated++;
  }
  return counts;
}

Deno.test("mergePages() keeps the base page when all new readings repeat it, also without some values", () => {
  const base = pageOf([[1, "1", "10"], [2, "2", ""], [3, "", ""]]);
  const whole = pageOf([[1, "1", "10"], [2, "2", ""], [3, "", ""]]);
  const part = { ...pageOf([[1, "1", ""], [2, "2", ""], [3, "", ""]]), isPartial: true };
  for (const over of [whole, part]) {
    const merge = mergePages(base, over);
    assertEquals([merge.inserted, merge.updated, merge.unchanged], [0, 0, 3]);
    assertStrictEquals(merge.page, base);
  }
});

Deno.test("mergePages() finds one different value among many that repeat", () => {
  const base = pageOf([[1, "1", "10"], [2, "2", "20"], [3, "3", "30"]]);
  const changes: [Row, Row][] = [
    [[2, "2", "21"], [2, "2", "21"]],
    [[2, "2", ""], [2, "2", ""]],
    [[2, "200", "20"], [2, "200", "20"]],
  ];
  for (const [row, expected] of changes) {
    const merge = mergePages(base, pageOf([[1, "1", "10"], row, [3, "3", "30"]]));
    assertEquals([merge.inserted, merge.updated, merge.unchanged], [0, 1, 2]);
    assertEquals(rowsOf(merge.page), [[1, "1", "10"], expected, [3, "3", "30"]]);
  }
});
