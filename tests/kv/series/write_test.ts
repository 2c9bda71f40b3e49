import fc from "fast-check";
import { FLOAT } from "../../../data/readings/decimal.ts";
import { concatPages, type Page, slicePage } from "../../../data/readings/page.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import {
  assertLines,
  assertWhole,
  blockStarts,
  DAY,
  DAY_MS,
  entriesOf,
  gridPage,
  linesOf,
  METER,
  meterPage,
  readLines,
  SITE,
  wideValue,
} from "../../support/series.ts";
import { openStrictStore, type StrictStore } from "../../support/strict_store.ts";

/** Fails unless the blocks are valid and hold exactly the page. */
async function assertHolds({ kv, store }: StrictStore, page: Page): Promise<void> {
  await assertWhole(kv, METER);
  assertLines(await readLines(store, METER), linesOf(page));
}

/** A page in parts of `size` readings. */
function partsOf(page: Page, size: number): Page[] {
  const count = Math.ceil(page.timesMs.length / size);
  return Array.from({ length: count }, (_, part) => {
    const start = part * size;
    return slicePage(page, start, Math.min(start + size, page.timesMs.length));
  });
}

const EVERY_SECOND = { fromMs: DAY, stepMs: 1_000, count: 86_400, value: wideValue };
const TEN_A_SECOND = { fromMs: DAY + 3_600_000, stepMs: 100, count: 36_000, value: wideValue };

for (const [name, grid] of Object.entries({ EVERY_SECOND, TEN_A_SECOND })) {
  Deno.test(`a write of ${name} stores each reading, in blocks within their limits`, async () => {
    using rig = await openStrictStore();
    const page = gridPage(grid);
    const counts = await rig.store.write(METER, page);
    assertEquals(counts, { inserted: grid.count, updated: 0, unchanged: 0 });
    await assertHolds(rig, page);
  });
}

Deno.test("readings that arrive backwards are all stored", async () => {
  using rig = await openStrictStore();
  const page = gridPage(TEN_A_SECOND);
  for (const part of partsOf(page, 900).reverse()) await rig.store.write(METER, part);
  await assertHolds(rig, page);
});

Deno.test("readings that arrive interleaved are all stored", async () => {
  using rig = await openStrictStore();
  const offsets = [3, 0, 4, 1, 2];
  const pages = offsets.map((offset) =>
    gridPage({ fromMs: DAY + offset * 1_000, stepMs: 5_000, count: 5_000, value: wideValue })
  );
  for (const page of pages) {
    assertEquals((await rig.store.write(METER, page)).inserted, 5_000);
  }
  const lines = linesOf(concatPages(pages)).toSorted((a, b) => parseInt(a) - parseInt(b));
  await assertWhole(rig.kv, METER);
  assertLines(await readLines(rig.store, METER), lines);
});

Deno.test("an ingested burst is folded into blocks within their limits", async () => {
  using rig = await openStrictStore();
  const ingest = createIngest({ kv: rig.kv, writer: "w" });
  const page = gridPage(EVERY_SECOND);
  await Promise.all(partsOf(page, 7_000).reverse().map((part) => ingest.add(METER, part)));
  const segments = await entriesOf(rig.kv, "segment", METER);
  assertEquals(await rig.store.fold(METER), segments.length);
  assertEquals(await entriesOf(rig.kv, "segment", METER), []);
  await assertHolds(rig, page);
});

Deno.test("more segments than one commit can delete are folded", async () => {
  using rig = await openStrictStore();
  const ingest = createIngest({ kv: rig.kv, writer: "w" });
  const page = gridPage({ fromMs: DAY, stepMs: 60_000, count: 1_300 });
  for (const part of partsOf(page, 1)) await ingest.add(METER, part);
  assertEquals(await rig.store.fold(METER), 1_300);
  await assertHolds(rig, page);
});

