import { PROFILES } from "../../../data/readings/profile.ts";
import fc from "fast-check";
import { startDuties } from "../../../jobs/engine/duty_loop.ts";
import type { ShardDutyDeps } from "../../../jobs/continuous/shard_duty.ts";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { wrapCommit, wrapKv } from "../../../kv/wrapped_kv.ts";
import type { Page } from "../../../data/readings/page.ts";
import { assertEquals } from "../../support/assert.ts";
import { createContinuousReference } from "../../support/continuous_reference.ts";
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";
import { idsOfShard } from "../../support/shards.ts";
import { until } from "../../support/until.ts";
import { amount } from "../../support/thorough.ts";

const WINDOW_MS = 900_000;
const START_MS = Date.UTC(2026, 1, 6, 23, 0, 0);
const DEVICES = ["D1", "D-2", "other_3"];
const RUNS = amount({ quick: 30, thorough: 60 });

/** A page of battery readings whose currents are given in tenths. */
function pageOf(readings: readonly (readonly [timeMs: number, tenths: number])[]): Page {
  const column = (values: number[], scale: number) => ({
    scale,
    values: Float64Array.from(values),
  });
  return {
    timesMs: Float64Array.from(readings, ([timeMs]) => timeMs),
    columns: [
      column(readings.map(() => 50), 0),
      column(readings.map(() => 3_005), 1),
      column(readings.map(([, tenths]) => tenths), 1),
      column(readings.map(() => NaN), 0),
    ],
  };
}

type Step =
  | { readonly kind: "write"; readonly device: number; readonly agesMs: number[]; tenths: number }
  | { readonly kind: "advance"; readonly byMs: number }
  | { readonly kind: "remove"; readonly device: number }
  | { readonly kind: "fail"; readonly count: number }
  | { readonly kind: "restart" | "fold" | "round" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("write" as const),
        device: fc.nat(DEVICES.length - 1),
        // Mostly from the last hour, some from the last days, and up to five minutes ahead.
        agesMs: fc.array(
          fc.oneof(
            { weight: 3, arbitrary: fc.integer({ min: -299, max: 3_600 }) },
            fc.integer({ min: 0, max: 3 * 86_400 }),
          ).map((seconds) => seconds * 1_000),
          { minLength: 1, maxLength: 12 },
        ),
        tenths: fc.nat(9),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("advance" as const),
        byMs: fc.oneof(fc.nat(1_000), fc.nat(120), fc.nat(100_000)).map((n) => n * 1_000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("remove" as const), device: fc.nat(2) }),
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
      arbitrary: fc.record({ kind: fc.constantFrom("restart" as const, "fold" as const) }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("round" as const) }) },
  ),
  { maxLength: 60 },
);

Deno.test("in whatever order readings, rounds, faults and restarts come, the objects match the readings", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (some) => {
      // If a put is carried out but its answer is lost, no checkpoint knows the object. It would
      // remain if the readings were removed before the next try. So a run has faults or removals,
      // not both; no request removes readings of devices.
      const isFaulty = some.some(({ kind }) => kind === "fail");
      const all = some.filter(({ kind }) => !isFaulty || kind !== "remove");
      await using rig = await openContinuousRig(WINDOW_MS, START_MS);
      const reference = createContinuousReference();
      for (const id of DEVICES) await rig.addDevice(id);
      let duties = await rig.startDuties();
      for (const step of all) {
        if (step.kind === "restart") duties = await rig.startDuties();
        else if (step.kind === "round") await rig.round(duties);
        else await applyStep(rig, step, reference);
      }
      rig.destination.failNext(0);
      // Longer than any back-off, and past the end of the window.
      for (let round = 0; round < 6; round++) {
        rig.clock.nowMs += 240_000;
        await rig.round(duties);
      }
      const untilMs = Math.floor((rig.clock.nowMs - 2_000) / WINDOW_MS) * WINDOW_MS;
      assertEquals(
        Object.fromEntries(rig.destination.objects),
        reference.files(WINDOW_MS, untilMs),
      );
      assertEquals(rig.logged.filter((event) => event === "duty round failed"), []);
    }),
    { numRuns: RUNS },
  );
});

