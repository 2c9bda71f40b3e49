import { PROFILES as BUILT_IN } from "../../../data/readings/profile.ts";
import { openWindowEncoder } from "../../../data/continuous/window_encoder.ts";
import type { ShardDutyDeps } from "../../../jobs/continuous/shard_duty.ts";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { changeExportControls } from "../../../kv/continuous/controls.ts";
import { getProfileDay, listDirtyDays } from "../../../kv/continuous/profile_days.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  COMPACT,
  compactedFiles,
  finishRounds,
  openWrittenRig,
  SHARE,
  sharedFiles,
  writeBattery,
} from "../../support/compacted_days.ts";
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
const YESTERDAY = { profile: "battery", dayMs: TODAY_MS - DAY_MS };
const FILE = "profile=battery/date=2026/02/06/day.csv";

/** Readings of a day in some of its windows of an hour, and one of today. */
const READINGS = [0, 1, 5, 23].map((hour) => [YESTERDAY.dayMs + hour * HOUR_MS, hour] as const);

/** A rig with devices whose windows of an hour are exported. */
async function openExported(
  ids: readonly string[] = ["D2", "D1"],
): Promise<{ rig: ContinuousRig; reference: ContinuousReference }> {
  const { rig, reference } = await openWrittenRig(START_MS, {
    ids,
    readings: [...READINGS, [TODAY_MS + HOUR_MS, 7]],
  });
  await rig.round(await rig.startDuties());
  return { rig, reference };
}

function objectsOf({ destination }: ContinuousRig): Record<string, string> {
  return Object.fromEntries(destination.objects);
}

/** How often each reading is in the objects, by line. */
function occurrences({ destination }: ContinuousRig): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of destination.objects.values()) {
    for (const line of text.split("\n").slice(1, -1)) counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return counts;
}

Deno.test("a day that is over becomes one object of the profile, by device and time, and today stays in windows", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS));
  const lines = objectsOf(rig)[FILE].split("\n").slice(1, -1);
  assertEquals(lines.map((line) => line.split(",")[1]), [
    ...Array(4).fill("D1"),
    ...Array(4).fill("D2"),
  ]);
  for (const id of ["D1", "D2"]) {
    const checkpoint = (await getExportCheckpoint(rig.kv, id))?.value;
    assertEquals([checkpoint?.sharedMs, checkpoint?.sharingMs], [TODAY_MS, TODAY_MS]);
  }
  const { value } = await getProfileDay(rig.kv, YESTERDAY);
  assertEquals([value?.rows, value?.revision], [8, 1]);
  // Nothing is written again afterwards.
  const puts = rig.destination.puts.length;
  await finishRounds(rig, SHARE);
  assertEquals(rig.destination.puts.length, puts);
  assertEquals(await listDirtyDays(rig.kv), []);
});

Deno.test("a month of days is shared in a few rounds, each written once for many devices", async () => {
  await using rig = await openContinuousRig(HOUR_MS, START_MS);
  const reference = createContinuousReference();
  const readings = Array.from(
    { length: 40 },
    (_, day) => [TODAY_MS - (day + 1) * DAY_MS + HOUR_MS, day] as const,
  );
  for (const id of ["A", "B", "C", "D", "E"]) {
    await rig.addDevice(id);
    await writeBattery(rig, reference, readings, id);
  }
  await finishRounds(rig, SHARE);
  const expected = sharedFiles(reference, TODAY_MS, START_MS);
  assertEquals(Object.keys(expected).length, 40);
  assertEquals(objectsOf(rig), expected);
  // 5 x 40 objects of devices, then 40 of the profile.
  assertEquals(rig.destination.puts.length, 5 * 40 + 40);
});

Deno.test("late readings of any age, replays and removed readings rewrite the object of the profile, once", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  await finishRounds(rig, SHARE);
  rig.destination.puts.length = 0;
  const yearBefore = TODAY_MS - 365 * DAY_MS;
  await writeBattery(rig, reference, [[YESTERDAY.dayMs + 1_000, 7], [yearBefore + 5_000, 8]]);
  await writeBattery(rig, reference, [[YESTERDAY.dayMs + 2_000, 9]], "D2");
  await finishRounds(rig, SHARE);
  const expected = sharedFiles(reference, TODAY_MS, START_MS);
  assertEquals(objectsOf(rig), expected);
  assertEquals(rig.destination.puts.toSorted(), [
    "profile=battery/date=2025/02/07/day.csv",
    FILE,
  ]);
  rig.destination.objects.clear();
  const replays = [{ fromMs: YESTERDAY.dayMs + HOUR_MS, toMs: YESTERDAY.dayMs + 2 * HOUR_MS }];
  await changeExportControls(rig.kv, "D1", (controls) => ({ ...controls, replays }));
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), { [FILE]: expected[FILE] });
  for (const id of ["D1", "D2"]) {
    await rig.series.remove({ profile: "battery", id });
    reference.clear(id);
    await finishRounds(rig, SHARE);
    assertEquals(FILE in objectsOf(rig), id === "D1");
  }
  assertEquals(objectsOf(rig), {});
});

