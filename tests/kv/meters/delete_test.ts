import { deleteMeter, keepMeter } from "../../../kv/meters/delete.ts";
import { changeMeter, getMeter } from "../../../kv/meters/meters.ts";
import type { Metric } from "../../../data/readings/profile.ts";
import { openProfiles, type ProfileStore } from "../../../kv/profiles/profiles.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";
import { DAY, DAY_MS, gridPage } from "../../support/series.ts";
import { CommitFault, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

const REF = { profile: "one_way", id: "m1" } as const;

interface Rig extends AsyncDisposable {
  readonly kv: Deno.Kv;
  readonly series: SeriesStore;
  readonly profiles: ProfileStore;
}

/** A database with a profile of users, and a meter `m1` that has it, a label and 300 readings. */
async function openRig(plan: StrictPlan = {}): Promise<Rig> {
  const kv = strictKv(await Deno.openKv(":memory:"), plan);
  const profiles = await openProfiles({ kv, isExclusive: true });
  const metric: Metric = { name: "power_w", unit: "W", min: 0, max: 10, aggregate: "mean" };
  await profiles.put("one_way", { metrics: [metric] });
  const series = createSeriesStore({ kv, now: () => DAY, profiles });
  await changeMeter({ kv, series }, "m1", { profile: "one_way", label: "Roof" });
  // 75 days of 4 readings each.
  await series.write(REF, gridPage({ fromMs: DAY, stepMs: DAY_MS / 4, count: 300, width: 1 }));
  return {
    kv,
    series,
    profiles,
    async [Symbol.asyncDispose]() {
      await profiles[Symbol.asyncDispose]();
      kv.close();
    },
  };
}

/** How many keys of a space name the meter. */
async function keysOf(kv: Deno.Kv, space: string): Promise<number> {
  const entries = await Array.fromAsync(kv.list({ prefix: [space] }));
  return entries.filter(({ key }) => key.includes("m1")).length;
}

Deno.test("a deleted meter has no readings, record or use of a profile, and each reading is counted once", async () => {
  await using rig = await openRig();
  const counts: number[] = [];
  const onRemoved = (count: number) => void counts.push(count);
  await deleteMeter(rig, { ...REF, onRemoved });
  // 75 blocks of a day.
  assertEquals(counts.reduce((sum, count) => sum + count), 300);
  assertEquals(await rig.series.describe(REF), null);
  const { kv } = rig;
  for (const space of ["meter", "block", "profile_use", "due"]) {
    assertEquals(await keysOf(kv, space), 0, space);
  }
  // Another one, as it has nothing left to delete.
  await deleteMeter(rig, { ...REF, onRemoved });
  assertEquals(counts.length, 1);
});

Deno.test("a deletion of a meter cut off at any commit is completed by the next one", async () => {
  for (let cut = 1, isDone = false; !isDone; cut++) {
    for (const fate of ["lost", "unanswered"] as const) {
      const plan: StrictPlan = {};
      await using rig = await openRig(plan);
      let commits = 0;
      plan.fate = () => ++commits === cut ? fate : "happens";
      isDone = true;
      await deleteMeter(rig, REF).catch((error) => {
        isDone = false;
        if (!(error instanceof CommitFault)) throw error;
      });
      delete plan.fate;
      await deleteMeter(rig, REF);
      assertEquals(await rig.series.describe(REF), null, `cut at ${cut}, ${fate}`);
      assertEquals(await keysOf(rig.kv, "meter"), 0);
      assertEquals(await keysOf(rig.kv, "block"), 0);
      assertEquals(await keysOf(rig.kv, "profile_use"), 0);
    }
  }
});

Deno.test("readings that an import stores while their meter is deleted are found afterwards", async () => {
  await using rig = await openRig();
  const { kv, series } = rig;
  let isImported = false;
  const busy: typeof series = {
    ...series,
    async remove(ref, options) {
      const isRemoved = await series.remove(ref, options);
      if (!isImported) await series.write(REF, pageOf([[DAY, "7"]]));
      isImported = true;
      return isRemoved;
    },
  };
  await deleteMeter({ kv, series: busy }, REF);
  // The import goes on under the profile that it began with; what users said is gone.
  const { profile, label } = (await getMeter(kv, "m1"))?.value ?? {};
  assertEquals([profile, label], ["one_way", null]);
  assertEquals((await series.describe(REF))?.count, 1);
});

Deno.test("readings whose profile was deleted meanwhile are removed, not lost sight of", async () => {
  await using rig = await openRig();
  const { kv, series, profiles } = rig;
  await deleteMeter(rig, REF);
  await profiles.remove("one_way");
  await series.write(REF, pageOf([[DAY, "7"]]));
  await keepMeter(rig, "m1", "one_way");
  assertEquals([await getMeter(kv, "m1"), await series.describe(REF)], [null, null]);
});

Deno.test("a meter that was set up again meanwhile keeps its record", async () => {
  await using rig = await openRig();
  await deleteMeter(rig, REF);
  await changeMeter(rig, "m1", { label: "Cellar" });
  await rig.series.write(REF, pageOf([[DAY, "7"]]));
  await keepMeter(rig, "m1", "one_way");
  assertEquals((await getMeter(rig.kv, "m1"))?.value.label, "Cellar");
});
