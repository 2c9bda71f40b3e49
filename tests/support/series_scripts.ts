/**
 * Random scripts of writes, folds, removals and reads, run on a store and on a model side by side.
 *
 * @module
 */

import { BUILT_IN_PROFILES } from "../../data/readings/profiles.ts";
import fc from "fast-check";
import type { Span } from "../../data/readings/page.ts";
import { createIngest } from "../../kv/series/ingest.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import { assertEquals, assertLessOrEqual } from "./assert.ts";
import { pageOf, type Row } from "./pages.ts";
import { assertWhole, DAY, DAY_MS, lineOf, METER, readLines, scanLines, SITE } from "./series.ts";
import {
  assertBetween,
  assertFeed,
  assertReadings,
  clipped,
  daysOf,
  feedOf,
  merged,
  type Readings,
  sum,
  writeModel,
} from "./series_model.ts";
import { insist, type SeriesRig } from "./series_rig.ts";
import { createRandom } from "./strict_kv.ts";

/** What is done to one of the series. Rows have four texts; a series uses as many as it has metrics. */
export type Step =
  | { readonly kind: "write" | "ingest"; readonly series: number; readonly rows: readonly Row[] }
  | { readonly kind: "fold" | "remove"; readonly series: number }
  | { readonly kind: "read" | "remove span"; readonly series: number; readonly span: Span };

const SERIES = [METER, SITE, { ...METER, id: "m10" }];
const HOUR_MS = 3_600_000;
/** The hour in which other instances write. Scripts do not write in it. */
const OTHERS_HOUR = 3;

const days = fc.nat(2).map((day) => DAY + day * DAY_MS);
const times = fc.tuple(
  days,
  fc.oneof(
    fc.constantFrom(0, DAY_MS - 1, DAY_MS / 2),
    fc.nat(8).map((minute) => minute * 60_000),
    fc.nat(999).map((ms) => 20 * HOUR_MS + ms),
  ),
).map(([dayMs, offsetMs]) => dayMs + offsetMs);
const texts = fc.constantFrom(
  "",
  "0",
  "1.5",
  "230.1",
  "-3.25",
  "0.001",
  "123456789012345",
  "0.000000000000001",
  "0.1234567890123456",
);
const fewRows = fc.array(
  fc.tuple(times, texts, texts, texts, texts).map((row): Row => row),
  { minLength: 1, maxLength: 12 },
);
/** So many readings of a day, 10 or 1 per second, that blocks split. Every fourth lacks a value. */
const manyRows = fc.record({
  dayMs: days,
  startMs: fc.nat(1_800).map((second) => 6 * HOUR_MS + second * 1_000),
  stepMs: fc.constantFrom(100, 1_000),
  count: fc.integer({ min: 200, max: 1_800 }),
  base: fc.nat(500),
}).map(({ dayMs, startMs, stepMs, count, base }) =>
  Array.from({ length: count }, (_, row): Row => {
    const text = String(base + row % 100);
    return [dayMs + startMs + row * stepMs, text, row % 4 === 0 ? "" : `${text}.5`, text, "1"];
  })
);
const series = fc.nat(SERIES.length - 1);
const rows = fc.oneof({ weight: 3, arbitrary: fewRows }, { weight: 2, arbitrary: manyRows });
const spans = fc.tuple(times, times).map(([a, b]) => ({
  fromMs: Math.min(a, b),
  toMs: Math.max(a, b),
}));

/** Scripts of up to 14 steps. */
export const scripts: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), series, rows }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("ingest" as const), series, rows }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("fold" as const), series }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), series }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("read" as const), series, span: spans }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("remove span" as const), series, span: spans }),
    },
  ),
  { minLength: 1, maxLength: 14 },
);

