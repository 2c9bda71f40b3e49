import { createIngest } from "../../../kv/series/ingest.ts";
import {
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertRejects,
} from "../../support/assert.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import {
  ALL,
  DAY,
  DAY_MS,
  gridPage,
  linesOf,
  METER,
  meterPage,
  readLines,
  SITE,
} from "../../support/series.ts";
import type { StrictKv } from "../../support/strict_kv.ts";
import { openStrictStore } from "../../support/strict_store.ts";

const MINUTE_MS = 60_000;

/** How many reads of the database an action costs. */
async function costOf(kv: StrictKv, act: () => Promise<unknown>): Promise<number> {
  const before = kv.reads();
  await act();
  return kv.reads() - before;
}

Deno.test("a year of minutes costs three reads per 16 days, ten minutes cost four reads", async () => {
  using rig = await openStrictStore();
  const { kv, store } = rig;
  const grid = { fromMs: DAY, stepMs: MINUTE_MS, width: 1 };
  for (let month = 0; month < 12; month++) {
    const fromMs = DAY + month * 30 * DAY_MS;
    await store.write(SITE, gridPage({ ...grid, fromMs, count: 30 * 1_440 }));
  }
  await store.write(SITE, gridPage({ ...grid, fromMs: DAY + 360 * DAY_MS, count: 6 * 1_440 }));
  const year = { fromMs: DAY, toMs: DAY + 366 * DAY_MS };
  const signal = new AbortController().signal;
  let count = 0;
  const yearCost = await costOf(kv, async () => {
    for await (const page of store.read(SITE, year, signal)) count += page.timesMs.length;
  });
  assertEquals(count, 366 * 1_440);
  // Head, segments, then for each of 23 chunks: its first block, its blocks, the head again.
  assertLessOrEqual(yearCost, 2 + 23 * 3);
  const fromMs = DAY + 100 * DAY_MS + 12 * 60 * MINUTE_MS;
  const span = { fromMs, toMs: fromMs + 10 * MINUTE_MS };
  const cost = await costOf(kv, async () => {
    assertEquals((await readLines(store, SITE, span)).length, 10);
  });
  // Head, segments, the block, the head again.
  assertLessOrEqual(cost, 4);
  assertLessOrEqual(await costOf(kv, () => store.describe(SITE)), 2);
});

Deno.test("years without readings cost no reads", async () => {
  using rig = await openStrictStore();
  await rig.store.write(METER, meterPage([0, "1"], [DAY, "2"], [ALL.toMs - 1, "3"]));
  assertLessOrEqual(await costOf(rig.kv, () => readLines(rig.store, METER)), 5);
});

Deno.test("with few readings in segments, describe() costs a few reads", async () => {
  using rig = await openStrictStore();
  const page = gridPage({ fromMs: DAY, stepMs: MINUTE_MS, count: 30 * 1_440 });
  await rig.store.write(METER, page);
  const ingest = createIngest({ kv: rig.kv, writer: "w" });
  await ingest.add(METER, meterPage([DAY + 29 * DAY_MS, "1"], [DAY + 29 * DAY_MS + 1, "1"]));
  assertLessOrEqual(await costOf(rig.kv, () => rig.store.describe(METER)), 6);
});

Deno.test("pages have 1 to about 24,000 readings, from blocks and from segments", async () => {
  using rig = await openStrictStore();
  await rig.store.write(METER, gridPage({ fromMs: DAY, stepMs: 1_000, count: 86_400 }));
  const ingest = createIngest({ kv: rig.kv, writer: "w" });
  await ingest.add(METER, gridPage({ fromMs: DAY + 500, stepMs: 3_600_000, count: 24 }));
  const pages = await Array.fromAsync(
    rig.store.read(METER, ALL, new AbortController().signal),
  );
  const counts = pages.map(({ timesMs }) => timesMs.length);
  assertEquals(counts.reduce((sum, count) => sum + count, 0), 86_424);
  assertLessOrEqual(Math.max(...counts), 24_000 + 24);
});

Deno.test("a read that is aborted throws the reason without reading more", async () => {
  using rig = await openStrictStore();
  await rig.store.write(METER, gridPage({ fromMs: DAY, stepMs: 1_000, count: 86_400 }));
  const controller = new AbortController();
  const reason = new RangeError("enough");
  const pages = rig.store.read(METER, ALL, controller.signal)[Symbol.asyncIterator]();
  assertGreater((await pages.next()).value.timesMs.length, 0);
  controller.abort(reason);
  const drain = async () => {
    while (!(await pages.next()).done);
  };
  const cost = await costOf(rig.kv, () => assertRejects(drain, RangeError, "enough"));
  assertEquals(cost, 0);
  const aborted = rig.store.read(METER, ALL, AbortSignal.abort(reason));
  await assertRejects(() => Array.fromAsync(aborted), RangeError, "enough");
});

Deno.test("a read that ends early leaves nothing open", async () => {
  using rig = await openStrictStore();
  await rig.store.write(METER, gridPage({ fromMs: DAY, stepMs: 1_000, count: 86_400 }));
  for await (const page of rig.store.read(METER, ALL, new AbortController().signal)) {
    assertGreater(page.timesMs.length, 0);
    break;
  }
  assertEquals((await rig.store.describe(METER))?.count, 86_400);
});

Deno.test("readings that are only in segments are read in order, clipped to the span", async () => {
  using rig = await openStrictStore();
  const ingest = createIngest({ kv: rig.kv, writer: "w" });
  const rows = [5, 1, 4, 2, 3].map((index): Row => [DAY + index, String(index)]);
  for (const row of rows) await ingest.add(SITE, pageOf([row]));
  const lines = await readLines(rig.store, SITE, { fromMs: DAY + 2, toMs: DAY + 5 });
  assertEquals(lines, linesOf(pageOf([[DAY + 2, "2"], [DAY + 3, "3"], [DAY + 4, "4"]])));
});

Deno.test("a read that reuses memory has the same readings, in the memory of one page", async () => {
  using rig = await openStrictStore();
  const { store } = rig;
  // The second day has more readings than the first, and the third fewer.
  const minutes = [20, 5, 30];
  for (const [day, step] of minutes.entries()) {
    const grid = { fromMs: DAY + day * DAY_MS, stepMs: step * MINUTE_MS, width: 2 };
    await store.write(SITE, gridPage({ ...grid, count: 1_440 / step }));
  }
  const span = { fromMs: DAY, toMs: DAY + 3 * DAY_MS };
  const { signal } = new AbortController();
  const kept: string[] = [], reused: string[] = [];
  const memories = new Set<ArrayBufferLike>();
  for await (const page of store.read(SITE, span, signal)) kept.push(...linesOf(page));
  for await (const page of store.read(SITE, { ...span, reusesMemory: true }, signal)) {
    reused.push(...linesOf(page));
    memories.add(page.timesMs.buffer);
  }
  assertEquals(reused, kept);
  assertEquals(reused.length, 72 + 288 + 48);
  // That of the first page was too small for the second.
  assertEquals(memories.size, 2);
});
