import fc from "fast-check";
import type { Page } from "../../../data/readings/page.ts";
import { encodePage } from "../../../data/readings/page_encoder.ts";
import { createPageRows } from "../../../data/readings/page_rows.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { pageOf, type Row, rowsOf } from "../../support/pages.ts";

/** Where a page is among other bytes. */
function placed(bytes: Uint8Array, at = 0) {
  const around = new Uint8Array(at + bytes.length + 3).fill(255);
  around.set(bytes, at);
  return { view: new DataView(around.buffer), at, length: bytes.length };
}

function encoded(rows: readonly Row[]): Uint8Array {
  return encodePage(pageOf(rows));
}

/** Pages of one metric: a step that may vary, and values of few or many bytes. */
const pages = fc.record({
  fromMs: fc.integer({ min: -1e12, max: 2e12 }),
  steps: fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 30 }),
  isGrid: fc.boolean(),
  unitMs: fc.constantFrom(1, 1_000, 60_000, 86_400_000),
  values: fc.constantFrom(1, 255, 65_535, 4_000_000_000, 9e14),
}).map(({ fromMs, steps, isGrid, unitMs, values }): Row[] => {
  let timeMs = fromMs;
  return steps.map((step) => {
    timeMs += unitMs * (isGrid ? 1 : step);
    return [timeMs, String(Math.abs(step * 7_919 * timeMs) % (values + 1))];
  });
});

Deno.test("plain pages that are added have the readings of the pages, in any place", () => {
  const rows = createPageRows();
  fc.assert(fc.property(fc.array(pages, { maxLength: 4 }), fc.nat(3), (some, at) => {
    rows.clear();
    for (const page of some) assert(rows.append(placed(encoded(page), 8 * at)));
    assertEquals(rowsOf(rows.page()), some.flat());
    assertEquals(rows.count(), some.flat().length);
    some.flat().forEach(([timeMs], index) => assertEquals(rows.timeMs(index), timeMs));
  }));
});

Deno.test("rows that are added after many others are all there", () => {
  const rows = createPageRows();
  const all = Array.from({ length: 5_000 }, (_, index): Row => [index * 60_000, `${index % 300}`]);
  for (let at = 0; at < all.length; at += 500) {
    assert(rows.append(placed(encoded(all.slice(at, at + 500)))));
  }
  assertEquals(rowsOf(rows.page()), all);
});

/** Pages that need the general decoder, or that it refuses. */
const OTHERS: Record<string, Uint8Array> = {
  "with a missing value": encoded([[1, "1"], [2, ""]]),
  "without values": encoded([[1, ""], [2, ""]]),
  "with doubles": encoded([[1, "1e-30"], [2, "1"]]),
  "of another scale": encoded([[1, "0.25"]]),
  "of two metrics": encoded([[1, "1", "2"]]),
  "cut in its values": encoded([[1, "1"], [2, "2"], [5, "4"]]).slice(0, -1),
  "cut in its header": encoded([[1, "1"]]).slice(0, 30),
  "without bytes": new Uint8Array(),
  "of another format": encoded([[1, "1"]]).fill(9, 0, 1),
  "with an impossible count": encoded([[1, "1"]]).fill(255, 4, 8),
  "with an impossible width of times": encoded([[1, "1"]]).fill(3, 2, 3),
  "with an impossible width of values": encoded([[1, "1"]]).fill(5, 25, 26),
  "with an impossible scale": encoded([[1, "1"]]).fill(99, 24, 25),
};

for (const [name, bytes] of Object.entries(OTHERS)) {
  Deno.test(`a page ${name} is not added`, () => {
    const rows = createPageRows();
    assert(rows.append(placed(encoded([[0, "3"]]))));
    assertEquals(rows.append(placed(bytes)), false);
    const page: Page = rows.page();
    assertEquals(rowsOf(page), [[0, "3"]]);
  });
}
