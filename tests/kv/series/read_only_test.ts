import { openKv } from "../../../kv/opened_kv.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import type { Page } from "../../../data/readings/page.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("a read of one metric gives its values and the times of all readings", async () => {
  await using opened = await openKv(":memory:");
  const series = createSeriesStore({ kv: opened.kv, now: () => 0 });
  const ref = { profile: "meter", id: "m" };
  const column = (...values: number[]) => ({ scale: 1, values: Float64Array.from(values) });
  const page: Page = {
    timesMs: Float64Array.of(0, 86_400_000),
    columns: [column(1, 2), column(30, NaN), column(5, 6), column(7, NaN)],
  };
  await series.write(ref, page);
  const read: [number, number, number][] = [];
  const { signal } = new AbortController();
  const span = { fromMs: 0, toMs: 1e12, only: [1], reusesMemory: true };
  for await (const { timesMs, columns } of series.read(ref, span, signal)) {
    assertEquals(columns.length, 4);
    timesMs.forEach((timeMs, row) => read.push([timeMs, columns[1].scale, columns[1].values[row]]));
  }
  // The scale of a column without values is 0.
  assertEquals(read.map(([timeMs, , value]) => [timeMs, value]), [[0, 30], [86_400_000, NaN]]);
  assertEquals(read[0][1], 1);
});
