import type { Page } from "../../../data/readings/page.ts";
import { listChanges } from "../../../kv/series/changes.ts";
import { beginRemoval } from "../../../kv/series/remove.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals, assertLess, assertRejects } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";
import { openRaceRig } from "../../support/race_rig.ts";
import { onceBefore } from "../../support/schedules.ts";
import { assertWhole, DAY, DAY_MS, readLines, tickingClock } from "../../support/series.ts";
import {
  CommitFault,
  createRandom,
  cutAfter,
  strictKv,
  type StrictPlan,
} from "../../support/strict_kv.ts";

/** More series than a commit over KV Connect has checks, and than are read at a time. */
const IDS = Array.from({ length: 30 }, (_, index) => `s${100 + index}`);

function site(id: string): { profile: "site"; id: string } {
  return { profile: "site", id };
}

/** Polls as a page: times after DAY, and their status. */
function polls(...rows: readonly (readonly [afterMs: number, status: number])[]): Page {
  return pageOf(rows.map(([afterMs, status]) => [DAY + afterMs, String(status)]), 1);
}

function linesOf(...rows: readonly (readonly [afterMs: number, status: number])[]): string[] {
  return rows.map(([afterMs, status]) => `${DAY + afterMs} ${status}`);
}

Deno.test("writeMany() does what write() does for each series, with one commit per nine series", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  using otherKv = await Deno.openKv(":memory:");
  const now = tickingClock();
  const store = createSeriesStore({ kv, now });
  const one = createSeriesStore({ kv: otherKv, now });
  const random = createRandom(7);
  for (let round = 0; round < 4; round++) {
    const pages = IDS.map(() =>
      polls(...Array.from({ length: 1 + Math.floor(random() * 40) }, () =>
        // Times within ten days, so that other rounds have some of them too.
        [Math.floor(random() * 240) * 3_600_000, random() < 0.5 ? 0 : 1] as const))
    );
    const before = kv.commits();
    const counts = await store.writeMany("site", IDS, (index) => pages[index]);
    // 30 series, 12 read at a time, 9 to a commit: 9 and 3, 9 and 3, 6.
    assertEquals(kv.commits() - before, 5);
    const expected = { inserted: 0, updated: 0, unchanged: 0 };
    for (const [index, id] of IDS.entries()) {
      const each = await one.write(site(id), pages[index]);
      expected.inserted += each.inserted;
      expected.updated += each.updated;
      expected.unchanged += each.unchanged;
      assertEquals(await readLines(store, site(id)), await readLines(one, site(id)));
      assertEquals(await store.describe(site(id)), await one.describe(site(id)));
      assertEquals(await store.revision(site(id)), await one.revision(site(id)));
      await assertWhole(kv, site(id));
    }
    assertEquals(counts, expected);
    assertEquals(await daysOf(kv), await daysOf(otherKv));
  }
});

async function daysOf(kv: Deno.Kv): Promise<string[]> {
  return (await Array.fromAsync(listChanges(kv, "site"))).map(({ ref, dayMs }) =>
    `${ref.id} ${dayMs}`
  );
}

Deno.test("writeMany() with the same readings commits nothing and counts them as unchanged", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const store = createSeriesStore({ kv, now: tickingClock() });
  const page = polls([1, 1], [DAY_MS, 0]);
  await store.writeMany("site", IDS, () => page);
  const before = kv.commits();
  assertEquals(await store.writeMany("site", IDS, () => page), {
    inserted: 0,
    updated: 0,
    unchanged: 60,
  });
  assertEquals(kv.commits(), before);
  assertEquals(await store.writeMany("site", [], () => page), {
    inserted: 0,
    updated: 0,
    unchanged: 0,
  });
});

Deno.test("writeMany() accepts pages that are unordered, repeat times, or are empty", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const store = createSeriesStore({ kv, now: tickingClock() });
  const pages = [polls([5, 0], [3, 1], [5, 1]), polls()];
  const counts = await store.writeMany("site", ["a", "b"], (index) => pages[index]);
  assertEquals(counts, { inserted: 2, updated: 0, unchanged: 0 });
  assertEquals(await readLines(store, site("a")), linesOf([3, 1], [5, 1]));
  assertEquals(await store.describe(site("b")), null);
});

Deno.test("writeMany() also writes a series with more new readings than a commit holds", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const store = createSeriesStore({ kv, now: tickingClock() });
  const long = polls(...Array.from({ length: 20_000 }, (_, index) => [index * 60_000, 1] as const));
  // One reading per day: more blocks than are merged at a time.
  const wide = polls(...Array.from({ length: 900 }, (_, index) => [index * DAY_MS, 0] as const));
  const pages = [polls([1, 1]), long, wide];
  for (const inserted of [20_901, 0]) {
    const counts = await store.writeMany("site", ["a", "b", "c"], (index) => pages[index]);
    assertEquals(counts, { inserted, updated: 0, unchanged: 20_901 - inserted });
    for (const id of ["a", "b", "c"]) await assertWhole(kv, site(id));
  }
});

