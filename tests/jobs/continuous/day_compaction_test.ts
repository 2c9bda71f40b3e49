import fc from "fast-check";
import { openWindowEncoder } from "../../../data/continuous/window_encoder.ts";
import type { ShardDutyDeps } from "../../../jobs/continuous/shard_duty.ts";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { changeExportControls } from "../../../kv/continuous/controls.ts";
import { listManifests } from "../../../kv/continuous/manifests.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  type ContinuousReference,
  createContinuousReference,
} from "../../support/continuous_reference.ts";
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";

const HOUR_MS = 3_600_000, DAY_MS = 86_400_000;
/** Noon, when the window before it is over. */
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);
/** The midnight before START_MS. */
const TODAY_MS = Date.UTC(2026, 1, 7);
const COMPACT = { isCompacting: true, lookbackMs: 2 * HOUR_MS } as const;
const REF = { profile: "battery", id: "D1" } as const;

/** Writes readings whose current is `tenths`, to the store and the reference. */
async function write(
  { series }: ContinuousRig,
  reference: ContinuousReference,
  readings: readonly (readonly [timeMs: number, tenths: number])[],
): Promise<void> {
  const column = (values: number[], scale: number) => ({
    scale,
    values: Float64Array.from(values),
  });
  const sorted = readings.toSorted(([a], [b]) => a - b);
  await series.write(REF, {
    timesMs: Float64Array.from(sorted, ([timeMs]) => timeMs),
    columns: [
      column(sorted.map(() => 50), 0),
      column(sorted.map(() => 3_005), 1),
      column(sorted.map(([, tenths]) => tenths), 1),
      column(sorted.map(() => NaN), 0),
    ],
  });
  for (const [timeMs, tenths] of sorted) {
    reference.set("D1", timeMs, [50, 300.5, tenths / 10, null]);
  }
}

/** A reading every half hour of the two days before TODAY_MS, and of today until 11:30. */
const READINGS = Array.from(
  { length: 48 * 2 + 24 },
  (_, index) => [TODAY_MS - 2 * DAY_MS + index * HOUR_MS / 2, index] as const,
);

/** A rig with a device whose windows of an hour are exported. */
async function openExported(
  intervalMs = HOUR_MS,
  readings: readonly (readonly [number, number])[] = READINGS,
): Promise<{ rig: ContinuousRig; reference: ContinuousReference }> {
  const rig = await openContinuousRig(intervalMs, START_MS);
  const reference = createContinuousReference();
  await rig.addDevice("D1");
  await write(rig, reference, readings);
  await rig.round(await rig.startDuties());
  return { rig, reference };
}

/** Rounds until nothing is left to do, each after more than any back-off. */
async function finish(rig: ContinuousRig, changes: Partial<ShardDutyDeps>): Promise<void> {
  const duties = await rig.startDuties(changes);
  for (let round = 0; round < 4; round++) {
    rig.clock.nowMs += 120_000;
    await rig.round(duties);
  }
}

/** Files of whole days before `untilMs`, and of windows of an hour from then on. */
function compactedFiles(reference: ContinuousReference, untilMs: number, endMs: number) {
  const hours = Object.entries(reference.files(HOUR_MS, endMs))
    .filter(([path]) => dayOf(path) >= untilMs);
  return { ...reference.files(DAY_MS, untilMs), ...Object.fromEntries(hours) };
}

function dayOf(path: string): number {
  const [, year, month, day] = /date=(\d+)\/(\d+)\/(\d+)/.exec(path) ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day));
}

/** How often each reading is in the objects, by line. */
function occurrences({ destination }: ContinuousRig): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of destination.objects.values()) {
    for (const line of text.split("\n").slice(1, -1)) counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return counts;
}

Deno.test("a day that is over becomes one object, its windows are deleted, and today stays in windows", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  assertEquals(rig.destination.objects.size, 48 + 12);
  await finish(rig, COMPACT);
  const { objects } = rig.destination;
  assertEquals(Object.fromEntries(objects), compactedFiles(reference, TODAY_MS, START_MS));
  // Two days, and today's windows of 0 to 11 o'clock.
  assertEquals(objects.size, 2 + 12);
  const manifests = await listManifests(rig.kv, "D1", { fromMs: 0, toMs: TODAY_MS });
  assertEquals(
    manifests.map(({ fromMs, windows }) => [fromMs, windows.length, windows[0].rows]),
    [[TODAY_MS - 2 * DAY_MS, 1, 48], [TODAY_MS - DAY_MS, 1, 48]],
  );
  const entry = await getExportCheckpoint(rig.kv, "D1");
  assertEquals([entry?.value.compactedMs, entry?.value.compactingMs], [TODAY_MS, null]);
  // Windows that a longer one replaced were not removed for lack of readings.
  assertEquals(entry?.value.totals.deletions, 0);
  // Nothing is written again afterwards.
  const puts = rig.destination.puts.length;
  await finish(rig, COMPACT);
  assertEquals(rig.destination.puts.length, puts);
});

