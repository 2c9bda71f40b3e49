import { encodePage } from "../../../data/readings/page_encoder.ts";
import type { Page, Span } from "../../../data/readings/page.ts";
import { stageSegment } from "../../../kv/series/segments.ts";
import { stageSegmentAdded } from "../../../kv/series/segment_counts.ts";
import type { SeriesStore } from "../../../kv/series/store.ts";
import { assertEquals, assertLess, assertLessOrEqual } from "../../support/assert.ts";
import { openRaceRig } from "../../support/race_rig.ts";
import { onceBefore } from "../../support/schedules.ts";
import {
  ALL,
  assertWhole,
  DAY,
  DAY_MS,
  entriesOf,
  gridPage,
  METER,
  meterPage,
  readLines,
} from "../../support/series.ts";

interface FoldDuring {
  /** Readings in a segment. */
  readonly live: Page;
  /** Before how many accesses of the fold this is tried, one at a time. */
  readonly accesses: number;
  /** What another instance does before one of them. */
  readonly act: (other: SeriesStore) => Promise<unknown>;
  /** What must be read afterwards. */
  readonly span: Span;
  readonly expected: readonly string[];
}

/** Folds METER while another instance does something before one of its accesses; tries each access. */
async function foldDuring({ live, accesses, act, span, expected }: FoldDuring): Promise<void> {
  let came = 0;
  for (let nth = 1; nth <= accesses; nth++) {
    using rig = await openRaceRig();
    await rig.ingest.add(METER, live);
    const moment = onceBefore({ nth }, () => act(rig.other));
    rig.plan.before = moment.before;
    const { length } = await entriesOf(rig.below, "segment", METER);
    assertLessOrEqual(await rig.store.fold(METER), length);
    if (!moment.hasCome()) continue;
    came++;
    assertEquals(await readLines(rig.other, METER, span), expected, `before access ${nth}`);
    await assertWhole(rig.below, METER);
  }
  assertLess(2, came);
}

const SMALL = { live: meterPage([DAY + 5, "1"], [DAY + 6, "1"]), accesses: 8, span: ALL };

Deno.test("a fold never overwrites what another instance imported meanwhile", async () => {
  await foldDuring({
    ...SMALL,
    act: (other) => other.write(METER, meterPage([DAY + 5, "2"])),
    expected: [`${DAY + 5} 2,2,2,2`, `${DAY + 6} 1,1,1,1`],
  });
});

Deno.test("a fold does not bring back what another instance removed meanwhile", async () => {
  await foldDuring({ ...SMALL, act: (other) => other.remove(METER), expected: [] });
});

Deno.test("a fold of many commits never overwrites what was imported between them", async () => {
  const lastMs = DAY + 449 * DAY_MS;
  await foldDuring({
    live: gridPage({ fromMs: DAY, stepMs: DAY_MS, count: 450 }),
    accesses: 12,
    act: (other) => other.write(METER, meterPage([lastMs, "2"])),
    span: { fromMs: lastMs, toMs: lastMs + DAY_MS },
    expected: [`${lastMs} 2,2,2,2`],
  });
});

Deno.test("of segments that arrive while a long list of segments is read, the latest wins", async () => {
  // More than a list reads at once by default, and more than it can, so that the segments of the
  // writers a and z are in different batches.
  for (const count of [120, 1_200]) {
    using rig = await openRaceRig();
    const [first, last] = ["a", "z"].map(rig.ingestAs);
    const bytes = encodePage(meterPage([DAY + 1, "0"]));
    for (let number = 0; number < count; number += 40) {
      const op = rig.below.atomic();
      for (let more = 0; more < 40; more++) {
        stageSegment(op, METER, { writer: "m", number: number + more, bytes });
      }
      stageSegmentAdded(op, METER);
      await op.commit();
    }
    const moment = onceBefore({ space: "segment", batch: 1 }, async () => {
      await first.add(METER, meterPage([DAY, "1"]));
      await last.add(METER, meterPage([DAY, "2"]));
    });
    rig.plan.before = moment.before;
    await rig.store.fold(METER);
    moment.assertCame();
    const lines = await readLines(rig.other, METER, { fromMs: DAY, toMs: DAY + 1 });
    assertEquals(lines, [`${DAY} 2,2,2,2`]);
  }
});

Deno.test("a series that is created and removed during a write leaves nothing in the new one", async () => {
  let came = 0;
  for (const [nthCreate, nthRemove] of pairsUpTo(7)) {
    using rig = await openRaceRig();
    const old = meterPage([DAY + 1, "1"], [DAY + 2, "1"]);
    const created = onceBefore({ nth: nthCreate }, () => rig.other.write(METER, old));
    const removed = onceBefore({ nth: nthRemove }, () => rig.other.remove(METER));
    rig.plan.before = async (access) => {
      await created.before(access);
      await removed.before(access);
    };
    await rig.store.write(METER, meterPage([DAY + 5, "5"]));
    await assertWhole(rig.below, METER);
    if (!removed.hasCome()) continue;
    came++;
    const message = `created before access ${nthCreate}, removed before ${nthRemove}`;
    assertEquals(await readLines(rig.other, METER), [`${DAY + 5} 5,5,5,5`], message);
  }
  assertLess(5, came);
});

/** 1 and 2, 1 and 3, … */
function pairsUpTo(most: number): [number, number][] {
  const numbers = Array.from({ length: most }, (_, index) => index + 1);
  return numbers.flatMap((one) => numbers.map((other): [number, number] => [one, other]))
    .filter(([one, other]) => one < other);
}

Deno.test("a write ends even if live ingest of its series never pauses", async () => {
  using rig = await openRaceRig();
  const ingest = rig.ingest;
  let ingested = 0;
  rig.plan.before = async ({ space }) => {
    // The limit lets even a write that waits for a pause end, so that the test fails instead of hanging.
    if (space !== "segment" || ingested === 100) return;
    await ingest.add(METER, meterPage([DAY + 1_000 + ++ingested, "1"]));
  };
  await rig.store.write(METER, meterPage([DAY + 5, "5"]));
  assertLess(ingested, 20);
});
