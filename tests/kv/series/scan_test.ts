import { clearImmediate, setImmediate } from "node:timers";
import { createIngest } from "../../../kv/series/ingest.ts";
import { latestReadings } from "../../../kv/series/scan.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { clearSegmentCount, listSegmentCounts } from "../../../kv/series/segment_counts.ts";
import { wrapKv } from "../../../kv/wrapped_kv.ts";
import {
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertRejects,
} from "../../support/assert.ts";
import { openRaceRig, type RaceRig } from "../../support/race_rig.ts";
import { onceBefore } from "../../support/schedules.ts";
import { DAY, DAY_MS, gridPage, scanLines, SITE, tickingClock } from "../../support/series.ts";
import { pageOf } from "../../support/pages.ts";
import { openPlainRig } from "../../support/series_rig.ts";
import { strictKv } from "../../support/strict_kv.ts";

const HOUR_MS = 3_600_000;
/** The day that is scanned. */
const SPAN = { fromMs: DAY, toMs: DAY + DAY_MS };

function site(id: string): typeof SITE {
  return { ...SITE, id };
}

Deno.test("scan() returns the readings in a span and the last one before it, however old", async () => {
  using rig = await openPlainRig();
  const { store } = rig;
  await store.write(site("near"), pageOf([[DAY - 2, "0"], [DAY - 1, "1"], [DAY, "0"]]));
  // So many days earlier that several reads are needed to get there.
  const old = gridPage({ fromMs: DAY - 40 * DAY_MS, stepMs: HOUR_MS, count: 30, width: 1 });
  await store.write(site("old"), old);
  await store.write(site("late"), pageOf([[DAY + 5, "1"], [DAY + DAY_MS, "0"]]));
  await store.write(site("later"), pageOf([[DAY + DAY_MS, "1"]]));
  assertEquals(
    await scanLines(store, "site", SPAN),
    new Map([
      ["late", [`${DAY + 5} 1`]],
      ["near", [`${DAY - 1} 1`, `${DAY} 0`]],
      // Row 29 of the grid, at scale 1.
      ["old", [`${DAY - 40 * DAY_MS + 29 * HOUR_MS} 2.9`]],
    ]),
  );
});

Deno.test("scan() goes back further if all readings of a day are after the start of the span", async () => {
  using rig = await openPlainRig();
  const noon = DAY + DAY_MS / 2;
  await rig.store.write(SITE, pageOf([[DAY - 3 * DAY_MS, "1"], [noon + 1, "0"], [noon + 2, "1"]]));
  assertEquals(
    (await scanLines(rig.store, "site", { fromMs: noon, toMs: noon + 2 })).get("s1"),
    [`${DAY - 3 * DAY_MS} 1`, `${noon + 1} 0`],
  );
});

Deno.test("scan() merges segments over blocks, and finds series that only have segments", async () => {
  using rig = await openPlainRig();
  const { store, ingest } = rig;
  await store.write(site("both"), pageOf([[DAY - 9, "0"], [DAY + 1, "0"], [DAY + 2, "0"]]));
  await ingest.add(site("both"), pageOf([[DAY + 2, "1"], [DAY - 5, "1"]]));
  await ingest.add(site("new"), pageOf([[DAY - 7, "0"], [DAY - 8, "1"]]));
  assertEquals(
    await scanLines(store, "site", SPAN),
    new Map([
      ["both", [`${DAY - 5} 1`, `${DAY + 1} 0`, `${DAY + 2} 1`]],
      ["new", [`${DAY - 7} 0`]],
    ]),
  );
  assertEquals(await store.extent("site"), { seriesCount: 2, lastMs: DAY + 2 });
});

Deno.test("extent() returns how many series a profile has and their last time, or null", async () => {
  using rig = await openPlainRig();
  const { store, ingest } = rig;
  assertEquals(await store.extent("site"), { seriesCount: 0, lastMs: null });
  await store.write(site("a"), pageOf([[DAY + 7, "1"]]));
  await store.write(site("b"), pageOf([[DAY + 3, "1"]]));
  await store.write(
    { profile: "meter", id: "m" },
    gridPage({ fromMs: 2 * DAY, stepMs: 1, count: 1 }),
  );
  assertEquals(await store.extent("site"), { seriesCount: 2, lastMs: DAY + 7 });
  await ingest.add(site("c"), pageOf([[DAY + 9, "1"]]));
  assertEquals(await store.extent("site"), { seriesCount: 3, lastMs: DAY + 9 });
  await store.remove(site("c"));
  assertEquals(await store.extent("site"), { seriesCount: 2, lastMs: DAY + 7 });
});

