import fc from "fast-check";
import { decodePage } from "../../../data/readings/page_decoder.ts";
import { encodePage } from "../../../data/readings/page_encoder.ts";
import { FLOAT } from "../../../data/readings/decimal.ts";
import { type Column, emptyPage, type Page } from "../../../data/readings/page.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { anyPage, pageOf, type Row, rowsOf } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

const DAY_START_MS = 1_704_067_200_000;

/** Size of a block by the table in `data/readings/page_format.ts`: header, 16 bytes per column, sections. */
function blockBytes(columns: number, ...sections: number[]): number {
  return sections.reduce((sum, size) => sum + Math.ceil(size / 8) * 8, 24 + 16 * columns);
}

function pageOfTimes(timesMs: readonly number[]): Page {
  return { timesMs: Float64Array.from(timesMs), columns: [] };
}

/** A page of one column on a grid of minutes. */
function pageOfColumn(scale: number, values: readonly number[]): Page {
  const column: Column = { scale, values: Float64Array.from(values) };
  return { timesMs: column.values.map((_, row) => DAY_START_MS + row * 60_000), columns: [column] };
}

function mixedPage(): Page {
  const rows: Row[] = [
    [DAY_START_MS + 1, "0.5", "", "1e300", "7"],
    [DAY_START_MS, "", "", "0.30000000000000004", "7"],
    [DAY_START_MS + 70_000, "-3", "", "2", "7"],
  ];
  return pageOf(rows);
}

Deno.test("decodePage() returns any readings that encodePage() encoded", () => {
  fc.assert(
    fc.property(anyPage(), (page) => {
      const decoded = decodePage(encodePage(page));
      assertEquals(rowsOf(decoded), rowsOf(page));
      assertEquals(decoded.columns.length, page.columns.length);
    }),
    { numRuns: amount({ quick: 20, thorough: 120 }) },
  );
});

Deno.test("decodePage() returns pages without readings and without columns", () => {
  assertEquals(decodePage(encodePage(emptyPage(3))), emptyPage(3));
  assertEquals(rowsOf(decodePage(encodePage(pageOfTimes([5, 3, 5])))), [[5], [3], [5]]);
});

Deno.test("encodePage() keeps the scale of a column of mantissas", () => {
  const page = pageOfColumn(3, [1500, 2000, NaN]);
  assertEquals(decodePage(encodePage(page)), page);
});

Deno.test("encodePage() converts doubles to mantissas if all of them are short decimals", () => {
  const page = pageOfColumn(FLOAT, [230.1, 0.25, NaN]);
  assertEquals(decodePage(encodePage(page)).columns, [
    { scale: 2, values: Float64Array.of(23010, 25, NaN) },
  ]);
});

Deno.test("encodePage() spends no bytes on the times of a grid", () => {
  assertEquals(encodePage(pageOfTimes([0, 900_000, 1_800_000])).length, blockBytes(0));
});

Deno.test("encodePage() spends 2, 4 or 8 bytes per time, depending on the largest offset in its unit", () => {
  const minutes = [0, 60_000, 65_535 * 60_000];
  assertEquals(encodePage(pageOfTimes(minutes)).length, blockBytes(0, 3 * 2));
  assertEquals(encodePage(pageOfTimes([0, 1_000, 65_535_000])).length, blockBytes(0, 3 * 2));
  assertEquals(encodePage(pageOfTimes([0, 1, 65_536])).length, blockBytes(0, 3 * 4));
  assertEquals(encodePage(pageOfTimes([0, 1, 2 ** 32])).length, blockBytes(0, 3 * 8));
});

Deno.test("encodePage() spends 0, 1, 2, 4 or 8 bytes per value, depending on the range of the column", () => {
  const widths: [values: number[], bytes: number][] = [
    [[7, 7, 7], 0],
    [[NaN, NaN, NaN], 0],
    [[-100, 0, 155], 1],
    [[-100, 0, 156], 2],
    [[1e15, 1e15 + 1, 1e15 + 65_535], 2],
    [[0, 1, 65_536], 4],
    [[0, 1, 2 ** 32 - 1], 4],
    [[0, 1, 2 ** 32], 8],
    [[0.1, 0.1 + 0.2, 1], 8],
  ];
  for (const [values, bytes] of widths) {
    const page = pageOfColumn(values[0] === 0.1 ? FLOAT : 0, values);
    assertEquals(encodePage(page).length, blockBytes(1, 3 * bytes), String(values));
  }
});

Deno.test("encodePage() spends one bit per reading on missing values", () => {
  const values = [NaN, ...Array.from({ length: 64 }, (_, row) => row)];
  assertEquals(encodePage(pageOfColumn(0, values)).length, blockBytes(1, 9, 65));
  const gone = [NaN, ...new Array<number>(64).fill(5)];
  assertEquals(encodePage(pageOfColumn(0, gone)).length, blockBytes(1, 9));
});

Deno.test("decodePage() decodes views that start anywhere in their buffer", () => {
  const page = mixedPage();
  const bytes = encodePage(page);
  for (const offset of [1, 3, 8]) {
    const view = new Uint8Array(offset + bytes.length + 5).subarray(offset, offset + bytes.length);
    view.set(bytes);
    assertEquals(rowsOf(decodePage(view)), rowsOf(page));
  }
});

Deno.test("decodePage() does not change the bytes", () => {
  const bytes = encodePage(mixedPage());
  const before = bytes.slice();
  decodePage(bytes).columns.forEach(({ values }) => values.fill(1));
  assertEquals(bytes, before);
});

Deno.test("decodePage() refuses a block that is truncated anywhere", () => {
  const bytes = encodePage(mixedPage());
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decodePage(bytes.slice(0, length)), SyntaxError, "Cannot decode block");
  }
});

Deno.test("decodePage() refuses bytes of another format", () => {
  const bytes = encodePage(mixedPage());
  bytes[0] = 2;
  assertThrows(() => decodePage(bytes), SyntaxError, "its format is not 1: 2");
});

Deno.test("encodePage() writes a block of one reading byte for byte as the table says", () => {
  const page: Page = { timesMs: Float64Array.of(256), columns: [] };
  // f64 256 = 0x4070000000000000; a grid of one reading has a step of 1 ms = 0x3FF0000000000000.
  const hex = "01000000" + "01000000" + "0000000000007040" + "000000000000f03f";
  assertEquals(encodePage(page).toHex(), hex);
});