async function applyStep(
  { series, clock, destination }: ContinuousRig,
  step: Step,
  reference: ReturnType<typeof createContinuousReference>,
): Promise<void> {
  if (step.kind === "advance") clock.nowMs += step.byMs;
  if (step.kind === "fail") destination.failNext(step.count);
  if (step.kind === "fold") {
    for (const id of DEVICES) await series.fold({ profile: "battery", id });
  }
  if (step.kind === "remove") {
    const id = DEVICES[step.device];
    await series.remove({ profile: "battery", id });
    reference.clear(id);
  }
  if (step.kind !== "write") return;
  const id = DEVICES[step.device];
  const readings = step.agesMs.map((ageMs, index) =>
    [Math.max(0, clock.nowMs - ageMs), step.tenths + index] as const
  );
  await series.write({ profile: "battery", id }, pageOf(readings));
  for (const [timeMs, tenths] of readings) {
    reference.set(id, timeMs, [50, 300.5, tenths / 10, null]);
  }
}

Deno.test("windows neither overlap nor leave a gap when their length changes at midnight", async () => {
  await using rig = await openContinuousRig(WINDOW_MS, START_MS);
  await rig.addDevice("D1");
  const ref = { profile: "battery", id: "D1" } as const;
  // Every ten minutes from 22:00 to 02:00, across midnight.
  const times = Array.from({ length: 24 }, (_, index) => START_MS - 3_600_000 + index * 600_000);
  await series(rig, times.filter((timeMs) => timeMs < START_MS));
  await rig.round(await rig.startDuties());
  const longer = await rig.startDuties({ intervalMs: 3_600_000 });
  await rig.round(longer);
  await series(rig, times.filter((timeMs) => timeMs >= START_MS));
  rig.clock.nowMs = START_MS + 3 * 3_600_000 + 60_000;
  await rig.round(longer);
  const keys = [...rig.destination.objects.keys()].toSorted();
  const of = (day: string, clock: string) =>
    `device_id=D1/date=2026/02/${day}/export_${clock}00.csv`;
  const quarters = ["22", "23"].flatMap((hour) => ["00", "15", "30", "45"].map((m) => hour + m));
  // Quarters of an hour from 22:00 to 24:00, each with one or two readings; hours after that.
  assertEquals(keys, [
    ...quarters.map((clock) => of("06", clock)),
    of("07", "0000"),
    of("07", "0100"),
  ]);
  const rows = [...rig.destination.objects.values()].map((text) => text.split("\n").length - 2);
  assertEquals(rows.reduce((sum, count) => sum + count, 0), times.length);

  async function series({ series }: ContinuousRig, timesMs: number[]): Promise<void> {
    await series.write(ref, pageOf(timesMs.map((timeMs) => [timeMs, 1])));
  }
});