Deno.test("scan() leaves out a removed series, but not one that was written again", async () => {
  using rig = await openPlainRig();
  const { store } = rig;
  await store.write(site("gone"), pageOf([[DAY + 1, "1"]]));
  await store.write(site("again"), pageOf([[DAY + 1, "1"]]));
  await store.remove(site("gone"));
  await store.remove(site("again"));
  await store.write(site("again"), pageOf([[DAY + 2, "0"]]));
  assertEquals(await scanLines(store, "site", SPAN), new Map([["again", [`${DAY + 2} 0`]]]));
});

Deno.test("scan() returns hundreds of series, with and without blocks, once each and in order", async () => {
  using rig = await openPlainRig();
  const ids = Array.from({ length: 450 }, (_, index) => `s${String(index).padStart(3, "0")}`);
  for (const [index, id] of ids.entries()) {
    const page = pageOf([[DAY + index, "1"]]);
    // Consecutive series of either kind that are longer than a batch.
    const isBlock = index % 7 === 0 || (index > 150 && index < 300);
    if (isBlock) await rig.store.write(site(id), page);
    else await rig.ingest.add(site(id), page);
  }
  const found = await scanLines(rig.store, "site", SPAN);
  assertEquals([...found.keys()], ids);
  assertEquals([...found.values()].flat(), ids.map((_, index) => `${DAY + index} 1`));
  const listed = await rig.store.list("site", { afterId: "s099", limit: 300 });
  assertEquals(listed.map(({ id }) => id), ids.slice(100, 400));
});

Deno.test("a scan of folded series costs one read per series, and a few per hundred", async () => {
  using below = await Deno.openKv(":memory:");
  const kv = strictKv(below);
  const store = createSeriesStore({ kv, now: tickingClock() });
  for (let index = 0; index < 200; index++) {
    // A reading a day; a read goes back some days.
    const page = gridPage({ fromMs: DAY - 100 * DAY_MS, stepMs: DAY_MS, count: 102, width: 1 });
    await store.write(site(`s${index}`), page);
  }
  const before = kv.reads();
  const found = await scanLines(store, "site", SPAN);
  assertEquals(found.size, 200);
  assertEquals(found.get("s7")?.length, 2);
  // Ids come from a list of segment counts and one of heads, 100 at a time; the third is empty.
  const idReads = 2 * 3;
  const batchReads = 3 * 2;
  assertLessOrEqual(kv.reads() - before, 200 + idReads + batchReads);
});

Deno.test("latest() returns the last reading of each series with few reads", async () => {
  using below = await Deno.openKv(":memory:");
  const kv = strictKv(below);
  const store = createSeriesStore({ kv, now: tickingClock() });
  const ids = Array.from({ length: 200 }, (_, index) => `s${index}`);
  for (const id of ids) {
    // 102 readings, a day apart. The last one is row 101 of the grid, at scale 1.
    const page = gridPage({ fromMs: DAY - 100 * DAY_MS, stepMs: DAY_MS, count: 102, width: 1 });
    await store.write(site(id), page);
  }
  const before = kv.reads();
  const latest = await store.latest("site", ["none", ...ids]);
  // Per hundred series two reads of heads and ten of ten segment counts, and one of blocks per series.
  assertLessOrEqual(kv.reads() - before, 3 * (2 + 10) + ids.length);
  assertEquals([...latest.keys()].toSorted(), ids.toSorted());
  const page = latest.get("s150");
  assertEquals([[...page?.timesMs ?? []], [...page?.columns[0].values ?? []]], [
    [DAY + DAY_MS],
    [101],
  ]);
});