Deno.test("blocks of values that cannot be packed stay below 65,536 bytes", async () => {
  using rig = await openStrictStore();
  const values = Float64Array.from({ length: 3_000 }, (_, row) => row % 7 ? 1 / (row + 1) : NaN);
  const timesMs = values.map((_, row) => DAY + row * 20_000 + row % 13);
  const page = { timesMs, columns: Array(4).fill({ scale: FLOAT, values }) };
  await rig.store.write(METER, page);
  await assertHolds(rig, page);
  const [{ value }] = await entriesOf<Uint8Array>(rig.kv, "block", METER);
  assert(value.length > 30_000, "the test needs blocks near the limit");
});

Deno.test("the last moment of a day and the first of the next are in two blocks", async () => {
  using rig = await openStrictStore();
  const page = meterPage([DAY - 1, "1"], [DAY, "2"], [DAY + DAY_MS - 1, "3"], [DAY + DAY_MS, "4"]);
  await rig.store.write(METER, page);
  assertEquals(await blockStarts(rig.kv, METER), [DAY - DAY_MS, DAY, DAY + DAY_MS]);
  await assertHolds(rig, page);
});

Deno.test("1,500 readings of a day are one block, and one more splits it", async () => {
  using rig = await openStrictStore();
  const page = gridPage({ fromMs: DAY + 500, stepMs: 1_000, count: 1_500 });
  await rig.store.write(METER, page);
  assertEquals(await blockStarts(rig.kv, METER), [DAY]);
  await rig.store.write(METER, meterPage([DAY, "1"]));
  const starts = await blockStarts(rig.kv, METER);
  assertEquals([starts.length, starts[0]], [2, DAY]);
});

const writes = fc.array(
  fc.record({
    fromMs: fc.nat(86_000_000).map((ms) => DAY + ms),
    stepMs: fc.constantFrom(1, 10, 1_000),
    count: fc.integer({ min: 1, max: 2_000 }),
  }),
  { minLength: 2, maxLength: 8 },
);

Deno.test("a block keeps its key, whatever is written after it", async () => {
  await fc.assert(
    fc.asyncProperty(writes, async (grids) => {
      using rig = await openStrictStore();
      let before: number[] = [];
      for (const grid of grids) {
        await rig.store.write(SITE, gridPage({ ...grid, width: 1 }));
        const starts = await blockStarts(rig.kv, SITE);
        assertEquals(before.filter((startMs) => !starts.includes(startMs)), []);
        before = starts;
      }
      await assertWhole(rig.kv, SITE);
    }),
    { numRuns: 20 },
  );
});

Deno.test("many readings that are far apart share a commit, written or folded", async () => {
  using rig = await openStrictStore();
  const rows = Array.from({ length: 2_000 }, (_, day): Row => [DAY + day * DAY_MS, "1"]);
  await rig.store.write(SITE, pageOf(rows));
  // 2,000 blocks. Two mutations each and 900 per commit need 5 commits; 200 updates per slice need 10.
  assertLessOrEqual(rig.kv.commits(), 12);
  const live = { ...SITE, id: "s2" };
  await createIngest({ kv: rig.kv, writer: "w" }).add(live, pageOf(rows));
  const before = rig.kv.commits();
  await rig.store.fold(live);
  assertLessOrEqual(rig.kv.commits() - before, 12);
  await assertWhole(rig.kv, live);
});