Deno.test("a day is compacted only when it has been over for LOOKBACK_HOURS", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  // Yesterday ended twelve hours ago.
  await finish(rig, { isCompacting: true, lookbackMs: 13 * HOUR_MS });
  assertEquals(
    Object.fromEntries(rig.destination.objects),
    compactedFiles(reference, TODAY_MS - DAY_MS, START_MS),
  );
});

Deno.test("a late reading of any age rewrites the object of its day, and a replay writes it again", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  await finish(rig, COMPACT);
  const yearBefore = TODAY_MS - 365 * DAY_MS;
  await write(rig, reference, [[TODAY_MS - DAY_MS + 1_000, 7], [yearBefore + 5_000, 8]]);
  await finish(rig, COMPACT);
  const expected = compactedFiles(reference, TODAY_MS, START_MS);
  assertEquals(Object.fromEntries(rig.destination.objects), expected);
  rig.destination.objects.clear();
  const replays = [{ fromMs: TODAY_MS - DAY_MS + HOUR_MS, toMs: TODAY_MS - 20 * HOUR_MS }];
  await changeExportControls(rig.kv, "D1", (controls) => ({ ...controls, replays }));
  await finish(rig, COMPACT);
  const path = "device_id=D1/date=2026/02/06/export_000000.csv";
  assertEquals(Object.fromEntries(rig.destination.objects), { [path]: expected[path] });
});

Deno.test("in the hive layout and after a change of layout, a day's object replaces its windows too", async () => {
  const { rig } = await openExported();
  await using _ = rig;
  const hive = {
    ...COMPACT,
    encoder: await openWindowEncoder({ format: "csv", layout: "hive" }),
    style: { prefix: "", layout: "hive", format: "csv" } as const,
  };
  await finish(rig, hive);
  const keys = [...rig.destination.objects.keys()].toSorted();
  assertEquals(keys.filter((key) => key.startsWith("profile=")), [
    "profile=battery/date=2026-02-05/device_id=D1/export_000000.csv",
    "profile=battery/date=2026-02-06/device_id=D1/export_000000.csv",
  ]);
  assertEquals(keys.length, 2 + 12);
  const counts = occurrences(rig);
  // 24 readings of today in the plain layout, 96 in the hive layout.
  assertEquals([counts.size, new Set(counts.values())], [120, new Set([1])]);
});

Deno.test("a device with old readings gets objects of whole days at once", async () => {
  await using rig = await openContinuousRig(HOUR_MS, START_MS);
  const reference = createContinuousReference();
  await rig.addDevice("D1");
  await write(rig, reference, READINGS);
  await finish(rig, COMPACT);
  const expected = compactedFiles(reference, TODAY_MS, START_MS);
  assertEquals(Object.fromEntries(rig.destination.objects), expected);
  assertEquals(rig.destination.puts.length, Object.keys(expected).length);
});

/** A destination that stops working after so many calls, as for a process that is killed then. */
function killedAfter({ destination }: ContinuousRig, calls: number): ShardDutyDeps["destination"] {
  let left = calls;
  const count = () => {
    if (left-- <= 0) throw new Error("killed");
  };
  return {
    ...destination,
    async put(...call) {
      count();
      return await destination.put(...call);
    },
    async remove(...call) {
      count();
      await destination.remove(...call);
    },
  };
}

Deno.test("wherever compaction is cut off, no reading is ever missing, and each is there once in the end", async () => {
  // A day of six windows: one put and five removals.
  const readings = Array.from(
    { length: 6 },
    (_, index) => [TODAY_MS - DAY_MS + index * 4 * HOUR_MS, index] as const,
  );
  for (let calls = 0; calls <= 6; calls++) {
    const { rig, reference } = await openExported(HOUR_MS, readings);
    await using _ = rig;
    const { signal } = new AbortController();
    // Cut off at the same place twice: each try starts again.
    for (let attempt = 0; attempt < 2; attempt++) {
      const duties = await rig.startDuties({ ...COMPACT, destination: killedAfter(rig, calls) });
      const lease = { v: 1 as const, owner: "one", epoch: 1, untilMs: rig.clock.nowMs + 30_000 };
      await Promise.all(
        duties.map((duty) => duty.round({ signal, lease: { ...lease, cursor: null } })),
      );
      assertEquals(occurrences(rig).size, 6, `after ${calls} calls`);
      rig.clock.nowMs += 120_000;
    }
    // A day whose compaction has begun is finished even if compaction is turned off.
    await finish(rig, calls % 2 === 0 ? COMPACT : { lookbackMs: COMPACT.lookbackMs });
    assertEquals(Object.fromEntries(rig.destination.objects), reference.files(DAY_MS, TODAY_MS));
  }
});

