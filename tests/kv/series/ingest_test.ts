import { AppError } from "../../../data/app_error.ts";
import { decodePage } from "../../../data/readings/page_decoder.ts";
import { listChanges } from "../../../kv/series/changes.ts";
import { createIngest, type Ingest } from "../../../kv/series/ingest.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { listSegmentCounts } from "../../../kv/series/segment_counts.ts";
import { assert, assertEquals, assertLessOrEqual, assertRejects } from "../../support/assert.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import {
  assertLines,
  assertWhole,
  DAY,
  DAY_MS,
  entriesOf,
  gridPage,
  linesOf,
  METER,
  meterPage,
  readLines,
  SITE,
  tickingClock,
  wideValue,
} from "../../support/series.ts";
import { type StrictKv, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

interface Rig extends Disposable {
  readonly kv: StrictKv;
  readonly ingest: Ingest;
  readonly store: SeriesStore;
}

async function openRig(plan: StrictPlan = {}): Promise<Rig> {
  const kv = strictKv(await Deno.openKv(":memory:"), plan);
  return {
    kv,
    ingest: createIngest({ kv, writer: "w" }),
    store: createSeriesStore({ kv, now: tickingClock() }),
    [Symbol.dispose]: () => kv.close(),
  };
}

/** The series m0, m1, … */
function meters(count: number) {
  return Array.from({ length: count }, (_, index) => ({ ...METER, id: `m${index}` }));
}

Deno.test("a thousand concurrent requests share a few commits and lose nothing", async () => {
  using rig = await openRig();
  const refs = meters(50);
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => {
    const page = meterPage([DAY + index, String(index)]);
    return rig.ingest.add(refs[index % 50], page);
  }));
  assertLessOrEqual(rig.kv.commits(), 4);
  for (const [index, ref] of refs.entries()) {
    assertEquals((await rig.store.describe(ref))?.count, 20);
    const [first] = await readLines(rig.store, ref);
    assertEquals(first, `${DAY + index} ${index},${index},${index},${index}`);
  }
});

Deno.test("requests of one turn share a commit, also those of different series", async () => {
  using rig = await openRig();
  await Promise.all([
    rig.ingest.add(METER, meterPage([DAY, "1"])),
    rig.ingest.add(SITE, pageOf([[DAY, "0"]])),
    rig.ingest.add(METER, meterPage([DAY + 1, "2"])),
  ]);
  assertEquals(rig.kv.commits(), 1);
  assertEquals((await entriesOf(rig.kv, "segment", METER)).length, 1);
  assertEquals(await readLines(rig.store, METER), [`${DAY} 1,1,1,1`, `${DAY + 1} 2,2,2,2`]);
  assertEquals(await readLines(rig.store, SITE), [`${DAY} 0`]);
});

Deno.test("a request resolves only when its reading can be read", async () => {
  using rig = await openRig();
  await Promise.all(Array.from({ length: 60 }, async (_, index) => {
    for (let turn = 0; turn < index % 7; turn++) await Promise.resolve();
    await rig.ingest.add(METER, meterPage([DAY + index, String(index)]));
    const span = { fromMs: DAY + index, toMs: DAY + index + 1 };
    const expected = [`${DAY + index} ${index},${index},${index},${index}`];
    assertEquals(await readLines(rig.store, METER, span), expected);
  }));
});

Deno.test("the later of two requests of one turn wins", async () => {
  using rig = await openRig();
  const texts = ["1", "2", "3"];
  await Promise.all(texts.map((text) => rig.ingest.add(METER, meterPage([DAY, text]))));
  assertEquals(await readLines(rig.store, METER), [`${DAY} 3,3,3,3`]);
});

Deno.test("a commit raises the revision, and updates the change feed and the segment count", async () => {
  using rig = await openRig();
  await rig.ingest.add(METER, meterPage([DAY + 5, "1"], [DAY - 1, "1"], [DAY, "1"]));
  assertEquals(await rig.store.revision(METER), 1);
  const changes = await Array.fromAsync(listChanges(rig.kv, "meter"));
  assertEquals(changes.map(({ dayMs }) => dayMs), [DAY - DAY_MS, DAY]);
  const counts = await Array.fromAsync(listSegmentCounts(rig.kv));
  assertEquals(counts.map(({ ref }) => ref), [METER]);
});

Deno.test("a page of 50,000 readings is split into segments that fit a commit", async () => {
  using rig = await openRig();
  const page = gridPage({ fromMs: DAY, stepMs: 10_000, count: 50_000, value: wideValue });
  await rig.ingest.add(METER, page);
  const segments = await entriesOf<Uint8Array>(rig.kv, "segment", METER);
  const counts = segments.map(({ value }) => decodePage(value).timesMs.length);
  assertEquals(counts.reduce((sum, count) => sum + count, 0), 50_000);
  assertLessOrEqual(Math.max(...counts), 4_000);
  assertLines(await readLines(rig.store, METER), linesOf(page));
});