Deno.test("while latest() reads many series, others have turns", async () => {
  // Answers without a wait, like those of a database that is fast.
  const none = (key: Deno.KvKey) => ({ key, value: null, versionstamp: null });
  const kv = {
    get: (key: Deno.KvKey) => Promise.resolve(none(key)),
    getMany: (keys: readonly Deno.KvKey[]) => Promise.resolve(keys.map(none)),
    list: () => (async function* () {})(),
  } as unknown as Deno.Kv;
  let turns = 0;
  const count = () => {
    turns++;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  const ids = Array.from({ length: 100 }, (_, index) => `s${index}`);
  assertEquals((await latestReadings(kv, "site", ids)).size, 0);
  clearImmediate(immediate);
  assertLess(2, turns);
});

Deno.test("latest() of series that are far apart does not read what lies between", async () => {
  using below = await Deno.openKv(":memory:");
  let listed = 0;
  const list: Deno.Kv["list"] = <T>(...args: Parameters<Deno.Kv["list"]>) => {
    const entries = below.list<T>(...args);
    const next = async () => {
      listed++;
      return await entries.next();
    };
    return Object.assign(Object.create(entries), {
      next,
      [Symbol.asyncIterator]: () => ({ next }),
    });
  };
  const kv = wrapKv(below, { list });
  const store = createSeriesStore({ kv, now: tickingClock() });
  const ids = Array.from({ length: 300 }, (_, index) => `s${String(index).padStart(3, "0")}`);
  for (const id of ids) await store.write(site(id), pageOf([[DAY, "1"]]));
  listed = 0;
  const latest = await store.latest("site", ["none", "s000", "s298", "s299", "s9"]);
  assertEquals([...latest.keys()].toSorted(), ["s000", "s298", "s299"]);
  assertLess(listed, 100);
});

Deno.test("latest() includes readings in segments, and leaves out a removed series", async () => {
  using rig = await openPlainRig();
  const { store, ingest } = rig;
  await store.write(site("both"), pageOf([[DAY, "0"]]));
  await ingest.add(site("both"), pageOf([[DAY + 2, "1"], [DAY + 1, "0"]]));
  await ingest.add(site("new"), pageOf([[DAY - 7, "1"]]));
  await store.write(site("gone"), pageOf([[DAY, "1"]]));
  await store.remove(site("gone"));
  const latest = await store.latest("site", ["new", "gone", "both"]);
  const found = Array.from(latest, ([id, { timesMs, columns: [{ values }] }]) => {
    return [id, [...timesMs], [...values]];
  });
  assertEquals(found, [["both", [DAY + 2], [1]], ["new", [DAY - 7], [1]]]);
});

/** Folds every series and deletes its segment count, as compaction does. */
async function compactAll({ below, other }: RaceRig): Promise<void> {
  for (const count of await Array.fromAsync(listSegmentCounts(below))) {
    await other.fold(count.ref);
    await clearSegmentCount(below, count);
  }
}

Deno.test("a fold between any two accesses of a scan does not change its result", async () => {
  let came = 0;
  for (let nth = 1; nth <= 12; nth++) {
    using rig = await openRaceRig();
    await rig.other.write(site("a"), pageOf([[DAY + 1, "0"], [DAY + 3, "0"]]));
    await rig.ingest.add(site("a"), pageOf([[DAY + 1, "1"], [DAY + 2, "1"]]));
    await rig.ingest.add(site("b"), pageOf([[DAY + 4, "1"]]));
    const moment = onceBefore({ nth }, () => compactAll(rig));
    rig.plan.before = moment.before;
    assertEquals(
      await scanLines(rig.store, "site", SPAN),
      new Map([["a", [`${DAY + 1} 1`, `${DAY + 2} 1`, `${DAY + 3} 0`]], ["b", [`${DAY + 4} 1`]]]),
      `before access ${nth}`,
    );
    if (moment.hasCome()) came++;
  }
  assertLess(4, came);
});

Deno.test("a fold between any two accesses of extent() does not change its result", async () => {
  let came = 0;
  for (let nth = 1; nth <= 12; nth++) {
    using rig = await openRaceRig();
    await rig.other.write(site("a"), pageOf([[DAY + 1, "0"]]));
    await rig.ingest.add(site("b"), pageOf([[DAY + 4, "1"]]));
    const moment = onceBefore({ nth }, () => compactAll(rig));
    rig.plan.before = moment.before;
    const extent = { seriesCount: 2, lastMs: DAY + 4 };
    assertEquals(await rig.store.extent("site"), extent, `before access ${nth}`);
    if (moment.hasCome()) came++;
  }
  assertLess(2, came);
});

Deno.test("a scan returns a series as of one moment: no later write without the earlier one", async () => {
  let shown = 0;
  for (let nth = 1; nth <= 10; nth++) {
    using rig = await openRaceRig();
    await rig.other.write(SITE, pageOf([[DAY + 1, "0"]]));
    rig.plan.before = onceBefore({ nth }, async () => {
      await createIngest({ kv: rig.below, writer: "z" }).add(SITE, pageOf([[DAY + 2, "1"]]));
      await rig.other.write(SITE, pageOf([[DAY + 3, "0"]]));
    }).before;
    const lines = (await scanLines(rig.store, "site", SPAN)).get("s1");
    const after = [`${DAY + 1} 0`, `${DAY + 2} 1`, `${DAY + 3} 0`];
    if (lines?.length === 1) assertEquals(lines, after.slice(0, 1));
    else {
      shown++;
      assertEquals(lines, after, `before access ${nth}`);
    }
  }
  assertLess(2, shown);
});

Deno.test("a scan that is aborted throws the reason", async () => {
  using rig = await openPlainRig();
  await rig.store.write(SITE, pageOf([[DAY + 1, "1"]]));
  const controller = new AbortController();
  controller.abort(new DOMException("enough", "AbortError"));
  const scan = rig.store.scan("site", SPAN, controller.signal);
  await assertRejects(() => Array.fromAsync(scan), DOMException, "enough");
});
