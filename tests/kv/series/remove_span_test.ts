import { createSeriesStore } from "../../../kv/series/store.ts";
import { AppError } from "../../../data/app_error.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import {
  ALL,
  assertWhole,
  blockStarts,
  DAY,
  DAY_MS,
  gridPage,
  METER,
  readLines,
  SITE,
  tickingClock,
} from "../../support/series.ts";
import { pageOf } from "../../support/pages.ts";
import { openPlainRig } from "../../support/series_rig.ts";
import { CommitFault, cutAfter, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

const HOUR_MS = 3_600_000;
const { signal } = new AbortController();

Deno.test("removeSpan() removes blocks and segments of a span, and nothing around it", async () => {
  using rig = await openPlainRig();
  const { store, ingest, below } = rig;
  await store.write(
    SITE,
    pageOf([[DAY, "0"], [DAY + 1, "1"], [DAY + 2, "0"], [DAY + DAY_MS, "1"]]),
  );
  await ingest.add(SITE, pageOf([[DAY + 2, "1"], [DAY + 3, "0"], [DAY - 1, "1"]]));
  const revision = await store.revision(SITE);
  // The end is exclusive: DAY + 3 stays.
  const span = { fromMs: DAY + 1, toMs: DAY + 3 };
  assertEquals(await store.removeSpan(SITE, span, { signal }), 2);
  assertEquals(await readLines(store, SITE), [
    `${DAY - 1} 1`,
    `${DAY} 0`,
    `${DAY + 3} 0`,
    `${DAY + DAY_MS} 1`,
  ]);
  assertEquals(await store.describe(SITE), {
    id: SITE.id,
    count: 4,
    firstMs: DAY - 1,
    lastMs: DAY + DAY_MS,
  });
  await assertWhole(below, SITE);
  assertEquals(await store.revision(SITE) > revision, true);
  assertEquals(await store.removeSpan(SITE, span, { signal }), 0);
});

Deno.test("a series whose readings were all removed is gone, and can begin again", async () => {
  using rig = await openPlainRig();
  const { store, ingest } = rig;
  await store.write(SITE, pageOf([[DAY, "0"], [DAY + DAY_MS, "1"]]));
  assertEquals(await store.removeSpan(SITE, ALL, { signal }), 2);
  assertEquals([await store.describe(SITE), await readLines(store, SITE)], [null, []]);
  assertEquals(await store.list("site", { afterId: "", limit: 9 }), []);
  await ingest.add(SITE, pageOf([[DAY + 5, "1"]]));
  assertEquals(await readLines(store, SITE), [`${DAY + 5} 1`]);
  assertEquals(await store.removeSpan(SITE, ALL, { signal }), 1);
});

Deno.test("removing the first part of a day keeps its later blocks, and earlier readings return", async () => {
  using rig = await openPlainRig();
  const { store, below } = rig;
  // 4,000 readings of one day, so that it is split into blocks.
  await store.write(METER, gridPage({ fromMs: DAY, stepMs: 10_000, count: 4_000 }));
  const starts = await blockStarts(below, METER);
  const cutMs = starts[1] + 50_000;
  const removed = (cutMs - DAY) / 10_000;
  assertEquals(await store.removeSpan(METER, { fromMs: DAY, toMs: cutMs }, { signal }), removed);
  await assertWhole(below, METER);
  const info = await store.describe(METER);
  assertEquals([info?.count, info?.firstMs], [4_000 - removed, cutMs]);
  await store.write(METER, gridPage({ fromMs: DAY + 10_000, stepMs: 10_000, count: 1 }));
  await assertWhole(below, METER);
  assertEquals((await store.describe(METER))?.firstMs, DAY + 10_000);
  assertEquals((await readLines(store, METER)).length, 4_000 - removed + 1);
});

Deno.test("a removal cut off at any commit leaves a whole series, and again removes the rest", async () => {
  for (let count = 0, isDone = false; !isDone; count++) {
    for (const last of ["happens", "unanswered"] as const) {
      const plan: StrictPlan = {};
      using kv = strictKv(await Deno.openKv(":memory:"), plan);
      const store = createSeriesStore({ kv, now: tickingClock() });
      // A reading an hour for 200 days: each day is a block, 64 of them a commit.
      await store.write(SITE, gridPage({ fromMs: DAY, stepMs: HOUR_MS, count: 4_800, width: 1 }));
      const span = { fromMs: DAY + 12 * HOUR_MS, toMs: DAY + 190 * DAY_MS };
      plan.fate = cutAfter(count, last);
      isDone = true;
      await store.removeSpan(SITE, span, { signal }).catch((error) => {
        isDone = false;
        if (!(error instanceof CommitFault)) throw error;
      });
      delete plan.fate;
      await assertWhole(kv, SITE);
      await store.removeSpan(SITE, span, { signal });
      await assertWhole(kv, SITE);
      // 12 hours of the first day, and all of the last ten.
      assertEquals((await store.describe(SITE))?.count, 12 + 240);
    }
  }
});

Deno.test("a removal succeeds wherever another instance removes the rest of the series during it", async () => {
  for (let gap = 0; gap < 12; gap++) {
    using below = await Deno.openKv(":memory:");
    const plan: StrictPlan = {};
    const now = tickingClock();
    const store = createSeriesStore({ kv: strictKv(below, plan), now });
    const other = createSeriesStore({ kv: below, now });
    await other.write(SITE, pageOf([[DAY, "0"], [DAY + DAY_MS, "1"]]));
    let left = gap;
    plan.before = async () => {
      if (left-- !== 0) return;
      const rest = { fromMs: DAY + DAY_MS, toMs: DAY + 2 * DAY_MS };
      assertEquals(await other.removeSpan(SITE, rest, { signal }), 1);
    };
    const first = { fromMs: DAY, toMs: DAY + DAY_MS };
    assertEquals(await store.removeSpan(SITE, first, { signal }), 1, `gap ${gap}`);
    // With a gap behind the last access the other instance has not come to it.
    assertEquals((await other.describe(SITE))?.count, left < 0 ? undefined : 1);
  }
});

Deno.test("a removal ends between two commits once its signal aborts", async () => {
  using rig = await openPlainRig();
  const { store } = rig;
  await store.write(SITE, gridPage({ fromMs: DAY, stepMs: HOUR_MS, count: 4_800, width: 1 }));
  const controller = new AbortController();
  const onRemoved = () => controller.abort(new AppError("SERVICE_STOPPING", "enough"));
  const options = { signal: controller.signal, onRemoved };
  await assertRejects(() => store.removeSpan(SITE, ALL, options), AppError, "enough");
  // The first commit has 63 blocks of 24 readings.
  assertEquals((await store.describe(SITE))?.count, 4_800 - 63 * 24);
});
