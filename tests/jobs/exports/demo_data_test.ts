import { loadDemoData, startDemoData } from "../../../jobs/exports/demo_data.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("a reading that someone adds to today leaves no gap in the demo data", async () => {
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

Deno.test("the demo meter ends at the start of today, and later starts add what is missing", async () => {
  using kv = await Deno.openKv(":memory:");
  const series = createSeriesStore({ kv, now: Date.now });
  const noon = Date.UTC(2024, 2, 1, 12);
  // January and February of a leap year: 60 days of 1,440 minutes.
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

Deno.test("only a new database gets demo data by itself, and a start that was killed is completed", async () => {
  using kv = await Deno.openKv(":memory:");
  const series = createSeriesStore({ kv, now: Date.now });
  const deps = { kv, series, now: () => Date.UTC(2024, 0, 3) };
  assertEquals(await startDemoData({ ...deps, isNew: false }, "if_new"), null);
  assertEquals(await startDemoData({ ...deps, isNew: true }, false), null);

  let writes = 0;
  const write = () => {
    writes++;
    return Promise.reject(new Error("killed"));
  };
  const dying = { ...deps, isNew: true, series: { ...series, write } };
  assertEquals(await startDemoData(dying, "if_new").catch(({ message }) => message), "killed");
  assertEquals(writes, 1);
  // Two days of 1,440 minutes.
  assertEquals(await startDemoData({ ...deps, isNew: false }, "if_new"), 2_880);

  const nextDay = { ...deps, isNew: false, now: () => Date.UTC(2024, 0, 4) };
  assertEquals(await startDemoData(nextDay, "if_new"), null);
  assertEquals(await startDemoData(nextDay, true), 1_440);
});
