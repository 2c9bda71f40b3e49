import { loadDemoData } from "../../jobs/demo_data.ts";
import { createSeriesStore } from "../../kv/series_store.ts";
import { assertEquals } from "../support/assert.ts";

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