Deno.test("parts of readings keep what is stored, whatever their order and however they are written", async () => {
  using rig = await openStrictStore();
  const { store } = rig;
  const part = (...rows: Row[]): Page => ({ ...pageOf(rows), isPartial: true });
  const energy = part([DAY, "1", "", "", ""], [DAY + 1, "2", "", "", ""]);
  const power = part([DAY + 1, "", "20", "", ""], [DAY, "", "10", "", ""], [
    DAY + 2,
    "",
    "30",
    "",
    "",
  ]);
  const whole = [`${DAY} 1,10,,`, `${DAY + 1} 2,20,,`, `${DAY + 2} ,30,,`];
  assertEquals(await store.write(METER, energy), { inserted: 2, updated: 0, unchanged: 0 });
  assertEquals(await store.compare(METER, power), { inserted: 1, updated: 2, unchanged: 0 });
  assertEquals(await store.write(METER, power), { inserted: 1, updated: 2, unchanged: 0 });
  assertLines(await readLines(store, METER), whole);
  for (const page of [energy, power]) {
    const unchanged = page.timesMs.length;
    assertEquals(await store.compare(METER, page), { inserted: 0, updated: 0, unchanged });
    assertEquals(await store.write(METER, page), { inserted: 0, updated: 0, unchanged });
  }
  const other = { profile: "meter", id: "m2" } as const;
  await store.write(other, power);
  await store.writeMany("meter", [METER.id, other.id], () => energy);
  assertLines(await readLines(store, METER), whole);
  assertLines(await readLines(store, other), whole);
  await store.write(METER, pageOf([[DAY, "9", "", "", ""]]));
  assertEquals((await readLines(store, METER))[0], `${DAY} 9,,,`);
  await assertWhole(rig.kv, METER);
});

/** How many reads and commits something costs. */
async function costIn({ kv }: StrictStore, run: () => Promise<unknown>): Promise<number[]> {
  const before = [kv.reads(), kv.commits()];
  await run();
  return [kv.reads() - before[0], kv.commits() - before[1]];
}

const HALF_HOURS = { fromMs: DAY, stepMs: 1_800_000 };

Deno.test("half hours of new days cost no read of blocks, and 449 days share a commit", async () => {
  using rig = await openStrictStore();
  const page = gridPage({ ...HALF_HOURS, count: 898 * 48 });
  // One read of segments, one of the head.
  assertEquals(await costIn(rig, () => rig.store.write(METER, page)), [2, 2]);
  await assertHolds(rig, page);
  const later = gridPage({ ...HALF_HOURS, fromMs: DAY + 1_000 * DAY_MS, count: 48 });
  assertEquals(await costIn(rig, () => rig.store.write(METER, later)), [2, 1]);
  const earlier = gridPage({ ...HALF_HOURS, fromMs: DAY - 9 * DAY_MS, count: 48 });
  assertEquals(await costIn(rig, () => rig.store.write(METER, earlier)), [2, 1]);
  await assertHolds(rig, concatPages([earlier, page, later]));
});

Deno.test("half hours that go on within a day cost one read of a block", async () => {
  using rig = await openStrictStore();
  const page = gridPage({ ...HALF_HOURS, count: 100 * 48 });
  const [first, second] = partsOf(page, 1_000);
  await rig.store.write(METER, first);
  assertEquals(await costIn(rig, () => rig.store.write(METER, second)), [3, 1]);
  await assertHolds(rig, slicePage(page, 0, 2_000));
});

Deno.test("readings that go on within a day of several blocks are merged into the last one", async () => {
  using rig = await openStrictStore();
  const page = gridPage({ fromMs: DAY, stepMs: 10_000, count: 6_000 });
  for (const part of partsOf(page, 1_999)) await rig.store.write(METER, part);
  await assertHolds(rig, page);
  assertEquals((await blockStarts(rig.kv, METER)).length > 2, true);
});

Deno.test("readings around those of a series are merged, whatever the head says", async () => {
  using rig = await openStrictStore();
  const stored = gridPage({ ...HALF_HOURS, fromMs: DAY + 12 * 3_600_000, count: 10 * 48 });
  await rig.store.write(METER, stored);
  const whole = gridPage({ ...HALF_HOURS, fromMs: DAY - 3 * DAY_MS, count: 20 * 48 });
  const counts = await rig.store.write(METER, whole);
  assertEquals(counts.inserted, 20 * 48 - 10 * 48);
  assertEquals(counts.updated + counts.unchanged, 10 * 48);
  await assertHolds(rig, whole);
});
