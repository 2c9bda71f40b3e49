import type { Page } from "../../../data/readings/page.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals, assertGreater, assertRejects } from "../../support/assert.ts";
import {
  assertLines,
  assertWhole,
  DAY,
  DAY_MS,
  entriesOf,
  gridPage,
  linesOf,
  METER,
  readLines,
  tickingClock,
  wideValue,
} from "../../support/series.ts";
import {
  CommitFault,
  cutAfter,
  type StrictKv,
  strictKv,
  type StrictPlan,
} from "../../support/strict_kv.ts";
import { isThorough } from "../../support/thorough.ts";

const OLD = gridPage({ fromMs: DAY, stepMs: 6_000, count: 6_000 });
const LIVE = gridPage({ fromMs: DAY + 3_000, stepMs: 12_000, count: 3_000, value: wideValue });
const NEW = gridPage({ fromMs: DAY, stepMs: 1_500, count: 24_000, value: wideValue });

/** Readings of 450 days: more blocks than one commit holds. */
const FAR_APART = gridPage({ fromMs: DAY, stepMs: DAY_MS, count: 1_000, value: wideValue });

/** Single readings that came one after the other: more segments than one commit deletes. */
const SINGLES = Array.from(
  { length: 420 },
  (_, index) =>
    gridPage({ fromMs: DAY + 3_000 + index * 12_000, stepMs: 1, count: 1, value: wideValue }),
);

interface Operation {
  /** Readings, each page in a segment. */
  readonly live: readonly Page[];
  readonly run: (store: SeriesStore) => Promise<unknown>;
  readonly check: (kv: StrictKv, store: SeriesStore) => Promise<void>;
}

/**
 * Runs an operation, killed after each possible number of commits. Returns how many it needs; without
 * `isThorough`, it may be one more.
 */
async function cutEverywhere({ live, run, check }: Operation): Promise<number> {
  for (let count = 0;; count++) {
    const fates = ["happens", "unanswered"] as const;
    for (const last of isThorough ? fates : [fates[count % 2]]) {
      const plan: StrictPlan = {};
      using kv = strictKv(await Deno.openKv(":memory:"), plan);
      const now = tickingClock();
      const store = createSeriesStore({ kv, now });
      await store.write(METER, OLD);
      const ingest = createIngest({ kv, writer: "w" });
      for (const page of live) await ingest.add(METER, page);
      plan.fate = cutAfter(count, last);
      const isDone = await run(store).then(() => true, rethrowUnlessFault);
      delete plan.fate;
      await check(kv, createSeriesStore({ kv, now }));
      if (isDone) return count;
    }
  }
}

function rethrowUnlessFault(error: unknown): false {
  if (error instanceof CommitFault) return false;
  throw error;
}

Deno.test("a write that is killed anywhere leaves a consistent series; writing again completes it", async () => {
  const known = new Set([OLD, LIVE, NEW].flatMap(linesOf));
  const before = new Set([...OLD.timesMs, ...LIVE.timesMs]);
  const check = async (kv: StrictKv, store: SeriesStore) => {
    await assertWhole(kv, METER);
    const lines = await readLines(store, METER);
    assertEquals(lines.filter((line) => !known.has(line)), []);
    const seen = new Set(lines.map(parseFloat));
    assertEquals([...before].filter((timeMs) => !seen.has(timeMs)), []);
    assertEquals((await store.describe(METER))?.count, lines.length);
    const { inserted, updated, unchanged } = await store.write(METER, NEW);
    assertEquals([inserted, inserted + updated + unchanged], [24_000 - lines.length, 24_000]);
    await assertWhole(kv, METER);
    assertLines(await readLines(store, METER), linesOf(NEW));
  };
  const run = (store: SeriesStore) => store.write(METER, NEW);
  assertGreater(await cutEverywhere({ live: [LIVE], run, check }), 2);
});

/** What is folded, and how many commits it takes at least. */
const FOLDS = [["a long segment", [FAR_APART], 3], ["many segments", SINGLES, 2]] as const;

for (const [name, live, least] of FOLDS) {
  Deno.test(`a fold of ${name} that is killed anywhere changes no reading; the next one completes it`, async () => {
    assert(await cutFold(live) >= least);
  });
}

/** Kills a fold after each possible number of commits. Returns how many it needs. */
async function cutFold(live: readonly Page[]): Promise<number> {
  const lines = [OLD, ...live].flatMap(linesOf);
  const readings = new Map(lines.map((line) => [parseFloat(line), line]));
  const expected = [...readings.values()].toSorted((a, b) => parseFloat(a) - parseFloat(b));
  const check = async (kv: StrictKv, store: SeriesStore) => {
    await assertWhole(kv, METER);
    const revision = await store.revision(METER);
    assertLines(await readLines(store, METER), expected);
    assertEquals((await store.describe(METER))?.count, expected.length);
    await store.fold(METER);
    await assertWhole(kv, METER);
    assertEquals(await entriesOf(kv, "segment", METER), []);
    assertLines(await readLines(store, METER), expected);
    assertEquals(await store.revision(METER), revision);
  };
  const run = (store: SeriesStore) => store.fold(METER);
  return await cutEverywhere({ live, run, check });
}

Deno.test("a write whose commits are never answered is complete after enough retries", async () => {
  const plan: StrictPlan = { fate: () => "unanswered" };
  using kv = strictKv(await Deno.openKv(":memory:"), plan);
  const store = createSeriesStore({ kv, now: tickingClock() });
  const page = gridPage({ fromMs: DAY, stepMs: 1_000, count: 20_000, value: wideValue });
  await assertRejects(() => store.write(METER, page), CommitFault);
  const started = await store.describe(METER);
  assert(started !== null && started.count < 20_000, "the write needs several commits");
  let unchanged = 0;
  for (let sent = 0; unchanged < 20_000 && sent < 20; sent++) {
    await store.write(METER, page).then(
      (counts) => unchanged = counts.unchanged,
      rethrowUnlessFault,
    );
    await assertWhole(kv, METER);
  }
  assertLines(await readLines(store, METER), linesOf(page));
});
