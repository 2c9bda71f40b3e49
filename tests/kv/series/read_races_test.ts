import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { assertEquals, assertLess, assertRejects } from "../../support/assert.ts";
import { openRaceRig, type RaceRig } from "../../support/race_rig.ts";
import { onceBefore } from "../../support/schedules.ts";
import {
  ALL,
  assertLines,
  assertWhole,
  DAY,
  DAY_MS,
  gridPage,
  linesOf,
  METER,
  meterPage,
  readLines,
} from "../../support/series.ts";
import { createRandom } from "../../support/strict_kv.ts";
import { amount, isThorough } from "../../support/thorough.ts";

/** 40 days of 500 readings, one every 172.8 s. */
const BASE = gridPage({ fromMs: DAY, stepMs: 172_800, count: 20_000 });
const BASE_LINES = linesOf(BASE);
const BASE_TIMES = new Set(BASE.timesMs);

/** What other instances do meanwhile: write at times that {@link BASE} does not have, or fold. */
async function actElsewhere({ other, ingest }: RaceRig, random: () => number): Promise<void> {
  const fromMs = DAY + Math.floor(random() * 40) * DAY_MS + 1;
  const kind = Math.floor(random() * 5);
  if (kind === 0) await other.write(METER, gridPage({ fromMs, stepMs: 20_000, count: 1_400 }));
  if (kind === 1) await ingest.add(METER, gridPage({ fromMs, stepMs: 7_000, count: 300 }));
  if (kind === 2) await other.fold(METER);
}

Deno.test("a read during folds and splits returns each old reading once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      using rig = await openRaceRig();
      const random = createRandom(seed);
      await rig.other.write(METER, BASE);
      // Some of the same readings again, in segments over a few of the blocks: a fold moves them.
      await rig.ingest.add(METER, gridPage({ fromMs: DAY, stepMs: 172_800, count: 3_000 }));
      rig.plan.before = () => actElsewhere(rig, random);
      const lines = await readLines(rig.store, METER);
      assertLines(lines.filter((line) => BASE_TIMES.has(parseInt(line))), BASE_LINES);
      await assertWhole(rig.below, METER);
    }),
    { numRuns: amount({ quick: 4, thorough: 20 }) },
  );
});

Deno.test("a read sees what a fold moves between any two of its accesses", async () => {
  let came = 0;
  for (let nth = 1; nth <= 8; nth++) {
    using rig = await openRaceRig();
    await rig.other.write(METER, meterPage([DAY + 1, "1"]));
    await rig.ingest.add(METER, meterPage([DAY + 1, "2"], [DAY + 2, "2"]));
    const moment = onceBefore({ nth }, () => rig.other.fold(METER));
    rig.plan.before = moment.before;
    const span = { fromMs: DAY + 1, toMs: DAY + DAY_MS };
    const lines = await readLines(rig.store, METER, span);
    assertEquals(lines, [`${DAY + 1} 2,2,2,2`, `${DAY + 2} 2,2,2,2`]);
    if (moment.hasCome()) came++;
  }
  assertLess(3, came);
});

Deno.test("a read does not return a later write without the earlier one", async () => {
  let shown = 0;
  for (let nth = 1; nth <= 8; nth++) {
    using rig = await openRaceRig();
    await rig.other.write(METER, meterPage([DAY + 9, "0"]));
    await rig.ingest.add(METER, meterPage([DAY + 1, "1"]));
    rig.plan.before = onceBefore({ nth }, async () => {
      await rig.other.write(METER, meterPage([DAY + 1, "2"]));
      await rig.other.write(METER, meterPage([DAY + 2, "3"]));
    }).before;
    const lines = await readLines(rig.store, METER, { fromMs: DAY + 1, toMs: DAY + 5 });
    if (lines.length === 1) continue;
    shown++;
    assertEquals(lines, [`${DAY + 1} 2,2,2,2`, `${DAY + 2} 3,3,3,3`], `before access ${nth}`);
  }
  assertLess(2, shown);
});