Deno.test("changes are collected until none came for two minutes, ten minutes at most", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  await finishRounds(rig, SHARE);
  const duties = await rig.startDuties(SHARE);
  rig.destination.puts.length = 0;
  // A late reading every 50 seconds, for 12 minutes.
  const written: number[] = [];
  for (let count = 0; count < 15; count++) {
    rig.clock.nowMs += 50_000;
    await writeBattery(rig, reference, [[YESTERDAY.dayMs + count * 1_000 + 500, count]]);
    await rig.round(duties);
    await rig.round(duties);
    if (rig.destination.puts.includes(FILE) && written.length === 0) written.push(count);
  }
  // Late readings are looked for once a minute: the object is due 600 s after the first was found.
  assert(written[0] >= 12 && written[0] <= 14, String(written));
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, rig.clock.nowMs));
});

Deno.test("after a change back to daily or off, shared days stay shared and others are not shared", async () => {
  for (const changed of [COMPACT, { lookbackMs: COMPACT.lookbackMs }]) {
    const { rig, reference } = await openExported();
    await using _ = rig;
    await finishRounds(rig, SHARE);
    rig.clock.nowMs += DAY_MS;
    await writeBattery(rig, reference, [[YESTERDAY.dayMs + 1_000, 3]]);
    await finishRounds(rig, changed);
    const expected = sharedFiles(reference, TODAY_MS, START_MS);
    const rest = "isCompacting" in changed
      ? compactedFiles(reference, TODAY_MS + DAY_MS, rig.clock.nowMs)
      : reference.files(HOUR_MS, rig.clock.nowMs);
    for (const path of Object.keys(expected)) if (/02\/07/.test(path)) delete expected[path];
    for (const path of Object.keys(rest)) if (/02\/06/.test(path)) delete rest[path];
    assertEquals(objectsOf(rig), { ...expected, ...rest });
    // And on again.
    await finishRounds(rig, SHARE);
    assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS + DAY_MS, rig.clock.nowMs));
  }
});

Deno.test("a paused device keeps its files and does not keep the others from sharing", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  await changeExportControls(rig.kv, "D2", (controls) => ({ ...controls, isPaused: true }));
  await finishRounds(rig, SHARE);
  const keys = Object.keys(objectsOf(rig));
  assertEquals(keys.filter((key) => key.includes("D2")).length, 5);
  assertEquals(objectsOf(rig)[FILE].split("\n").length, 1 + 4 + 1);
  await changeExportControls(rig.kv, "D2", (controls) => ({ ...controls, isPaused: false }));
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS));
});

Deno.test("in the hive layout, windows and days are in one folder for a profile and date, with a column device_id", async () => {
  const { rig } = await openExported();
  await using _ = rig;
  const layout = "hive-by-profile" as const;
  const hive = {
    ...SHARE,
    encoder: await openWindowEncoder({ format: "csv", layout }),
    style: { prefix: "", layout, format: "csv" } as const,
  };
  const replays = [{ fromMs: 0, toMs: START_MS }];
  for (const id of ["D1", "D2"]) {
    await changeExportControls(rig.kv, id, (controls) => ({ ...controls, replays }));
  }
  await finishRounds(rig, hive);
  assertEquals(Object.keys(objectsOf(rig)).toSorted(), [
    "profile=battery/date=2026-02-06/day.csv",
    "profile=battery/date=2026-02-07/export_010000_D1.csv",
    "profile=battery/date=2026-02-07/export_010000_D2.csv",
  ]);
  for (const text of rig.destination.objects.values()) {
    assert(text.startsWith("timestamp,device_id,"));
  }
  // Back to plain: a replay moves the shared object too.
  for (const id of ["D1", "D2"]) {
    await changeExportControls(rig.kv, id, (controls) => ({ ...controls, replays }));
  }
  await finishRounds(rig, SHARE);
  assertEquals(Object.keys(objectsOf(rig)).toSorted(), [
    "device_id=D1/date=2026/02/07/export_010000.csv",
    "device_id=D2/date=2026/02/07/export_010000.csv",
    FILE,
  ]);
});

