import fc from "fast-check";
import { listAlertStates } from "../../../kv/alerts/states.ts";
import type { SeriesStore } from "../../../kv/series/store.ts";
import { stageStoreHours, stageStoreZone } from "../../../kv/stores/stores.ts";
import { type AlertRig, ALL, openAlertRig, START_MS } from "../../support/alert_rig.ts";
import { assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

const MINUTE_MS = 60_000, HOUR_MS = 3_600_000, DAY_MS = 86_400_000;

/** Sees the latest poll of no store, so that each is read back by itself. */
function withoutLatest(series: SeriesStore): SeriesStore {
  return {
    ...series,
    latest: () => Promise.resolve(new Map()),
    describeMany: (refs) =>
      Promise.allSettled(refs.map(() => ({ count: 1, firstMs: 0, lastMs: 0 }))),
  };
}

const span = fc.record({
  day: fc.integer({ min: 0, max: 6 }),
  startMs: fc.integer({ min: 0, max: 23 }).map((hour) => hour * HOUR_MS),
  endMs: fc.integer({ min: 1, max: 24 }).map((hour) => hour * HOUR_MS),
}).filter(({ startMs, endMs }) => startMs !== endMs);

const store = fc.record({
  hours: fc.option(fc.array(span, { maxLength: 5 })),
  zone: fc.constantFrom("America/New_York", "Australia/Lord_Howe", "UTC"),
});

/** How old polls are: mostly some hours, but also months, or of the future. */
const age = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 * 60 }).map((count) => count * MINUTE_MS) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 120 }).map((count) => count * DAY_MS) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 50 }).map((count) => -count * HOUR_MS) },
);

const upload = fc.record({
  polls: fc.array(
    fc.tuple(fc.integer({ min: 0, max: 3 }), age, fc.integer({ min: 0, max: 1 })),
    { maxLength: 14 },
  ),
  rehoured: fc.option(fc.tuple(fc.integer({ min: 0, max: 3 }), store)),
  isRestart: fc.boolean(),
  passMs: fc.oneof(fc.constant(1_000), fc.integer({ min: 1, max: 60 }).map((n) => n * HOUR_MS)),
});

const rule = fc.record({
  forMs: fc.constantFrom(0, 30 * MINUTE_MS, 30 * HOUR_MS),
  resolveAfterMs: fc.constantFrom(0, HOUR_MS),
  damping: fc.option(fc.constant({ firings: 2, withinMs: 3 * DAY_MS, calmMs: 5 * HOUR_MS })),
});

type Upload = typeof upload extends fc.Arbitrary<infer T> ? T : never;
type Store = typeof store extends fc.Arbitrary<infer T> ? T : never;

async function setStore(rig: AlertRig, index: number, { hours, zone }: Store): Promise<void> {
  const op = rig.kv.atomic();
  stageStoreHours(op, `s${index}`, hours);
  stageStoreZone(op, `s${index}`, zone);
  await op.commit();
}

async function play(rig: AlertRig, { polls, rehoured, isRestart, passMs }: Upload): Promise<void> {
  for (const [index, ofStore] of Map.groupBy(polls, ([index]) => index)) {
    const readings = new Map(ofStore.map(([, ageMs, value]) => [rig.now() - ageMs, value]));
    await rig.write(`s${index}`, [...readings], "site");
  }
  if (rehoured !== null) await setStore(rig, ...rehoured);
  if (isRestart) rig.restart();
  await rig.pass(passMs, Math.ceil(passMs / 3));
}

async function outcomeOf(rig: AlertRig): Promise<unknown> {
  return [await Array.fromAsync(listAlertStates(rig.kv)), await rig.events()].map((list) =>
    list.map(({ versionstamp: _, ...rest }: { versionstamp?: string }) => rest)
  );
}

Deno.test("states and events of stores are the same whether their latest polls are read together first or not", async () => {
  const stores = fc.array(store, { minLength: 4, maxLength: 4 });
  const uploads = fc.array(upload, { minLength: 2, maxLength: 6 });
  let told = 0;
  await fc.assert(
    fc.asyncProperty(stores, rule, uploads, async (stores, settings, uploads) => {
      using rig = await openAlertRig();
      using other = await openAlertRig({ asSeen: withoutLatest });
      const { forMs, ...rest } = settings;
      for (const each of [rig, other]) {
        await each.setRule({
          scope: { kind: "store", ...ALL },
          condition: { type: "down", forMs },
          ...rest,
        });
        for (const [index, one] of stores.entries()) await setStore(each, index, one);
      }
      for (const upload of uploads) {
        await play(rig, upload);
        await play(other, upload);
        assertEquals(await outcomeOf(rig), await outcomeOf(other));
      }
      assertEquals(rig.now() > START_MS, true);
      told += (await rig.events()).length;
    }),
    { numRuns: amount({ quick: 30, thorough: 150 }) },
  );
  assertEquals(told > 0, true);
});