Deno.test("readings of more days than a commit may have mutations are stored", async () => {
  using rig = await openRig();
  const rows = Array.from({ length: 3_000 }, (_, day): Row => [DAY + day * DAY_MS, "1"]);
  await rig.ingest.add(SITE, pageOf(rows));
  const segments = await entriesOf<Uint8Array>(rig.kv, "segment", SITE);
  assertEquals(
    segments.reduce((sum, { value }) => sum + decodePage(value).timesMs.length, 0),
    3_000,
  );
  assertEquals((await rig.store.describe(SITE))?.count, 3_000);
  assertEquals((await Array.fromAsync(listChanges(rig.kv, "site"))).length, 3_000);
});

Deno.test("more extra stages of one series than a commit may have mutations are stored", async () => {
  using rig = await openRig();
  await Promise.all(
    Array.from(
      { length: 500 },
      (_, index) =>
        rig.ingest.add(
          METER,
          meterPage([DAY + index, "1"]),
          (op) =>
            op.max(["seen", index], BigInt(index)).sum(["rate", index], 1n).set(
              ["last", index],
              index,
            ),
        ),
    ),
  );
  assertEquals((await rig.store.describe(METER))?.count, 500);
  assertEquals((await Array.fromAsync(rig.kv.list({ prefix: ["rate"] }))).length, 500);
});

Deno.test("an extra stage is in the commit of its readings", async () => {
  using rig = await openRig();
  await rig.ingest.add(METER, meterPage([DAY, "1"]), (op) => op.set(["seen", "m1"], DAY));
  const seen = await rig.kv.get(["seen", "m1"]);
  const [segment] = await entriesOf(rig.kv, "segment", METER);
  assertEquals([seen.value, seen.versionstamp], [DAY, segment.versionstamp]);
});

Deno.test("of a page without readings only the stage is committed", async () => {
  using rig = await openRig();
  const empty = gridPage({ fromMs: DAY, stepMs: 1, count: 0 });
  await rig.ingest.add(METER, empty, (op) => op.set(["seen"], 1));
  const entries = await Array.fromAsync(rig.kv.list({ prefix: [] }));
  assertEquals(entries.map(({ key, value }) => [key, value]), [[["seen"], 1]]);
  await Promise.all([
    rig.ingest.add(METER, empty, (op) => op.set(["seen"], 2)),
    rig.ingest.add(METER, meterPage([DAY, "1"])),
  ]);
  assertEquals((await rig.kv.get(["seen"])).value, 2);
  assertEquals(await readLines(rig.store, METER), [`${DAY} 1,1,1,1`]);
});

Deno.test("a page without readings and stage needs no commit", async () => {
  using rig = await openRig();
  await rig.ingest.add(METER, gridPage({ fromMs: DAY, stepMs: 1, count: 0 }));
  assertEquals([rig.kv.commits(), await rig.store.describe(METER)], [0, null]);
});

Deno.test("stop() resolves when everything that was accepted is durable, and then refuses more", async () => {
  const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
  using rig = await openRig({ before: ({ kind }) => kind === "commit" ? slow() : undefined });
  let done = 0;
  for (let index = 0; index < 700; index++) {
    rig.ingest.add(METER, meterPage([DAY + index, "1"])).then(() => done++);
  }
  await rig.ingest.stop();
  assertEquals(done, 700);
  const commits = rig.kv.commits();
  assertEquals((await rig.store.describe(METER))?.count, 700);
  const error = await assertRejects(() => rig.ingest.add(METER, meterPage([DAY, "2"])), AppError);
  assertEquals(error.code, "SERVICE_STOPPING");
  await rig.ingest.stop();
  assertEquals(rig.kv.commits(), commits);
});

Deno.test("a burst of 4,000 live readings is complete before and after a fold", async () => {
  using rig = await openRig();
  const page = gridPage({ fromMs: DAY, stepMs: 1_000, count: 4_000 });
  const seconds = linesOf(page);
  await Promise.all(
    Array.from({ length: 4_000 }, (_, row) =>
      rig.ingest.add(
        METER,
        gridPage({
          fromMs: DAY + row * 1_000,
          stepMs: 1,
          count: 1,
          value: () => row,
        }),
      )),
  );
  assertLines(await readLines(rig.store, METER), seconds);
  await rig.store.fold(METER);
  await assertWhole(rig.kv, METER);
  assertLines(await readLines(rig.store, METER), seconds);
  assert(rig.kv.commits() < 30);
});
