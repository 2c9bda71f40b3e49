import fc from "fast-check";
import { windowFingerprint } from "../../../data/continuous/fingerprint.ts";
import type { WindowPart } from "../../../data/continuous/rows.ts";
import { type Page, slicePage } from "../../../data/readings/page.ts";
import { sortPage } from "../../../data/readings/page_merge.ts";
import { assertEquals } from "../../support/assert.ts";
import { anyPage, pageOf } from "../../support/pages.ts";

function partOf(page: Page): WindowPart {
  return { page, deviceType: null, location: null };
}

Deno.test("windowFingerprint() does not depend on how readings are split into parts", () => {
  const cutPage = fc.tuple(
    anyPage({ columnCounts: [4], maxCount: 300 }).map(sortPage),
    fc.nat(300),
  );
  fc.assert(fc.property(cutPage, ([page, place]) => {
    const count = page.timesMs.length;
    const cut = Math.min(place, count);
    const parts = [slicePage(page, 0, cut), slicePage(page, cut, count)].map(partOf);
    assertEquals(windowFingerprint(parts), windowFingerprint([partOf(page)]));
  }));
});

Deno.test("windowFingerprint() does not depend on the scale of a decimal", () => {
  const timesMs = Float64Array.of(1, 2);
  // 230.1 and 0.5, as tenths and as thousandths.
  const tenths = { scale: 1, values: Float64Array.of(2_301, 5) };
  const thousandths = { scale: 3, values: Float64Array.of(230_100, 500) };
  const [one, other] = [tenths, thousandths].map((column) =>
    windowFingerprint([partOf({ timesMs, columns: [column] })])
  );
  assertEquals(one, other);
});

Deno.test("windowFingerprint() differs if a time, a value, a missing value or a position differs", () => {
  const pages = [
    pageOf([[1, "1", "2"], [2, "3", "4"]]),
    pageOf([[1, "1", "2"], [3, "3", "4"]]),
    pageOf([[1, "1", "2"], [2, "3", "4.1"]]),
    pageOf([[1, "1", "2"], [2, "3", ""]]),
    pageOf([[1, "1", "2"], [2, "", "4"]]),
    pageOf([[1, "2", "1"], [2, "3", "4"]]),
    pageOf([[1, "1", "2"]]),
  ];
  const fingerprints = pages.map((page) => windowFingerprint([partOf(page)]).join());
  assertEquals(new Set(fingerprints).size, pages.length);
});

Deno.test("windowFingerprint() distinguishes 100,000 windows that differ in one reading", () => {
  const timesMs = Float64Array.from({ length: 60 }, (_, minute) => minute * 60_000);
  const fingerprints = new Set<string>();
  for (let tenths = 0; tenths < 100_000; tenths++) {
    const values = new Float64Array(60);
    values[tenths % 60] = tenths + 1;
    fingerprints.add(
      windowFingerprint([partOf({ timesMs, columns: [{ scale: 1, values }] })]).join(),
    );
  }
  assertEquals(fingerprints.size, 100_000);
});