Deno.test("a day of thousands of windows is compacted, over a fault in the middle", async () => {
  // Windows of a second: 3,000 of them, whose manifest entries would not fit into one value of KV.
  const readings = Array.from(
    { length: 3_000 },
    (_, index) => [TODAY_MS - DAY_MS + index * 20_000, index] as const,
  );
  const { rig, reference } = await openExported(1_000, readings);
  await using _ = rig;
  assertEquals(rig.destination.objects.size, 3_000);
  const duties = await rig.startDuties({ ...COMPACT, destination: killedAfter(rig, 1_500) });
  await rig.round(duties);
  const left = rig.destination.objects.size;
  assert(left > 1_000 && left < 2_000, String(left));
  const removed: string[] = [];
  const remove: typeof rig.destination.remove = async (key, signal) => {
    removed.push(key);
    await rig.destination.remove(key, signal);
  };
  await finish(rig, { ...COMPACT, destination: { ...rig.destination, remove } });
  assertEquals(Object.fromEntries(rig.destination.objects), reference.files(DAY_MS, TODAY_MS));
  // What was deleted before the fault is not deleted again, except for the last commit and its queue.
  assert(removed.length < left + 64 + 12, `${removed.length} of ${left}`);
});

Deno.test("a day of which InfluxDB has lost readings keeps its windows", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  const lostMs = TODAY_MS - 2 * DAY_MS + HOUR_MS;
  const source: ShardDutyDeps["source"] = {
    async *devices() {
      yield "D1";
    },
    async *read(_id, span, signal) {
      const fromMs = Math.max(span.fromMs, lostMs);
      if (fromMs >= span.toMs) return;
      for await (const page of rig.series.read(REF, { ...span, fromMs }, signal)) {
        yield { profile: "battery", deviceType: null, location: null, page };
      }
    },
  };
  rig.clock.nowMs += HOUR_MS;
  await finish(rig, { ...COMPACT, source, changes: null, isSourceComplete: false });
  const expected = {
    ...reference.files(HOUR_MS, TODAY_MS - DAY_MS),
    ...compactedFiles(reference, TODAY_MS, START_MS),
  };
  // The first day has been over long enough, but two of its readings are gone from the source.
  delete expected["device_id=D1/date=2026/02/05/export_000000.csv"];
  const found = Object.fromEntries(rig.destination.objects);
  const first =
    reference.files(HOUR_MS, TODAY_MS)["device_id=D1/date=2026/02/05/export_000000.csv"];
  assertEquals(found, {
    ...expected,
    "device_id=D1/date=2026/02/05/export_000000.csv": first,
  });
});

type Step =
  | { readonly kind: "write"; readonly agesMs: number[]; readonly tenths: number }
  | { readonly kind: "advance"; readonly byMs: number }
  | { readonly kind: "fail"; readonly count: number }
  | { readonly kind: "restart" | "turn off" | "round" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("write" as const),
        agesMs: fc.array(
          fc.integer({ min: 0, max: 4 * 86_400 }).map((seconds) => seconds * 1_000),
          {
            minLength: 1,
            maxLength: 12,
          },
        ),
        tenths: fc.nat(9),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("advance" as const),
        byMs: fc.oneof(fc.nat(3_600), fc.nat(100_000)).map((seconds) => seconds * 1_000),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("fail" as const),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constantFrom("restart" as const, "turn off" as const, "round" as const),
      }),
    },
  ),
  { maxLength: 50 },
);

Deno.test("whatever happens, in the end each day is one object, and each reading is there once", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (some) => {
      await using rig = await openContinuousRig(HOUR_MS, START_MS);
      const reference = createContinuousReference();
      await rig.addDevice("D1");
      let duties = await rig.startDuties(COMPACT);
      for (const step of some) {
        if (step.kind === "round") await rig.round(duties);
        if (step.kind === "restart") duties = await rig.startDuties(COMPACT);
        if (step.kind === "turn off") duties = await rig.startDuties({ lookbackMs: 0 });
        if (step.kind === "advance") rig.clock.nowMs += step.byMs;
        if (step.kind === "fail") rig.destination.failNext(step.count);
        if (step.kind !== "write") continue;
        const readings = new Map(
          step.agesMs.map((ageMs, index) => [rig.clock.nowMs - ageMs, step.tenths + index]),
        );
        await write(rig, reference, [...readings]);
      }
      rig.destination.failNext(0);
      // The checkpoint of a device that sends nothing moves on with every window or ten minutes.
      for (let round = 0; round < 3; round++) await finish(rig, COMPACT);
      const endMs = Math.floor((rig.clock.nowMs - 2_000) / HOUR_MS) * HOUR_MS;
      const checkpoint = (await getExportCheckpoint(rig.kv, "D1"))?.value;
      const compactedMs = Math.min(checkpoint?.compactedMs ?? 0, checkpoint?.nextMs ?? 0);
      assertEquals(
        Object.fromEntries(rig.destination.objects),
        compactedFiles(reference, compactedMs, endMs),
      );
      // Every day that has been over for two hours, as far as the checkpoint has come.
      const dueMs = (checkpoint?.nextMs ?? 0) - COMPACT.lookbackMs;
      assert(checkpoint?.nextMs == null || compactedMs >= dueMs - dueMs % DAY_MS);
      assertEquals(rig.logged.filter((event) => event === "duty round failed"), []);
    }),
    { numRuns: 60 },
  );
});