Deno.test("writeMany() writes over segments, and over a series that is being removed", async () => {
  using rig = await openRaceRig();
  await rig.ingest.add(site("s105"), polls([1, 0], [2, 0]));
  await rig.other.write(site("s107"), polls([1, 0], [2, 0]));
  await beginRemoval(rig.below, site("s107"), { nowMs: DAY });
  await rig.store.writeMany("site", IDS, () => polls([2, 1], [3, 1]));
  for (const id of IDS) {
    const more = id === "s105" ? linesOf([1, 0]) : [];
    assertEquals(await readLines(rig.other, site(id)), [...more, ...linesOf([2, 1], [3, 1])]);
    await assertWhole(rig.below, site(id));
  }
});

Deno.test("writes of one process to the same series run one after the other", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const store = createSeriesStore({ kv, now: tickingClock() });
  await Promise.all([
    store.writeMany("site", IDS, () => polls([1, 0], [2, 0])),
    store.write(site("s103"), polls([1, 1])),
    store.writeMany("site", IDS, () => polls([2, 1])),
    store.remove(site("s104")),
  ]);
  for (const id of IDS) {
    const first = id === "s103" ? 1 : 0;
    const expected = id === "s104" ? [] : linesOf([1, first], [2, 1]);
    assertEquals(await readLines(store, site(id)), expected, id);
  }
});

/** Writes 20 series while another instance does something before each one of the accesses, in turn. */
async function writeDuring(
  act: (other: SeriesStore) => Promise<unknown>,
  check: (lines: string[], message: string) => void,
): Promise<void> {
  const ids = IDS.slice(0, 20);
  let came = 0;
  for (let nth = 1;; nth++) {
    using rig = await openRaceRig();
    await rig.other.writeMany("site", ids, () => polls([1, 0]));
    const moment = onceBefore({ nth }, () => act(rig.other));
    rig.plan.before = moment.before;
    await rig.store.writeMany("site", ids, () => polls([1, 1], [DAY_MS, 1]));
    if (!moment.hasCome()) break;
    came++;
    for (const id of ids) {
      await assertWhole(rig.below, site(id));
      const lines = await readLines(rig.other, site(id));
      if (id === "s104") check(lines, `before access ${nth}`);
      else assertEquals(lines, linesOf([1, 1], [DAY_MS, 1]), `${id} before access ${nth}`);
    }
  }
  assertLess(10, came);
}

Deno.test("writeMany() loses nothing that another instance writes meanwhile", async () => {
  await writeDuring(
    (other) => other.write(site("s104"), polls([2, 0])),
    (lines, message) => assertEquals(lines, linesOf([1, 1], [2, 0], [DAY_MS, 1]), message),
  );
});

Deno.test("writeMany() brings nothing back that another instance removes meanwhile", async () => {
  const allowed = [[], linesOf([1, 1], [DAY_MS, 1])].map(String);
  await writeDuring(
    (other) => other.remove(site("s104")),
    (lines, message) => assert(allowed.includes(String(lines)), `${message}: ${lines}`),
  );
});

Deno.test("writeMany() that is killed anywhere leaves every series whole; writing again completes it", async () => {
  const old = polls([1, 0], [DAY_MS, 0]);
  const page = polls([1, 1], [2, 1]);
  const oldLines = linesOf([1, 0], [DAY_MS, 0]), newLines = linesOf([1, 1], [2, 1], [DAY_MS, 0]);
  let cuts = 0;
  for (let count = 0, isDone = false; !isDone; count++) {
    for (const last of ["happens", "unanswered"] as const) {
      const plan: StrictPlan = {};
      using kv = strictKv(await Deno.openKv(":memory:"), plan);
      const store = createSeriesStore({ kv, now: tickingClock() });
      await store.writeMany("site", IDS, () => old);
      plan.fate = cutAfter(count, last);
      isDone = true;
      const writing = store.writeMany("site", IDS, () => page);
      await writing.catch((error) => {
        isDone = false;
        if (!(error instanceof CommitFault)) throw error;
      });
      delete plan.fate;
      if (!isDone) cuts++;
      let left = 0;
      for (const id of IDS) {
        await assertWhole(kv, site(id));
        const lines = await readLines(store, site(id));
        if (String(lines) === String(oldLines)) left++;
        else assertEquals(lines, newLines);
      }
      assertEquals(await store.writeMany("site", IDS, () => page), {
        inserted: left,
        updated: left,
        unchanged: 60 - 2 * left,
      });
      for (const id of IDS) assertEquals(await readLines(store, site(id)), newLines);
    }
  }
  assertLess(5, cuts);
});

Deno.test("writeMany() rejects if a commit fails, and does not block the next write", async () => {
  const plan: StrictPlan = { fate: () => "lost" };
  using kv = strictKv(await Deno.openKv(":memory:"), plan);
  const store = createSeriesStore({ kv, now: tickingClock() });
  const write = () => store.writeMany("site", IDS, () => polls([1, 1]));
  await assertRejects(write, CommitFault);
  delete plan.fate;
  assertEquals(await write(), { inserted: 30, updated: 0, unchanged: 0 });
});
