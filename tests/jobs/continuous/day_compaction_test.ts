import { builtInProfiles } from "../../support/profiles.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { BUILT_IN_PROFILES } from "../../../data/readings/profiles.ts";
import { openWindowEncoder } from "../../../data/continuous/window_encoder.ts";
import type { ShardDutyDeps } from "../../../jobs/continuous/shard_duty.ts";
import { createChangedDevices } from "../../../jobs/continuous/changed_devices.ts";
import { createPutGate } from "../../../jobs/continuous/put_gate.ts";
import { createRunPlaces } from "../../../jobs/continuous/run_places.ts";
import { createEmbeddedSource } from "../../../jobs/continuous/embedded_source.ts";
import { exportDevice, openDeviceSession } from "../../../jobs/continuous/export_pass.ts";
import { createCheckpointMoves, getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { changeExportControls } from "../../../kv/continuous/controls.ts";
import { listManifests } from "../../../kv/continuous/manifests.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  type ContinuousReference,
  createContinuousReference,
} from "../../support/continuous_reference.ts";
import {
  BATTERY,
  COMPACT,
  compactedFiles,
  finishRounds,
  writeBattery,
} from "../../support/compacted_days.ts";
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";

const HOUR_MS = 3_600_000, DAY_MS = 86_400_000;
/** Noon, when the window before it is over. */
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);
/** The midnight before START_MS. */
const TODAY_MS = Date.UTC(2026, 1, 7);

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
  await writeBattery(rig, reference, readings);
  await rig.round(await rig.startDuties());
  return { rig, reference };
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
  await finishRounds(rig, COMPACT);
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
  await finishRounds(rig, COMPACT);
  assertEquals(rig.destination.puts.length, puts);
});

Deno.test("a day is compacted only when it has been over for LOOKBACK_HOURS", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  // Yesterday ended twelve hours ago.
  await finishRounds(rig, { isCompacting: true, lookbackMs: 13 * HOUR_MS });
  assertEquals(
    Object.fromEntries(rig.destination.objects),
    compactedFiles(reference, TODAY_MS - DAY_MS, START_MS),
  );
});

Deno.test("a late reading of any age rewrites the object of its day, and a replay writes it again", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  await finishRounds(rig, COMPACT);
  const yearBefore = TODAY_MS - 365 * DAY_MS;
  await writeBattery(rig, reference, [[TODAY_MS - DAY_MS + 1_000, 7], [yearBefore + 5_000, 8]]);
  await finishRounds(rig, COMPACT);
  const expected = compactedFiles(reference, TODAY_MS, START_MS);
  assertEquals(Object.fromEntries(rig.destination.objects), expected);
  rig.destination.objects.clear();
  const replays = [{ fromMs: TODAY_MS - DAY_MS + HOUR_MS, toMs: TODAY_MS - 20 * HOUR_MS }];
  await changeExportControls(rig.kv, "D1", (controls) => ({ ...controls, replays }));
  await finishRounds(rig, COMPACT);
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
  await finishRounds(rig, hive);
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
  await writeBattery(rig, reference, READINGS);
  await finishRounds(rig, COMPACT);
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
    await finishRounds(rig, calls % 2 === 0 ? COMPACT : { lookbackMs: COMPACT.lookbackMs });
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
  await finishRounds(rig, { ...COMPACT, destination: { ...rig.destination, remove } });
  assertEquals(Object.fromEntries(rig.destination.objects), reference.files(DAY_MS, TODAY_MS));
  // What was deleted before the fault is not deleted again, except for the last commit and its queue.
  assert(removed.length < left + 64 + 12, `${removed.length} of ${left}`);
});

Deno.test("compaction gets on even if every pass is out of time as soon as the day is put", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  const { kv, series, destination, clock } = rig;
  const deps = {
    kv,
    destination,
    source: createEmbeddedSource({ kv, store: series, profiles: builtInProfiles() }),
    changes: createChangedDevices({ kv, profiles: BUILT_IN_PROFILES }),
    isSourceComplete: true,
    encoder: await openWindowEncoder({ format: "csv", layout: "plain" }),
    style: { prefix: "", layout: "plain", format: "csv" } as const,
    intervalMs: HOUR_MS,
    gate: createPutGate(),
    places: createRunPlaces(1),
    moveCheckpoint: createCheckpointMoves(kv),
    now: () => clock.nowMs,
    ...COMPACT,
  };
  const { signal } = new AbortController();
  let passes = 0;
  for (let isDone = false; !isDone && passes < 10; passes++) {
    const session = await openDeviceSession(deps, "D1");
    const limits = { signal, isTimeUp: () => true };
    isDone = (await exportDevice(deps, session, { deviceId: "D1", ...limits })).isDone;
  }
  assertEquals(
    Object.fromEntries(destination.objects),
    compactedFiles(reference, TODAY_MS, START_MS),
  );
  assert(passes < 10);
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
      for await (const page of rig.series.read(BATTERY, { ...span, fromMs }, signal)) {
        yield { profile: PROFILES.battery, deviceType: null, location: null, page };
      }
    },
  };
  rig.clock.nowMs += HOUR_MS;
  await finishRounds(rig, { ...COMPACT, source, changes: null, isSourceComplete: false });
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
