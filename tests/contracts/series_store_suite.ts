/**
 * The behaviour of the series store, which must be the same on any database.
 *
 * @module
 */

import fc from "fast-check";
import { createIngest } from "../../kv/series/ingest.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { pageOf, type Row } from "../support/pages.ts";
import {
  ALL,
  assertLines,
  assertWhole,
  blockStarts,
  DAY,
  DAY_MS,
  gridPage,
  lineOf,
  linesOf,
  METER,
  meterPage,
  readLines,
  SITE,
  tickingClock,
} from "../support/series.ts";
import type { SeriesRig } from "../support/series_rig.ts";
import { runScript, scripts } from "../support/series_scripts.ts";
import { createRandom } from "../support/strict_kv.ts";
import { amount } from "../support/thorough.ts";

/** Runs the suite on databases that `openRig` opens. */
export function testSeriesStore(database: string, openRig: () => Promise<SeriesRig>): void {
  const test = (name: string, fn: (rig: SeriesRig) => Promise<void>) =>
    Deno.test(`${name} (${database})`, async () => {
      using rig = await openRig();
      await fn(rig);
    });

  Deno.test(`after any operations a store returns what a map of the readings returns (${database})`, async () => {
    await fc.assert(
      fc.asyncProperty(scripts, fc.integer(), async (script, seed) => {
        using rig = await openRig();
        await runScript(rig, script, seed);
      }),
      { numRuns: amount({ quick: 6, thorough: 40 }) },
    );
  });

  test("a series that was never written is null and empty, at revision 0", async ({ store }) => {
    assertEquals(await store.describe(METER), null);
    assertEquals(await readLines(store, METER), []);
    assertEquals([await store.revision(METER), await store.fold(METER)], [0, 0]);
    assertEquals(await store.remove(METER), false);
    assertEquals(await store.write(METER, gridPage({ fromMs: DAY, stepMs: 1, count: 0 })), {
      inserted: 0,
      updated: 0,
      unchanged: 0,
    });
    assertEquals([await store.describe(METER), await store.revision(METER)], [null, 0]);
  });

  test("the same write again changes neither readings nor the revision", async ({ store }) => {
    const page = gridPage({ fromMs: DAY + 5, stepMs: 7_000, count: 5_000 });
    assertEquals((await store.write(METER, page)).inserted, 5_000);
    const revision = await store.revision(METER);
    const counts = { inserted: 0, updated: 0, unchanged: 5_000 };
    assertEquals(await store.write(METER, page), counts);
    assertEquals(await store.revision(METER), revision);
  });

  test("if a time occurs twice in a write, the last row is stored and counted", async ({ store }) => {
    const page = meterPage([DAY + 1, "1"], [DAY, "2"], [DAY + 1, "3"], [DAY + 1, "4"]);
    assertEquals(await store.write(METER, page), { inserted: 2, updated: 0, unchanged: 0 });
    assertEquals(await readLines(store, METER), [`${DAY} 2,2,2,2`, `${DAY + 1} 4,4,4,4`]);
  });

  test("compare() counts what a write would change, and changes nothing", async (rig) => {
    const { store, ingest } = rig;
    await store.write(METER, gridPage({ fromMs: DAY, stepMs: 60_000, count: 20_000 }));
    await ingest.add(METER, meterPage([DAY + 60_000, "7"], [DAY + 1, "7"]));
    const revision = await store.revision(METER);
    const lines = await readLines(store, METER);
    // Every second minute; only the first has the same values; the last 5,000 are after the others.
    const page = gridPage({ fromMs: DAY, stepMs: 120_000, count: 15_000 });
    const counts = { inserted: 5_000, updated: 9_999, unchanged: 1 };
    assertEquals(await store.compare(METER, page), counts);
    assertEquals(await store.revision(METER), revision);
    assertLines(await readLines(store, METER), lines);
    assertEquals(await store.write(METER, page), counts);
  });

  test("a reading without any value is a reading", async ({ store, ingest }) => {
    await store.write(METER, meterPage([DAY, ""]));
    await ingest.add(METER, meterPage([DAY + 1, ""]));
    assertEquals(await readLines(store, METER), [`${DAY} ,,,`, `${DAY + 1} ,,,`]);
    assertEquals((await store.describe(METER))?.count, 2);
  });

  test("an import replaces what was ingested before it", async ({ store, ingest }) => {
    await ingest.add(METER, meterPage([DAY, "1"], [DAY + 1, "1"]));
    const counts = await store.write(METER, meterPage([DAY, "2"]));
    assertEquals(counts, { inserted: 0, updated: 1, unchanged: 0 });
    assertEquals(await readLines(store, METER), [`${DAY} 2,2,2,2`, `${DAY + 1} 1,1,1,1`]);
  });

  test("ingest replaces what was imported before it, folded or not", async (rig) => {
    const { store, ingest } = rig;
    await store.write(METER, meterPage([DAY, "2"], [DAY + 1, "2"]));
    await ingest.add(METER, meterPage([DAY, "3"]));
    const expected = [`${DAY} 3,3,3,3`, `${DAY + 1} 2,2,2,2`];
    assertEquals(await readLines(store, METER), expected);
    assertEquals(await store.fold(METER), 1);
    assertEquals(await readLines(store, METER), expected);
  });

  test("of two segments the later one wins, whichever process wrote it", async (rig) => {
    const { kv, store, ingest } = rig;
    const other = createIngest({ kv, writer: "a writer that sorts first" });
    await ingest.add(METER, meterPage([DAY, "1"], [DAY + 9, "1"]));
    await other.add(METER, meterPage([DAY, "2"], [DAY + 9, "2"]));
    await ingest.add(METER, meterPage([DAY, "3"]));
    const expected = [`${DAY} 3,3,3,3`, `${DAY + 9} 2,2,2,2`];
    assertEquals(await readLines(store, METER), expected);
    assertEquals(await store.fold(METER), 3);
    assertEquals(await readLines(store, METER), expected);
    assertEquals((await store.describe(METER))?.count, 2);
  });

  test("a removed series is empty, and a later write starts from nothing", async (rig) => {
    const { store, ingest } = rig;
    await store.write(METER, gridPage({ fromMs: DAY, stepMs: 60_000, count: 3_000 }));
    await ingest.add(METER, meterPage([DAY + 1, "1"]));
    const revision = await store.revision(METER);
    assert(await store.remove(METER));
    assertEquals([await store.describe(METER), await readLines(store, METER)], [null, []]);
    assert(await store.revision(METER) > revision);
    assertEquals(await store.remove(METER), false);
    const counts = await store.write(METER, meterPage([DAY + 60_000, "9"]));
    assertEquals(counts, { inserted: 1, updated: 0, unchanged: 0 });
    assertEquals(await readLines(store, METER), [`${DAY + 60_000} 9,9,9,9`]);
    assertEquals((await store.describe(METER))?.count, 1);
  });

  test("a span includes its start and excludes its end, also within a block", async ({ store }) => {
    const page = gridPage({ fromMs: DAY, stepMs: 10_000, count: 20_000 });
    await store.write(METER, page);
    const lines = linesOf(page);
    // One row every 10 s: the span starts at row 1,234 and ends at row 17,280 (two days).
    const span = { fromMs: DAY + 12_340_000, toMs: DAY + 2 * DAY_MS };
    assertLines(await readLines(store, METER, span), lines.slice(1_234, 17_280));
    const ofOne = { fromMs: DAY + 50_000, toMs: DAY + 50_001 };
    assertEquals(await readLines(store, METER, ofOne), [lines[5]]);
    assertEquals(await readLines(store, METER, { ...ofOne, toMs: ofOne.fromMs }), []);
    assertEquals(await readLines(store, METER, { fromMs: 0, toMs: DAY }), []);
  });

  test("series with the same id in another profile, or with a longer id, are separate", async (rig) => {
    const { store } = rig;
    const longer = { ...METER, id: "m10" };
    await store.write({ ...SITE, id: "m1" }, pageOf([[DAY, "1"]]));
    await store.write(longer, meterPage([DAY, "2"]));
    assertEquals(await store.describe(METER), null);
    await store.write(METER, meterPage([DAY, "3"]));
    assert(await store.remove(longer));
    assertEquals(await readLines(store, METER), [`${DAY} 3,3,3,3`]);
    assertEquals(await readLines(store, { ...SITE, id: "m1" }), [`${DAY} 1`]);
  });

  test("list() describes the series of a profile, in the order of ids", async ({ store }) => {
    for (const id of ["c", "a", "b"]) {
      await store.write({ ...METER, id }, meterPage([DAY, "1"], [DAY + 7, "1"]));
    }
    await store.write(SITE, pageOf([[DAY, "1"]]));
    const [a, b, ...more] = await store.list("meter", { afterId: "", limit: 2 });
    assertEquals(more, []);
    assertEquals(a, { id: "a", count: 2, firstMs: DAY, lastMs: DAY + 7 });
    const rest = await store.list("meter", { afterId: b.id, limit: 2 });
    assertEquals(rest.map(({ id }) => id), ["c"]);
  });

  test("list() returns series that were imported, ingested or both, once each", async (rig) => {
    const page = meterPage([DAY, "1"]);
    for (const id of ["b", "c", "f"]) await rig.store.write({ ...METER, id }, page);
    for (const id of ["a", "c", "d", "e"]) await rig.ingest.add({ ...METER, id }, page);
    await rig.store.remove({ ...METER, id: "b" });
    const list = await rig.store.list("meter", { afterId: "", limit: 4 });
    assertEquals(list.map(({ id, count }) => `${id}${count}`), ["a1", "c1", "d1", "e1"]);
    const rest = await rig.store.list("meter", { afterId: "d", limit: 4 });
    assertEquals(rest.map(({ id }) => id), ["e", "f"]);
  });

  test("a day of minutes is one block", async ({ below, store }) => {
    await store.write(METER, gridPage({ fromMs: DAY, stepMs: 60_000, count: 2 * 1_440 }));
    assertEquals(await blockStarts(below, METER), [DAY, DAY + DAY_MS]);
  });

  test("two instances that write one series at once lose nothing and count correctly", async (rig) => {
    const random = createRandom(11);
    const stores = [rig.store, createSeriesStore({ kv: rig.kv, now: tickingClock() })];
    const written = new Map<number, Set<string>>();
    const total = { inserted: 0, updated: 0, unchanged: 0 };
    let sent = 0;
    for (let round = 0; round < 12; round++) {
      const pages = stores.map(() => randomRows(random, 400));
      pages.flat().forEach((row) => remember(written, row));
      sent += pages.reduce((sum, rows) => sum + new Set(rows.map(([timeMs]) => timeMs)).size, 0);
      const live = randomRows(random, 20, 500);
      live.forEach((row) => remember(written, row));
      const [counts] = await Promise.all([
        Promise.all(stores.map((store, index) => store.write(METER, pageOf(pages[index])))),
        rig.ingest.add(METER, pageOf(live)),
        stores[round % 2].fold(METER),
      ]);
      for (const { inserted, updated, unchanged } of counts) {
        total.inserted += inserted;
        total.updated += updated;
        total.unchanged += unchanged;
      }
    }
    await rig.store.fold(METER);
    await assertWhole(rig.below, METER);
    const lines = await readLines(rig.store, METER, ALL);
    const unknown = lines.filter((line) => !written.get(Number(line.split(" ")[0]))?.has(line));
    assertEquals(unknown, []);
    assertEquals(lines.length, written.size);
    const imported = [...written.keys()].filter((timeMs) => timeMs % 1_000 === 0);
    assertEquals(total.inserted, imported.length);
    assertEquals(total.inserted + total.updated + total.unchanged, sent);
  });
}

/** Rows at random full seconds of two days, plus an offset. Some times occur more than once. */
function randomRows(random: () => number, count: number, offsetMs = 0): Row[] {
  return Array.from({ length: count }, (): Row => {
    const dayMs = random() < 0.5 ? DAY : DAY + DAY_MS;
    const timeMs = dayMs + Math.floor(random() * 3_000) * 1_000 + offsetMs;
    const text = String(Math.floor(random() * 1_000) / 10);
    return [timeMs, text, text, "", text];
  });
}

function remember(written: Map<number, Set<string>>, row: Row): void {
  const lines = written.get(row[0]) ?? new Set();
  written.set(row[0], lines.add(lineOf(row)));
}