/** Rounds of the duties whose names match, each after more than any wait. */
async function roundsOf(
  rig: ContinuousRig,
  { name, deps = {}, count = 1 }: { name: RegExp; deps?: Partial<ShardDutyDeps>; count?: number },
): Promise<void> {
  const duties = (await rig.startDuties({ ...SHARE, ...deps })).filter((duty) =>
    name.test(duty.name)
  );
  for (let round = 0; round < count; round++) {
    rig.clock.nowMs += 120_000;
    await rig.round(duties);
  }
}

/** The duties of devices, and that of profiles. */
const DEVICES = /^lake-\d/, PROFILES = /^lake-profile/;

Deno.test("a late reading between the shared object and the deletion of the device's own is in one of them at any time", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  await roundsOf(rig, { name: DEVICES });
  await roundsOf(rig, { name: PROFILES });
  assertEquals(FILE in objectsOf(rig), true);
  await writeBattery(rig, reference, [[YESTERDAY.dayMs + 1_000, 3]]);
  await roundsOf(rig, { name: DEVICES, count: 3 });
  assertEquals(occurrences(rig).size, 11);
  assertEquals("device_id=D1/date=2026/02/06/export_000000.csv" in objectsOf(rig), true);
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS));
});

Deno.test("a late reading while the shared object is written is in the device's own object until the next one has it", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  await roundsOf(rig, { name: DEVICES });
  let isFirst = true;
  const putStream: typeof rig.destination.putStream = async (
    key,
    { body, contentType },
    signal,
  ) => {
    const bytes = await new Blob(await Array.fromAsync(body)).bytes();
    if (isFirst) {
      isFirst = false;
      await writeBattery(rig, reference, [[YESTERDAY.dayMs + 1_000, 3]]);
      await roundsOf(rig, { name: DEVICES });
    }
    return await rig.destination.put(key, { bytes, contentType }, signal);
  };
  const destination = { ...rig.destination, putStream };
  await roundsOf(rig, { name: PROFILES, deps: { destination } });
  await roundsOf(rig, { name: DEVICES, count: 2 });
  assertEquals([isFirst, occurrences(rig).size], [false, 11]);
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS));
});

Deno.test("an older object of a process that stood still is written again", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  await roundsOf(rig, { name: DEVICES });
  let isFirst = true;
  const putStream: typeof rig.destination.putStream = async (
    key,
    { body, contentType },
    signal,
  ) => {
    const bytes = await new Blob(await Array.fromAsync(body)).bytes();
    if (isFirst) {
      isFirst = false;
      await writeBattery(rig, reference, [[YESTERDAY.dayMs + 1_000, 3]]);
      await roundsOf(rig, { name: DEVICES });
      await roundsOf(rig, { name: PROFILES });
      assertEquals(objectsOf(rig)[FILE].split("\n").length, 1 + 9 + 1);
    }
    return await rig.destination.put(key, { bytes, contentType }, signal);
  };
  const destination = { ...rig.destination, putStream };
  await roundsOf(rig, { name: PROFILES, deps: { destination } });
  assertEquals(isFirst, false);
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS));
});

/** A process that is killed before the call of a number, of those that change something. */
function killedBefore({ destination, kv }: ContinuousRig, calls: number): {
  deps: Pick<ShardDutyDeps, "destination" | "kv">;
  isKilled(): boolean;
} {
  let left = calls;
  const count = () => {
    if (left-- <= 0) throw new Error("killed");
  };
  const atomic = () => {
    const op = kv.atomic();
    const commit = op.commit.bind(op);
    op.commit = async () => {
      count();
      return await commit();
    };
    return op;
  };
  const deps = {
    kv: { get: kv.get.bind(kv), list: kv.list.bind(kv), atomic } as ShardDutyDeps["kv"],
    destination: {
      ...destination,
      async put(...call: Parameters<typeof destination.put>) {
        count();
        return await destination.put(...call);
      },
      async putStream(...call: Parameters<typeof destination.putStream>) {
        count();
        return await destination.putStream(...call);
      },
      async remove(...call: Parameters<typeof destination.remove>) {
        count();
        await destination.remove(...call);
      },
    },
  };
  return { deps, isKilled: () => left < 0 };
}

/** Rounds of a process that may be killed in any of them. */
async function roundsUntilKilled(rig: ContinuousRig, deps: Partial<ShardDutyDeps>): Promise<void> {
  const duties = await rig.startDuties(deps);
  for (let round = 0; round < 4; round++) {
    rig.clock.nowMs += 120_000;
    await rig.round(duties).catch(() => {});
  }
}