Deno.test("two processes over one database share the devices, and no window is written twice", async () => {
  await using rig = await openContinuousRig(60_000, START_MS);
  const ids = Array.from({ length: 40 }, (_, index) => `device-${index}`);
  for (const id of ids) {
    await rig.addDevice(id);
    const readings = [1, 2, 3].map((n) => [START_MS - (n + 1) * 60_000, n] as const);
    await rig.series.write({ profile: "battery", id }, pageOf(readings));
  }
  const shares = [new Set<string>(), new Set<string>()];
  const deps = { kv: rig.kv, now: () => rig.clock.nowMs, isExclusive: false, log: () => {} };
  const processes = await Promise.all(shares.map(async (_, index) => {
    const put: typeof rig.destination.put = (...call) => {
      shares[index].add(call[0].split("/")[0]);
      return rig.destination.put(...call);
    };
    const destination = { ...rig.destination, put };
    const duties = await rig.startDuties({ destination, holdMs: 4_000 });
    return startDuties({ ...deps, owner: `process ${index}` }, duties);
  }));
  const objectCount = () => rig.destination.objects.size;
  await until(() => Promise.resolve(objectCount() === ids.length * 3));
  // The first process to start holds all shards, and gives up some over time.
  let minute = 0;
  await until(async () => {
    const toMs = START_MS + ++minute * 60_000;
    for (const id of ids) {
      await rig.series.write({ profile: "battery", id }, pageOf([[toMs - 1, 5]]));
    }
    // Slowly enough that a busy machine renews its leases in time.
    for (; rig.clock.nowMs < toMs + 3_000; rig.clock.nowMs += 1_000) {
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await until(() => Promise.resolve(objectCount() === ids.length * (3 + minute)));
    return shares.every((share) => share.size > 0);
  });
  assertEquals(rig.destination.puts.length, ids.length * (3 + minute));
  // When one process stops, the other takes over its shards.
  await processes[0].stop();
  for (const id of ids) {
    const timeMs = START_MS - 3_600_000;
    await rig.series.write({ profile: "battery", id }, pageOf([[timeMs, 5]]));
  }
  for (let step = 0; step < 61; step++) {
    rig.clock.nowMs += 1_000;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(() => Promise.resolve(objectCount() === ids.length * (4 + minute)));
  await processes[1].stop();
});

Deno.test("a device that cannot be read is logged, and the others are exported", async () => {
  await using rig = await openContinuousRig(WINDOW_MS, START_MS);
  for (const id of DEVICES) {
    await rig.addDevice(id);
    await rig.series.write({ profile: "battery", id }, pageOf([[START_MS - 2 * WINDOW_MS, 1]]));
  }
  const duties = await rig.startDuties({
    source: {
      async *devices() {
        yield* DEVICES;
      },
      async *read(id, span, signal) {
        if (id === "D1") throw new RangeError("Cannot export D1 as it is strange");
        for await (const page of rig.series.read({ profile: "battery", id }, span, signal)) {
          yield { profile: PROFILES.battery, deviceType: null, location: null, page };
        }
      },
    },
  });
  await rig.round(duties);
  assertEquals(rig.destination.objects.size, DEVICES.length - 1);
  assertEquals(rig.logged, ["device not exported"]);
});

Deno.test("a device whose source does not answer until the lease ends has a fault in its checkpoint", async () => {
  await using rig = await openContinuousRig(WINDOW_MS, START_MS);
  const [duty] = await rig.startDuties({
    source: {
      async *devices() {
        yield* idsOfShard(0);
      },
      async *read(_id, _span, signal) {
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
        yield* [];
      },
    },
  });
  const [id] = idsOfShard(0);
  // The round is cut off two seconds before the lease ends: after three seconds, which is longer
  // than the share of a pass.
  const lease = { v: 1 as const, owner: "one", epoch: 1, cursor: null };
  const { signal } = new AbortController();
  await duty.round({ signal, lease: { ...lease, untilMs: START_MS + 5_000 } });
  const entry = await getExportCheckpoint(rig.kv, id);
  assertEquals(entry?.value.fault, {
    message: "The export did not end in time, as the source or the destination did not answer",
    sinceMs: START_MS,
    atMs: START_MS,
    count: 1,
  });
});

Deno.test("a round ends after all of its passes, even if the database fails in one", async () => {
  await using rig = await openContinuousRig(WINDOW_MS, START_MS);
  const ids = idsOfShard(0);
  const slow = Promise.withResolvers<void>();
  let isOpen = true;
  const [duty] = await rig.startDuties({
    kv: wrapKv(rig.kv, {
      atomic: () =>
        wrapCommit(rig.kv.atomic(), () => Promise.reject(new Error("the database is away"))),
    }),
    source: {
      async *devices() {
        yield* ids;
      },
      async *read(id) {
        if (id === ids[0]) return;
        await slow.promise;
        isOpen = false;
        yield* [];
      },
    },
  });
  const { signal } = new AbortController();
  const lease = { v: 1 as const, owner: "one", epoch: 1, cursor: null, untilMs: START_MS + 30_000 };
  const round = duty.round({ signal, lease }).then(() => "good", () => isOpen ? "early" : "late");
  // The other pass has failed by then, as it waits only for the database.
  await until(() => Promise.resolve(rig.logged.includes("device not exported")));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
  slow.resolve();
  assertEquals(await round, "late");
});

Deno.test("readings that came late to InfluxDB before a stop are exported after it, however long it lasted", async () => {
  await using rig = await openContinuousRig(WINDOW_MS, START_MS);
  await rig.addDevice("D1");
  const ref = { profile: "battery", id: "D1" } as const;
  const source: ShardDutyDeps["source"] = {
    async *devices() {
      yield "D1";
    },
    async *read(_id, span, signal) {
      for await (const page of rig.series.read(ref, span, signal)) {
        yield { profile: PROFILES.battery, deviceType: null, location: null, page };
      }
    },
  };
  const changed = { source, changes: null, isSourceComplete: false, lookbackMs: 2 * WINDOW_MS };
  const lateMs = START_MS - WINDOW_MS;
  await rig.series.write(ref, pageOf([[lateMs, 1], [START_MS - 1, 1]]));
  rig.clock.nowMs += 5_000;
  await rig.round(await rig.startDuties(changed));
  await rig.series.write(ref, pageOf([[lateMs + 1, 2]]));
  rig.clock.nowMs += 10 * WINDOW_MS;
  await rig.round(await rig.startDuties(changed));
  const text = rig.destination.objects.get("device_id=D1/date=2026/02/06/export_224500.csv") ?? "";
  assertEquals(text.split("\n").length - 2, 3);
});