Deno.test("describe() counts once what a fold moves between any two of its accesses", async () => {
  let came = 0;
  for (let nth = 1; nth <= 6; nth++) {
    using rig = await openRaceRig();
    await rig.other.write(METER, meterPage([DAY + 1, "1"]));
    await rig.ingest.add(METER, meterPage([DAY + 1, "2"], [DAY + 2, "2"], [DAY + 3, "2"]));
    const moment = onceBefore({ nth }, () => rig.other.fold(METER));
    rig.plan.before = moment.before;
    const info = { id: "m1", count: 3, firstMs: DAY + 1, lastMs: DAY + 3 };
    assertEquals(await rig.store.describe(METER), info, `before access ${nth}`);
    if (moment.hasCome()) came++;
  }
  assertLess(2, came);
});

Deno.test("describe() finds a series whole or not at all, whenever it is removed", async () => {
  let came = 0;
  for (let nth = 1; nth <= 6; nth++) {
    using rig = await openRaceRig();
    await rig.other.write(METER, meterPage([DAY + 1, "1"]));
    await rig.ingest.add(METER, meterPage([DAY + 2, "2"]));
    const moment = onceBefore({ nth }, () => rig.other.remove(METER));
    rig.plan.before = moment.before;
    const found = await rig.store.describe(METER);
    if (found !== null) assertEquals(found.count, 2, `before access ${nth}`);
    if (moment.hasCome()) came++;
  }
  assertLess(2, came);
});

/** Reads all of METER while another instance does something after the first page. */
async function readDuring({ store }: RaceRig, act: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  for await (const page of store.read(METER, ALL, new AbortController().signal)) {
    if (lines.length === 0) await act();
    lines.push(...linesOf(page));
  }
  return lines;
}

async function assertRemoved(act: () => Promise<unknown>): Promise<void> {
  assertEquals((await assertRejects(act, AppError)).code, "SERIES_REMOVED");
}

Deno.test("a read throws when its series is removed during the read", async () => {
  using rig = await openRaceRig();
  await rig.other.write(METER, BASE);
  await assertRemoved(() => readDuring(rig, () => rig.other.remove(METER)));
});

Deno.test("a read throws when its series is removed and written again during the read", async () => {
  using rig = await openRaceRig();
  await rig.other.write(METER, BASE);
  await assertRemoved(() =>
    readDuring(rig, async () => {
      await rig.other.remove(METER);
      await rig.other.write(METER, BASE);
    })
  );
});

/** Fails if a read of METER succeeds without all readings of {@link BASE}. */
async function assertCompleteOrRemoved(lines: Promise<string[]>): Promise<void> {
  try {
    const known = (await lines).filter((line) => BASE_TIMES.has(parseInt(line)));
    assertLines(known, BASE_LINES);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    assertEquals(error.code, "SERIES_REMOVED");
  }
}

Deno.test("a read whose series is removed at any moment throws, or returns every reading", async () => {
  for (let nth = 2; nth <= 9; nth++) {
    using rig = await openRaceRig();
    await rig.other.write(METER, BASE);
    rig.plan.before = onceBefore({ nth }, () => rig.other.remove(METER)).before;
    await assertCompleteOrRemoved(readLines(rig.store, METER));
  }
});

Deno.test("a read that began when there were only segments throws, or returns every reading", async () => {
  for (let nth = 1; nth <= 9; nth++) {
    using rig = await openRaceRig();
    await rig.ingest.add(METER, BASE);
    rig.plan.before = onceBefore({ nth }, () => rig.other.fold(METER)).before;
    await assertCompleteOrRemoved(readDuring(rig, () => rig.other.remove(METER)));
  }
});

Deno.test("a read of a series that changes all the time and is then removed is not cut short", async () => {
  for (let nth = 2; nth <= 24; nth += isThorough ? 1 : 4) {
    using rig = await openRaceRig();
    await rig.other.write(METER, BASE);
    let accesses = 0;
    rig.plan.before = async () => {
      if (++accesses === nth) await rig.other.remove(METER);
      if (accesses < nth) await rig.other.write(METER, meterPage([DAY + 7, String(accesses)]));
    };
    await assertCompleteOrRemoved(readLines(rig.store, METER));
  }
});