Deno.test("wherever a process is killed while days are shared, no reading is ever missing, and each is there once in the end", async () => {
  let isWhole = false;
  for (let calls = 0; !isWhole; calls++) {
    const { rig, reference } = await openExported();
    await using _ = rig;
    // Killed twice at the same place.
    for (let attempt = 0; attempt < 2; attempt++) {
      const { deps, isKilled } = killedBefore(rig, calls);
      await roundsUntilKilled(rig, { ...SHARE, ...deps });
      isWhole = !isKilled();
      assertEquals(occurrences(rig).size, 10, `after ${calls} calls`);
    }
    // Sharing that has begun is finished though it is turned off, and then all of it.
    await finishRounds(rig, { lookbackMs: SHARE.lookbackMs });
    assertEquals([...occurrences(rig).values()], Array(10).fill(1), `after ${calls} calls`);
    await finishRounds(rig, SHARE);
    assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS), `${calls} calls`);
    assert(calls < 200);
  }
});

Deno.test("wherever a process is killed while a late reading is written, every reading stays, and the late one is there in the end", async () => {
  let isWhole = false;
  for (let calls = 0; !isWhole; calls++) {
    const { rig, reference } = await openExported();
    await using _ = rig;
    await finishRounds(rig, SHARE);
    await writeBattery(rig, reference, [[YESTERDAY.dayMs + 1_000, 3]]);
    const { deps, isKilled } = killedBefore(rig, calls);
    await roundsUntilKilled(rig, { ...SHARE, ...deps });
    isWhole = !isKilled();
    assert(occurrences(rig).size >= 10);
    await finishRounds(rig, SHARE);
    assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS), `${calls} calls`);
    assert(calls < 100);
  }
});

Deno.test("of two processes that both believe to hold every lease, each reading is there once in the end", async () => {
  const { rig, reference } = await openExported(["D1", "D2", "D3"]);
  await using _ = rig;
  const { signal } = new AbortController();
  const processes = [await rig.startDuties(SHARE), await rig.startDuties(SHARE)];
  for (let round = 0; round < 8; round++) {
    rig.clock.nowMs += 120_000;
    if (round === 3) await writeBattery(rig, reference, [[YESTERDAY.dayMs + 1_000, 3]], "D2");
    const untilMs = rig.clock.nowMs + 30_000;
    await Promise.all(processes.flatMap((duties, index) => {
      const lease = { v: 1 as const, owner: `process ${index}`, epoch: 1, untilMs, cursor: null };
      return duties.map((duty) => duty.round({ signal, lease }));
    }));
    assert(occurrences(rig).size >= 15);
  }
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS));
});

Deno.test("a day of which InfluxDB has lost readings keeps the objects of its devices, and a shared one stays", async () => {
  const { rig, reference } = await openExported();
  await using _ = rig;
  const state = { lostMs: 0 };
  const source: ShardDutyDeps["source"] = {
    async *devices() {
      yield* ["D1", "D2"];
    },
    async *read(id, span, signal) {
      const fromMs = Math.max(span.fromMs, state.lostMs);
      if (fromMs >= span.toMs) return;
      for await (
        const page of rig.series.read({ profile: "battery", id }, { ...span, fromMs }, signal)
      ) {
        yield { profile: BUILT_IN.battery, deviceType: null, location: null, page };
      }
    },
  };
  const influx = { ...SHARE, source, changes: null, isSourceComplete: false };
  const only = (deviceIds: string[]) => ({ ...influx, deviceIds });
  await finishRounds(rig, only(["D1"]));
  const before = objectsOf(rig)[FILE];
  assertEquals(before.split("\n").length, 1 + 4 + 1);
  // D2 is compacted as it has all of its readings, and then its sharing needs those of D1.
  await finishRounds(rig, { ...only(["D2"]), isSharing: false });
  state.lostMs = YESTERDAY.dayMs + HOUR_MS;
  await finishRounds(rig, only(["D1", "D2"]));
  const day = compactedFiles(reference, TODAY_MS, START_MS);
  const own = "device_id=D2/date=2026/02/06/export_000000.csv";
  const found = objectsOf(rig);
  assertEquals([found[FILE], found[own]], [before, day[own]]);
  assertEquals((await getExportCheckpoint(rig.kv, "D2"))?.value.sharedMs, TODAY_MS);
  // A replay does not take from the shared object what is lost either.
  const replays = [{ fromMs: YESTERDAY.dayMs, toMs: TODAY_MS }];
  await changeExportControls(rig.kv, "D1", (controls) => ({ ...controls, replays }));
  await finishRounds(rig, only(["D1", "D2"]));
  assertEquals(objectsOf(rig)[FILE], before);
  // If they are there again, a replay writes the shared object as before: D2 keeps its own.
  state.lostMs = 0;
  rig.destination.objects.delete(FILE);
  await changeExportControls(rig.kv, "D1", (controls) => ({ ...controls, replays }));
  await finishRounds(rig, only(["D1", "D2"]));
  assertEquals([objectsOf(rig)[FILE], objectsOf(rig)[own]], [before, day[own]]);
});
