import fc from "fast-check";
import { FLOAT } from "../../../data/readings/decimal.ts";
import {
  alignColumns,
  clipPage,
  type Column,
  concatPages,
  emptyPage,
  fitPage,
  gatherPage,
  lowerBound,
  slicePage,
} from "../../../data/readings/page.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { anyPage, pageOf, type Row, rowsOf } from "../../support/pages.ts";

const ROWS: Row[] = [[10, "1.5", ""], [20, "", "2"], [30, "3.25", "4"], [40, "5", ""]];

function column(scale: number, ...values: number[]): Column {
  return { scale, values: Float64Array.from(values) };
}

Deno.test("emptyPage() has columns and no readings", () => {
  assertEquals(rowsOf(emptyPage(2)), []);
  assertEquals(emptyPage(2).columns.map(({ values }) => values.length), [0, 0]);
});

Deno.test("slicePage() returns rows start to end (exclusive) and shares their memory", () => {
  const page = pageOf(ROWS);
  const part = slicePage(page, 1, 3);
  assertEquals(rowsOf(part), ROWS.slice(1, 3));
  assertStrictEquals(part.timesMs.buffer, page.timesMs.buffer);
  assertStrictEquals(slicePage(page, 0, 4), page);
});

Deno.test("clipPage() includes the start of a span and excludes its end", () => {
  const page = pageOf(ROWS);
  assertEquals(rowsOf(clipPage(page, { fromMs: 20, toMs: 40 })), ROWS.slice(1, 3));
  assertEquals(rowsOf(clipPage(page, { fromMs: 11, toMs: 31 })), ROWS.slice(1, 3));
  assertEquals(rowsOf(clipPage(page, { fromMs: 0, toMs: 100 })), ROWS);
  assertEquals(rowsOf(clipPage(page, { fromMs: 41, toMs: 100 })), []);
  assertEquals(rowsOf(clipPage(page, { fromMs: 20, toMs: 20 })), []);
});

Deno.test("lowerBound() counts the times before a time", () => {
  const times = fc.array(fc.nat(50)).map((list) => list.sort((a, b) => a - b));
  fc.assert(fc.property(times, fc.nat(60), (list, timeMs) => {
    const before = list.filter((time) => time < timeMs).length;
    assertEquals(lowerBound(Float64Array.from(list), timeMs), before);
  }));
});

Deno.test("gatherPage() returns rows in the order of the indexes, also repeated ones", () => {
  const picked = gatherPage(pageOf(ROWS), Uint32Array.of(3, 0, 3));
  assertEquals(rowsOf(picked), [ROWS[3], ROWS[0], ROWS[3]]);
});

Deno.test("alignColumns() converts mantissas to the largest scale", () => {
  assertEquals(alignColumns([column(1, 2301, NaN), column(3, -5), column(0, 7)]), [
    column(3, 230_100, NaN),
    column(3, -5),
    column(3, 7000),
  ]);
});

Deno.test("alignColumns() converts all columns to doubles if one has doubles or would exceed 2^53", () => {
  assertEquals(alignColumns([column(1, 2301), column(FLOAT, 0.25, NaN)]), [
    column(FLOAT, 230.1),
    column(FLOAT, 0.25, NaN),
  ]);
  // 123456789 × 10^8 is more than 2^53.
  assertEquals(alignColumns([column(0, 123_456_789), column(8, 1)]), [
    column(FLOAT, 123_456_789),
    column(FLOAT, 1e-8),
  ]);
});

Deno.test("concatPages() concatenates rows of different scales", () => {
  const pages = [
    pageOf([[30, "230.1", "1"]]),
    emptyPage(2),
    pageOf([[10, "0.125", ""], [20, "-7", "1e300"]]),
  ];
  assertEquals(rowsOf(concatPages(pages)), [
    [30, "230.1", "1"],
    [10, "0.125", ""],
    [20, "-7", `1${"0".repeat(300)}`],
  ]);
});

Deno.test("concatPages() of any pages has all of their rows", () => {
  const pages = fc.array(anyPage({ columnCounts: [2], maxCount: 30 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(fc.property(pages, (list) => {
    const times = list.flatMap(({ timesMs }) => [...timesMs]);
    const joined = concatPages(list);
    assertEquals([...joined.timesMs], times);
    assertEquals(valuesOf([joined]), valuesOf(list));
  }));
});

/** Every value as the double nearest to its decimal. */
function valuesOf(pages: Parameters<typeof concatPages>[0]): number[][] {
  return pages.flatMap(rowsOf).map(([, ...texts]) =>
    texts.map((text) => text === "" ? NaN : Number(text))
  );
}

Deno.test("concatPages() widens the pages of an older profile by columns without values", () => {
  const narrow = pageOf([[1, "0.5"], [2, "1"]]);
  const wide = pageOf([[3, "2", "7.25"]]);
  assertEquals(rowsOf(concatPages([narrow, wide, narrow])), [
    [1, "0.5", ""],
    [2, "1", ""],
    [3, "2", "7.25"],
    [1, "0.5", ""],
    [2, "1", ""],
  ]);
});

Deno.test("fitPage() adds columns without values, and leaves out those beyond the width", () => {
  const page = pageOf([[1, "0.5", "7"]]);
  assertEquals(rowsOf(fitPage(page, 3)), [[1, "0.5", "7", ""]]);
  assertEquals(rowsOf(fitPage(page, 1)), [[1, "0.5"]]);
  assertEquals(fitPage(page, 2), page);
  assertEquals(rowsOf(page), [[1, "0.5", "7"]]);
});