/** Runs a script. Fails if the store and the model differ. */
export async function runScript(
  rig: SeriesRig,
  script: readonly Step[],
  seed: number,
): Promise<void> {
  const random = createRandom(seed);
  const models = new Map<SeriesRef, Readings>(SERIES.map((ref) => [ref, new Map()]));
  const elsewhere = createIngest({ kv: rig.elsewhereKv, writer: "other" });
  let otherWrites = 0;

  /** Sometimes lets another instance write, ingest or fold. Adds what it wrote to `written`. */
  async function actElsewhere(ref: SeriesRef, written: Map<number, string>): Promise<void> {
    const dice = random();
    if (dice < 0.7) return;
    if (dice < 0.8) return void await rig.witness.fold(ref);
    const timeMs = DAY + OTHERS_HOUR * HOUR_MS + ++otherWrites * 700;
    const row = cut([timeMs, String(otherWrites), "", "2", "3"], ref);
    if (dice < 0.9) await rig.witness.write(ref, pageOf([row]));
    else await elsewhere.add(ref, pageOf([row]));
    written.set(timeMs, lineOf(row));
  }

  for (const step of script) {
    const ref = SERIES[step.series];
    const before = models.get(ref) ?? new Map();
    const written = new Map<number, string>();
    const feed = await feedOf(rig, ref);
    if (step.kind === "remove" || step.kind === "remove span") {
      rig.disturb(random() * 1e9, () => Promise.resolve());
    } else rig.disturb(random() * 1e9, () => actElsewhere(ref, written));
    const { after, alteredDays } = await runStep(rig, { step, ref, before, written });
    rig.calm();
    models.set(ref, merged(after, written));
    await assertReadings(rig, ref, merged(after, written));
    await assertFeed(rig, ref, { feed, days: [...alteredDays, ...daysOf(written)] });
  }
  for (const [ref, model] of models) {
    await insist(() => rig.store.fold(ref));
    await assertWhole(rig.below, ref);
    await assertReadings(rig, ref, model);
  }
}

interface Setting {
  readonly step: Step;
  readonly ref: SeriesRef;
  readonly before: Readings;
  /** What other instances have written since the step began. */
  readonly written: Readings;
}

/** Runs a step. Returns the readings of the series after it, without those of other instances. */
async function runStep(
  rig: SeriesRig,
  { step, ref, before, written }: Setting,
): Promise<{ after: Readings; alteredDays: Iterable<number> }> {
  const either = (after: Readings) => async () => {
    const lines = await readLines(rig.witness, ref);
    assertBetween(lines, merged(before, written), merged(after, written));
  };
  switch (step.kind) {
    case "write": {
      const rows = step.rows.map((row) => cut(row, ref));
      const { after, counts, alteredDays } = writeModel(before, rows);
      const write = () => rig.store.write(ref, pageOf(rows));
      const { result, tries } = await insist(write, either(after));
      if (tries === 1) assertEquals(result, counts);
      assertEquals(sum(result), sum(counts));
      assertLessOrEqual(result.inserted, counts.inserted);
      assertLessOrEqual(result.updated, counts.updated);
      return { after, alteredDays };
    }
    case "ingest": {
      const rows = step.rows.map((row) => cut(row, ref));
      const { after } = writeModel(before, rows);
      const middle = Math.ceil(rows.length / 2);
      const parts = [rows.slice(0, middle), rows.slice(middle)].filter(({ length }) => length > 0);
      await insist(() => addAll(rig, ref, parts), either(after));
      return { after, alteredDays: daysOf(new Map(rows.map((row) => [row[0], ""]))) };
    }
    case "fold":
      await insist(() => rig.store.fold(ref), either(before));
      return { after: before, alteredDays: [] };
    case "remove": {
      const { result, tries } = await insist(() => rig.store.remove(ref), either(new Map()));
      if (tries === 1) assertEquals(result, before.size > 0);
      return { after: new Map(), alteredDays: daysOf(before) };
    }
    case "remove span": {
      const removed = clipped(before, step.span);
      const after = new Map([...before].filter(([timeMs]) => !removed.has(timeMs)));
      const { signal } = new AbortController();
      const removeSpan = () => rig.store.removeSpan(ref, step.span, { signal });
      const { result, tries } = await insist(removeSpan, either(after));
      if (tries === 1) assertEquals(result, removed.size);
      return { after, alteredDays: daysOf(removed) };
    }
    case "read": {
      const lines = await readLines(rig.store, ref, step.span);
      const within = (readings: Readings) => clipped(readings, step.span);
      assertBetween(lines, within(before), within(merged(before, written)));
      const scanned = (await scanLines(rig.store, ref.profile, step.span)).get(ref.id) ?? [];
      const upTo = clipped(merged(before, written), { fromMs: 0, toMs: step.span.toMs });
      assertBetween(scanned, within(before), upTo);
      return { after: before, alteredDays: [] };
    }
  }
}

async function addAll(rig: SeriesRig, ref: SeriesRef, parts: readonly Row[][]): Promise<void> {
  const adds = parts.map((part) => rig.ingest.add(ref, pageOf(part)));
  const failed = (await Promise.allSettled(adds)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

function cut([timeMs, ...texts]: Row, { profile }: SeriesRef): Row {
  return [timeMs, ...texts.slice(0, BUILT_IN_PROFILES.get(profile)?.metrics.length)];
}
