import { loadDemoData } from "../../../jobs/exports/demo_data.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("a reading that somebody adds to today leaves no hole in the demo", async () => {
  using kv = await Deno.openKv(":memory:");
  const series = createSeriesStore({ kv, now: Date.now });
  const today = Date.UTC(2024, 0, 3);
  await loadDemoData(series, today);
  const values = [1, 2, 230, 4].map((value) => ({ scale: 0, values: Float64Array.of(value) }));
  const noon = { timesMs: Float64Array.of(today + 43_200_000), columns: values };
  await series.write({ profile: "meter", id: "123" }, noon);
  await loadDemoData(series, today + 86_400_000);
  assertEquals((await series.describe({ profile: "meter", id: "123" }))?.count, 3 * 1440);
});

Deno.test("the demo meter reaches to the start of today and is topped up at later starts", async () => {
  using kv = await Deno.openKv(":memory:");
  const series = createSeriesStore({ kv, now: Date.now });
  const noon = Date.UTC(2024, 2, 1, 12);
  // January and the leap year's February: 60 days of 1,440 minutes.
  assertEquals(await loadDemoData(series, noon), 60 * 1440);
  assertEquals(await loadDemoData(series, noon), 0);
  assertEquals(await loadDemoData(series, noon + 86_400_000), 1440);
  assertEquals(await series.describe({ profile: "meter", id: "123" }), {
    id: "123",
    count: 61 * 1440,
    firstMs: Date.UTC(2024, 0, 1),
    lastMs: Date.UTC(2024, 2, 1, 23, 59),
  });
});
