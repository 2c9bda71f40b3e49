import type { Page, Span } from "../../../data/readings/page.ts";
import { type ReadRows, windowRows } from "../../../jobs/exports/wide_rows.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const VALUES_MAX = 20_000;

/** Sources that measure every `stepMs`, each a millisecond after the one before, in pages of 1,000. */
function measuredEvery(stepMs: number): ReadRows {
  return async function* (source, { fromMs, toMs }, onReadings) {
    const firstMs = fromMs + (((source - fromMs) % stepMs) + stepMs) % stepMs;
    for (let atMs = firstMs; atMs < toMs; atMs += 1_000 * stepMs) {
      const rows = Math.min(1_000, Math.ceil((toMs - atMs) / stepMs));
      const timesMs = Float64Array.from({ length: rows }, (_, row) => atMs + row * stepMs);
      const page: Page = { timesMs, columns: [{ scale: 0, values: timesMs }] };
      onReadings(page);
      yield page;
    }
  };
}

/** Joins a window: its pages, and the number of readings that were counted. */
async function joinedWindow(sources: number, rowsOf: ReadRows, window: Span) {
  const ids = Array.from({ length: sources }, (_, source) => `m${source}`);
  let readings = 0, rows = 0, cellsMax = 0, lastMs = -Infinity;
  const addReadings = (_: number, { timesMs }: Page) => readings += timesMs.length;
  for await (
    const page of windowRows({ ids, interval: "raw" }, window, {
      rowsOf,
      addReadings,
      valuesMax: VALUES_MAX,
    })
  ) {
    assert(page.timesMs[0] > lastMs);
    lastMs = page.timesMs[page.timesMs.length - 1];
    rows += page.timesMs.length;
    cellsMax = Math.max(cellsMax, page.timesMs.length * sources);
  }
  return { readings, rows, cellsMax };
}

Deno.test("sources that measure at different times are joined in pages of as many cells as values are allowed", async () => {
  // 100 sources with 50 rows of their own are 5,000 rows: 500,000 cells.
  const { readings, rows, cellsMax } = await joinedWindow(100, measuredEvery(1_000), {
    fromMs: 0,
    toMs: 50_000,
  });
  assertEquals([readings, rows], [5_000, 5_000]);
  assert(cellsMax <= VALUES_MAX, `${cellsMax} cells`);
});

Deno.test("a window with far more readings than expected is read in halves, and counted once", async () => {
  const read: Span[] = [];
  const every2 = measuredEvery(2);
  const rowsOf: ReadRows = (source, window, onReadings) => {
    if (source === 0) read.push(window);
    return every2(source, window, onReadings);
  };
  // Two sources with 35,000 readings each.
  const window = { fromMs: 0, toMs: 70_000 };
  const { readings, rows } = await joinedWindow(2, rowsOf, window);
  assertEquals([readings, rows], [70_000, 70_000]);
  assertEquals(read, [
    window,
    { fromMs: 0, toMs: 35_000 },
    { fromMs: 35_000, toMs: 70_000 },
  ]);
});
