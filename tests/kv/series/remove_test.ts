import { listDue } from "../../../kv/jobs/due.ts";
import { createIngest, type Ingest } from "../../../kv/series/ingest.ts";
import { beginRemoval, purgedSeries, purgeSeries } from "../../../kv/series/remove.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals, assertGreater, assertRejects } from "../../support/assert.ts";
import { onceBefore } from "../../support/schedules.ts";
import {
  assertWhole,
  DAY,
  DAY_MS,
  gridPage,
  METER,
  meterPage,
  readLines,
  SITE,
} from "../../support/series.ts";
import { CommitFault, cutAfter, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

const NOW = DAY + 1_000 * DAY_MS;
const DUE = { atMs: NOW, kind: "series_purge", id: "meter/m1" } as const;
/** Blocks of 250 days, more than one commit of a removal deletes. */
const OLD = gridPage({ fromMs: DAY, stepMs: DAY_MS / 2, count: 500 });

interface Rig extends Disposable {
  readonly kv: Deno.Kv;
  readonly below: Deno.Kv;
  readonly plan: StrictPlan;
  readonly store: SeriesStore;
  readonly ingest: Ingest;
  readonly other: SeriesStore;
}

/** A store over a strict database; its clock stands still. */
async function openRig(): Promise<Rig> {
  const below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const kv = strictKv(below, plan);
  const now = () => NOW;
  return {
    kv,
    below,
    plan,
    store: createSeriesStore({ kv, now }),
    ingest: createIngest({ kv, writer: "w" }),
    other: createSeriesStore({ kv: below, now }),
    [Symbol.dispose]: () => below.close(),
  };
}

function dueEntries(kv: Deno.Kv) {
  return Array.fromAsync(listDue(kv, { upToMs: NOW + 1 }));
}

/** The key spaces in which a series has keys. */
async function spacesOf(kv: Deno.Kv): Promise<string[]> {
  const spaces = new Set<string>();
  for await (const { key } of kv.list({ prefix: [] })) {
    if (key.includes("m1") || key[0] === "due") spaces.add(String(key[0]));
  }
  return [...spaces].toSorted();
}

Deno.test("the head, the revision and the change feed of a removed series stay", async () => {
  using rig = await openRig();
  await rig.store.write(METER, OLD);
  await rig.ingest.add(METER, meterPage([DAY - 1, "1"], [DAY, "2"]));
  const changedBefore = await Array.fromAsync(rig.kv.list({ prefix: ["changed"] }));
  assert(await rig.store.remove(METER));
  assertEquals(await spacesOf(rig.kv), ["changed", "revision", "series"]);
  const changed = await Array.fromAsync(rig.kv.list({ prefix: ["changed"] }));
  assertEquals(changed.length, 251);
  changed.forEach(({ versionstamp }, index) =>
    assertGreater(versionstamp, changedBefore[index].versionstamp)
  );
});

Deno.test("a series that only has segments is removed too", async () => {
  using rig = await openRig();
  await rig.ingest.add(METER, meterPage([DAY, "1"]));
  assert(await rig.store.remove(METER));
  assertEquals([await rig.store.describe(METER), await readLines(rig.store, METER)], [null, []]);
  assertEquals((await Array.fromAsync(rig.kv.list({ prefix: ["segment"] }))).length, 0);
  assertEquals(await dueEntries(rig.kv), []);
});

Deno.test("a removal that is killed anywhere hides the series, is due, and is completed by purge", async () => {
  for (let count = 1, isDone = false; !isDone; count++) {
    using rig = await openRig();
    await rig.store.write(METER, OLD);
    await rig.ingest.add(METER, meterPage([DAY + 1, "1"]));
    await rig.store.write(SITE, gridPage({ fromMs: DAY, stepMs: 1, count: 3, width: 1 }));
    rig.plan.fate = cutAfter(count, "unanswered");
    await assertRejects(() => rig.store.remove(METER), CommitFault);
    delete rig.plan.fate;
    const left = await dueEntries(rig.kv);
    isDone = left.length === 0;
    if (!isDone) assertEquals(left, [DUE]);
    assertEquals([await rig.store.describe(METER), await readLines(rig.store, METER)], [null, []]);
    await rig.store.purge(METER);
    assertEquals(await dueEntries(rig.kv), []);
    for (const space of ["block", "segment"]) {
      assertEquals((await Array.fromAsync(rig.kv.list({ prefix: [space, "meter"] }))).length, 0);
    }
    assertEquals((await rig.store.describe(SITE))?.count, 3);
    assert(count < 20 && (!isDone || count > 3), "the removal needs 4 to 19 commits");
  }
});

Deno.test("purge does nothing to a series that is not being removed", async () => {
  using rig = await openRig();
  await rig.store.write(METER, OLD);
  await rig.store.purge(METER);
  await rig.store.purge(SITE);
  assertEquals((await rig.store.describe(METER))?.count, 500);
});

Deno.test("a removal begins only once", async () => {
  using rig = await openRig();
  assertEquals(await beginRemoval(rig.kv, METER, { nowMs: NOW }), false);
  await rig.store.write(METER, OLD);
  assertEquals(await beginRemoval(rig.kv, METER, { nowMs: NOW }), true);
  assertEquals(await beginRemoval(rig.kv, METER, { nowMs: NOW + 1 }), false);
  assertEquals(await dueEntries(rig.kv), [DUE]);
});

Deno.test("a write to a series that is being removed completes the removal first", async () => {
  using rig = await openRig();
  await rig.store.write(METER, OLD);
  await beginRemoval(rig.kv, METER, { nowMs: NOW });
  const counts = await rig.store.write(METER, meterPage([DAY, "7"], [DAY + 1, "7"]));
  assertEquals(counts, { inserted: 2, updated: 0, unchanged: 0 });
  assertEquals(await readLines(rig.store, METER), [`${DAY} 7,7,7,7`, `${DAY + 1} 7,7,7,7`]);
  await assertWhole(rig.kv, METER);
  assertEquals(await dueEntries(rig.kv), []);
});

Deno.test("readings ingested after a removal began start the next life of the series", async () => {
  using rig = await openRig();
  await rig.store.write(METER, OLD);
  await rig.ingest.add(METER, meterPage([DAY, "1"], [DAY + 5, "1"]));
  await beginRemoval(rig.kv, METER, { nowMs: NOW });
  await rig.ingest.add(METER, meterPage([DAY, "2"]));
  await purgeSeries(rig.kv, METER);
  assertEquals(await readLines(rig.store, METER), [`${DAY} 2,2,2,2`]);
  assertEquals(await rig.store.fold(METER), 1);
  assertEquals(await readLines(rig.store, METER), [`${DAY} 2,2,2,2`]);
  await assertWhole(rig.kv, METER);
});

Deno.test("readings ingested after a removal began can be read before it is complete", async () => {
  using rig = await openRig();
  await rig.store.write(METER, OLD);
  await beginRemoval(rig.kv, METER, { nowMs: NOW });
  await rig.ingest.add(METER, meterPage([DAY, "2"]));
  assertEquals(await readLines(rig.store, METER), [`${DAY} 2,2,2,2`]);
  assertEquals((await rig.store.describe(METER))?.count, 1);
});

Deno.test("a second removal also removes what was ingested after the first was interrupted", async () => {
  using rig = await openRig();
  await rig.store.write(METER, OLD);
  await beginRemoval(rig.kv, METER, { nowMs: NOW });
  await rig.ingest.add(METER, meterPage([DAY, "2"]));
  await rig.store.remove(METER);
  assertEquals(await readLines(rig.store, METER), []);
  assertEquals(await rig.store.describe(METER), null);
});

Deno.test("a slow purge deletes nothing that was written after another purge ended", async () => {
  for (let nth = 1; nth <= 4; nth++) {
    using rig = await openRig();
    await rig.other.write(METER, OLD);
    await beginRemoval(rig.below, METER, { nowMs: NOW });
    const moment = onceBefore({ nth }, async () => {
      await rig.other.purge(METER);
      await rig.other.write(METER, OLD);
    });
    rig.plan.before = moment.before;
    await rig.store.purge(METER);
    moment.assertCame();
    assertEquals((await readLines(rig.other, METER)).length, 500);
    await assertWhole(rig.below, METER);
  }
});

Deno.test("a removal during writes of another instance leaves a consistent series", async () => {
  for (let nth = 1; nth <= 8; nth++) {
    using rig = await openRig();
    await rig.other.write(METER, OLD);
    const moment = onceBefore({ nth }, () => rig.other.write(METER, meterPage([DAY + 9, "9"])));
    rig.plan.before = moment.before;
    assert(await rig.store.remove(METER));
    moment.assertCame();
    await assertWhole(rig.below, METER);
    const lines = await readLines(rig.other, METER);
    assert(lines.length === 0 || lines.join() === `${DAY + 9} 9,9,9,9`, lines.join());
    assertEquals(await dueEntries(rig.below), []);
  }
});

Deno.test("purgedSeries() finds the series of a due entry, also if its id contains a slash", () => {
  assertEquals(purgedSeries("meter/m1"), METER);
  assertEquals(purgedSeries("site/a/b"), { profile: "site", id: "a/b" });
  assertEquals(purgedSeries("inverter/a:b"), { profile: "inverter", id: "a:b" });
  assertEquals(purgedSeries("/x"), null);
  assertEquals(purgedSeries("meter"), null);
});
