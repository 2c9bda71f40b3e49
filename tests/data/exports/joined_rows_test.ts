import fc from "fast-check";
import { joinRows } from "../../../data/exports/joined_rows.ts";
import type { Page } from "../../../data/readings/page.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** A page of one column; value and scale follow from the time. */
function page(times: number[], scale: number): Page {
  return {
    timesMs: Float64Array.from(times),
    columns: [{ scale, values: Float64Array.from(times, (time) => time * 10 ** scale) }],
  };
}

Deno.test("joined rows have every time once, with a value where the source has one", () => {
  const cut = fc.array(fc.uniqueArray(fc.nat(30), { maxLength: 12 }), { maxLength: 5 });
  fc.assert(
    fc.property(cut, fc.nat(11), fc.integer({ min: 1, max: 8 }), (sources, split, rowsMax) => {
      const sorted = sources.map((times) => times.toSorted((a, b) => a - b));
      const pages = sorted.map((
        times,
      ) => [page(times.slice(0, split), 0), page(times.slice(split), 2)]);
      const joined = [...joinRows(pages, rowsMax)];
      const expected = [...new Set(sorted.flat())].toSorted((a, b) => a - b);
      assertEquals(joined.flatMap(({ timesMs }) => [...timesMs]), expected);
      assert(joined.every(({ timesMs }) => timesMs.length <= rowsMax));
      sources.forEach((_, index) => {
        const shown = joined.flatMap(({ columns }) => {
          const { scale, values } = columns[index];
          return [...values].map((value) => value / 10 ** scale);
        });
        assertEquals(shown, expected.map((time) => sorted[index].includes(time) ? time : NaN));
      });
    }),
    { numRuns: 100 },
  );
});
