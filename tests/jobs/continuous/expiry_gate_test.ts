import type { ContinuousSettings } from "../../../data/continuous_settings.ts";
import type { ShardDutyDeps } from "../../../jobs/continuous/shard_duty.ts";
import { createChangedDevices } from "../../../jobs/continuous/changed_devices.ts";
import { createExpiryGate, FREEZE_MS } from "../../../jobs/continuous/expiry_gate.ts";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { changeExportControls } from "../../../kv/continuous/controls.ts";
import { AppError } from "../../../data/app_error.ts";
import { eraseFromLake } from "../../../jobs/deletions/erase.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import {
  BATTERY,
  COMPACT,
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
import type { ContinuousRig } from "../../support/continuous_rig.ts";

const HOUR_MS = 3_600_000, DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);
const TODAY_MS = Date.UTC(2026, 1, 7);
/** Of the days before today, those from here on are kept. */
const KEPT_MS = TODAY_MS - 2 * DAY_MS;
const { signal } = new AbortController();

/** Readings of the five days before today at two hours each, and of today. */
const READINGS = [5, 4, 3, 2, 1, 0].flatMap((back) =>
  [0, 6].map((hour) => [TODAY_MS - back * DAY_MS + hour * HOUR_MS, back + hour] as const)
);

interface Expiry {
  readonly rig: ContinuousRig;
  readonly reference: ContinuousReference;
  /** Lets readings before KEPT_MS expire as far as the gate allows it; returns that time. */
  expire(
    changes?: Partial<Pick<ContinuousSettings, "isOn" | "isCompacting" | "isSharing">>,
    id?: string,
  ): Promise<number>;
}

/** Devices with readings of six days, windows of an hour. */
async function openExpiry(ids: readonly string[] = ["D1"]): Promise<Expiry> {
  const { rig, reference } = await openWrittenRig(START_MS, { ids, readings: READINGS });
  const { kv, profiles } = rig;
  const off = { isOn: true, isCompacting: false, isSharing: false, deviceIds: [], influx: null };
  return {
    rig,
    reference,
    async expire(changes = {}, id = "D1") {
      const gate = createExpiryGate({
        kv,
        changes: createChangedDevices({ kv, profiles }),
        continuous: { ...off, ...changes },
        now: () => rig.clock.nowMs,
      });
      const ref = { ...BATTERY, id };
      const toMs = await gate(ref, KEPT_MS);
      await rig.series.removeSpan(ref, { fromMs: 0, toMs }, { signal, areExpired: true });
      return toMs;
    },
  };
}

/** Exports everything, and lets the old readings expire. Returns the objects. */
async function expireAll(
  { rig, expire }: Expiry,
  settings: Partial<ShardDutyDeps> = {},
  ids: readonly string[] = ["D1"],
): Promise<Record<string, string>> {
  await finishRounds(rig, settings);
  const objects = objectsOf(rig);
  for (const id of ids) assertEquals(await expire(settings, id), 0);
  rig.clock.nowMs += FREEZE_MS;
  for (const id of ids) assertEquals(await expire(settings, id), KEPT_MS);
  return objects;
}

function objectsOf({ destination }: ContinuousRig): Record<string, string> {
  return Object.fromEntries(destination.objects);
}

async function firstOf({ rig }: Expiry, id = "D1"): Promise<number | undefined> {
  return (await rig.series.describe({ ...BATTERY, id }))?.firstMs;
}

Deno.test("nothing expires before it is exported, nor in the quarter hour after", async () => {
  const expiry = await openExpiry();
  const { rig, expire } = expiry;
  await using _ = rig;
  assertEquals(await expire(), 0);
  await rig.round(await rig.startDuties());
  assertEquals(await expire(), 0);
  rig.clock.nowMs += FREEZE_MS - 1;
  assertEquals(await expire(), 0);
  assertEquals(await firstOf(expiry), TODAY_MS - 5 * DAY_MS);
  rig.clock.nowMs += 1;
  assertEquals(await expire(), KEPT_MS);
  assertEquals(await firstOf(expiry), KEPT_MS);
});

Deno.test("expired readings stay in the objects, and the export goes on", async () => {
  const expiry = await openExpiry();
  const { rig, reference } = expiry;
  await using _ = rig;
  const objects = await expireAll(expiry);
  await finishRounds(rig, {});
  assertEquals(objectsOf(rig), objects);
  await writeBattery(rig, reference, [[TODAY_MS - DAY_MS + HOUR_MS, 9]]);
  await finishRounds(rig, {});
  // The reference still has the expired readings.
  assertEquals(objectsOf(rig), reference.files(HOUR_MS, TODAY_MS + 12 * HOUR_MS));
});

Deno.test("a late reading of an expired day and a replay of it change no object", async () => {
  const expiry = await openExpiry();
  const { rig } = expiry;
  await using _ = rig;
  const objects = await expireAll(expiry);
  const lateMs = TODAY_MS - 5 * DAY_MS;
  await writeBattery(rig, createContinuousReference(), [[lateMs, 1], [lateMs + HOUR_MS, 2]]);
  await changeExportControls(rig.kv, "D1", (controls) => ({
    ...controls,
    replays: [{ fromMs: lateMs, toMs: KEPT_MS }],
  }));
  await finishRounds(rig, {});
  assertEquals(objectsOf(rig), objects);
  assertEquals(rig.logged, ["late readings not exported"]);
  // The late readings go too.
  rig.clock.nowMs += FREEZE_MS;
  await expiry.expire();
  assertEquals(await firstOf(expiry), KEPT_MS);
});

Deno.test("compaction and sharing that are turned on later leave the objects of expired days alone", async () => {
  const expiry = await openExpiry();
  const { rig } = expiry;
  await using _ = rig;
  const objects = await expireAll(expiry);
  await finishRounds(rig, SHARE);
  const after = objectsOf(rig);
  const old = Object.keys(objects).filter((key) => /date=2026\/02\/0[234]\//.test(key));
  assertEquals(old.length, 6);
  for (const key of old) assertEquals(after[key], objects[key], key);
  // The days that are kept are shared.
  assert("profile=battery/date=2026/02/05/day.csv" in after);
});

Deno.test("with compaction, a day expires only once it is one object", async () => {
  const expiry = await openExpiry();
  const { rig, expire } = expiry;
  await using _ = rig;
  await rig.round(await rig.startDuties());
  rig.clock.nowMs += FREEZE_MS;
  assertEquals(await expire(COMPACT), 0);
  rig.clock.nowMs += FREEZE_MS;
  assertEquals(await expire(COMPACT), 0);
  const objects = await expireAll(expiry, COMPACT);
  await finishRounds(rig, COMPACT);
  assertEquals(objectsOf(rig), objects);
});

Deno.test("a shared day keeps the expired readings when another device changes in it", async () => {
  const expiry = await openExpiry(["D1", "D2"]);
  const { rig } = expiry;
  await using _ = rig;
  // Only those of D1 expire.
  const objects = await expireAll(expiry, SHARE);
  const lateMs = TODAY_MS - 5 * DAY_MS + HOUR_MS;
  await writeBattery(rig, createContinuousReference(), [[lateMs, 1]], "D2");
  for (let time = 0; time < 5; time++) await finishRounds(rig, SHARE);
  const key = "profile=battery/date=2026/02/02/day.csv";
  const lines = objects[key].split("\n").slice(1, -1);
  assertEquals(lines.length, 4);
  const after = objectsOf(rig)[key];
  for (const line of lines) assert(after.includes(line), line);
});

Deno.test("late readings, replays and a pause hold back what they concern until it is exported", async () => {
  const expiry = await openExpiry();
  const { rig, expire } = expiry;
  await using _ = rig;
  await finishRounds(rig, {});
  await changeExportControls(rig.kv, "D1", (controls) => ({ ...controls, isPaused: true }));
  const lateMs = TODAY_MS - 4 * DAY_MS + HOUR_MS;
  await writeBattery(rig, expiry.reference, [[lateMs, 9]]);
  await finishRounds(rig, {});
  await expire();
  rig.clock.nowMs += FREEZE_MS;
  // The day of the late reading and those after it wait.
  assertEquals(await expire(), TODAY_MS - 4 * DAY_MS);
  await changeExportControls(rig.kv, "D1", (controls) => ({ ...controls, isPaused: false }));
  await finishRounds(rig, {});
  rig.clock.nowMs += FREEZE_MS;
  await expire();
  rig.clock.nowMs += FREEZE_MS;
  assertEquals(await expire(), KEPT_MS);
  await finishRounds(rig, {});
  const files = expiry.reference.files(HOUR_MS, TODAY_MS + 12 * HOUR_MS);
  assertEquals(objectsOf(rig), files);
});

Deno.test("without continuous export nothing waits, but objects of before are kept when it is on again", async () => {
  const expiry = await openExpiry(["D1", "D2"]);
  const { rig, expire } = expiry;
  await using _ = rig;
  await rig.round(await rig.startDuties({ deviceIds: ["D1"] }));
  const objects = objectsOf(rig);
  const off = { isOn: false };
  // D2 was never exported.
  assertEquals(await expire(off, "D2"), KEPT_MS);
  assertEquals(await expire(off), 0);
  rig.clock.nowMs += FREEZE_MS;
  assertEquals(await expire(off), KEPT_MS);
  await finishRounds(rig, { deviceIds: ["D1"] });
  for (const [key, text] of Object.entries(objects)) assertEquals(objectsOf(rig)[key], text);
});

Deno.test("meters, stores and readings of another profile do not wait", async () => {
  const expiry = await openExpiry();
  const { rig } = expiry;
  await using _ = rig;
  const { kv, profiles } = rig;
  const gate = createExpiryGate({
    kv,
    changes: createChangedDevices({ kv, profiles }),
    continuous: { isOn: true, isCompacting: false, isSharing: false, deviceIds: [], influx: null },
    now: () => rig.clock.nowMs,
  });
  for (const ref of [{ profile: "meter", id: "D1" }, { profile: "site", id: "S1" }]) {
    assertEquals(await gate(ref, KEPT_MS), KEPT_MS);
  }
});

Deno.test("freezing changes nothing else of a checkpoint", async () => {
  const expiry = await openExpiry();
  const { rig, expire } = expiry;
  await using _ = rig;
  await rig.round(await rig.startDuties());
  const before = await getExportCheckpoint(rig.kv, "D1");
  assert(before !== null);
  await expire();
  const after = await getExportCheckpoint(rig.kv, "D1");
  assertEquals(after?.value, {
    ...before.value,
    keptFromMs: KEPT_MS,
    keptSinceMs: rig.clock.nowMs,
  });
});

Deno.test("readings stay until the shared object has the late readings of their day", async () => {
  const expiry = await openExpiry(["D1", "D2"]);
  const { rig, reference, expire } = expiry;
  await using _ = rig;
  await finishRounds(rig, SHARE);
  const lateMs = TODAY_MS - 4 * DAY_MS + HOUR_MS;
  await writeBattery(rig, reference, [[lateMs, 9]]);
  // The pass has seen the late reading, and the shared object is not written for longer than a pause.
  const duties = (await rig.startDuties(SHARE)).filter(({ name }) => name !== "lake-profile-days");
  rig.clock.nowMs += 120_000;
  await rig.round(duties);
  for (let time = 0; time < 3; time++) {
    for (const id of ["D1", "D2"]) await expire(SHARE, id);
    rig.clock.nowMs += FREEZE_MS;
  }
  for (const id of ["D1", "D2"]) assertEquals(await firstOf(expiry, id), TODAY_MS - 4 * DAY_MS);
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS));
  for (let time = 0; time < 2; time++) {
    for (const id of ["D1", "D2"]) await expire(SHARE, id);
    rig.clock.nowMs += FREEZE_MS;
  }
  for (const id of ["D1", "D2"]) assertEquals(await firstOf(expiry, id), KEPT_MS);
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS));
});

Deno.test("a shared object that becomes outdated after the pause holds the readings of all back", async () => {
  const expiry = await openExpiry(["D1", "D2"]);
  const { rig, reference, expire } = expiry;
  await using _ = rig;
  await finishRounds(rig, SHARE);
  assertEquals(await expire(SHARE, "D2"), 0);
  await writeBattery(rig, reference, [[TODAY_MS - 4 * DAY_MS + HOUR_MS, 9]]);
  const duties = (await rig.startDuties(SHARE)).filter(({ name }) => name !== "lake-profile-days");
  rig.clock.nowMs += FREEZE_MS;
  await rig.round(duties);
  assertEquals(await expire(SHARE, "D2"), TODAY_MS - 4 * DAY_MS);
});

Deno.test("a late reading that a shared object cannot get any more does not expire", async () => {
  const { expiry } = await openRefused();
  const { rig } = expiry;
  await using _ = rig;
  const lateMs = TODAY_MS - 4 * DAY_MS + HOUR_MS;
  await writeBattery(rig, createContinuousReference(), [[lateMs, 9]]);
  for (let time = 0; time < 3; time++) {
    await finishRounds(rig, SHARE);
    await expiry.expire(SHARE);
    rig.clock.nowMs += FREEZE_MS;
  }
  assert(rig.logged.includes("day of a profile not written again"));
  assertEquals(await firstOf(expiry), TODAY_MS - 4 * DAY_MS);
});

Deno.test("readings that an erasure needs to write objects again do not expire before", async () => {
  const expiry = await openExpiry();
  const { rig, expire } = expiry;
  await using _ = rig;
  await finishRounds(rig, COMPACT);
  const fromMs = TODAY_MS - 4 * DAY_MS + HOUR_MS;
  const counts = { days: 0, daysDone: 0, deleted: 0, rewritten: 0, state: "waiting" as const };
  await changeExportControls(rig.kv, "D1", (controls) => ({
    ...controls,
    erasures: [{ jobId: "job", fromMs, toMs: fromMs + 1, reachedMs: fromMs, ...counts }],
  }));
  await expire(COMPACT);
  rig.clock.nowMs += FREEZE_MS;
  for (const isOn of [true, false]) {
    assertEquals(await expire({ ...COMPACT, isOn }), TODAY_MS - 4 * DAY_MS);
  }
});

Deno.test("what can be erased is, though the job fails for the rest", async () => {
  const expiry = await openExpiry();
  const { rig } = expiry;
  await using _ = rig;
  const objects = await expireAll(expiry, COMPACT);
  // Half of an expired day that is one object, a whole one, and half of a day that has not expired.
  const fromMs = TODAY_MS - 4 * DAY_MS + HOUR_MS;
  const span = { fromMs, toMs: KEPT_MS + HOUR_MS };
  const error = await assertRejects(() => erase(expiry, span, COMPACT), AppError);
  assertEquals(error.code, "OBJECTS_KEPT");
  const after = objectsOf(rig);
  const keyOf = (day: number) => `device_id=D1/date=2026/02/0${day}/export_000000.csv`;
  assertEquals(after[keyOf(3)], objects[keyOf(3)]);
  assertEquals(keyOf(4) in objects, true);
  assertEquals(keyOf(4) in after, false);
  const [header, first, second] = objects[keyOf(5)].split("\n");
  assert(first.includes("T00:00:00"));
  assertEquals(after[keyOf(5)], `${header}\n${second}\n`);
});

/** Has D1 leave a shared day of which the readings of D2 have expired. */
async function openRefused(): Promise<{ expiry: Expiry; objects: Record<string, string> }> {
  const expiry = await openExpiry(["D1", "D2"]);
  await finishRounds(expiry.rig, SHARE);
  const objects = objectsOf(expiry.rig);
  await expiry.expire(SHARE, "D2");
  expiry.rig.clock.nowMs += FREEZE_MS;
  assertEquals(await expiry.expire(SHARE, "D2"), KEPT_MS);
  return { expiry, objects };
}

Deno.test("a deletion fails if a shared object keeps the readings as those of another device have expired", async () => {
  const fromMs = TODAY_MS - 5 * DAY_MS;
  const day = { fromMs, toMs: fromMs + DAY_MS };
  for (const span of [day, { fromMs, toMs: fromMs + HOUR_MS }]) {
    const { expiry, objects } = await openRefused();
    const { rig } = expiry;
    await using _ = rig;
    const error = await assertRejects(() => erase(expiry, span, SHARE), AppError);
    assertEquals(error.code, "OBJECTS_KEPT");
    assertEquals(objectsOf(rig), objects);
  }
});

Deno.test("a deletion knows that a shared object keeps what an earlier one without objects deleted", async () => {
  const { expiry, objects } = await openRefused();
  const { rig } = expiry;
  await using _ = rig;
  const fromMs = TODAY_MS - 5 * DAY_MS;
  const span = { fromMs, toMs: fromMs + DAY_MS };
  await rig.series.removeSpan(BATTERY, span, { signal });
  await finishRounds(rig, SHARE);
  await finishRounds(rig, SHARE);
  assertEquals(objectsOf(rig), objects);
  assert(rig.logged.includes("day of a profile not written again"));
  const error = await assertRejects(() => erase(expiry, span, SHARE), AppError);
  assertEquals(error.code, "OBJECTS_KEPT");
  // Once the other device has no readings on that day any more either, the object goes.
  const other = { ...BATTERY, id: "D2" };
  assertEquals(await erase(expiry, span, SHARE, other), { deleted: 1, rewritten: 0 });
  const key = "profile=battery/date=2026/02/02/day.csv";
  assertEquals([key in objects, key in objectsOf(rig)], [true, false]);
  assertEquals(await erase(expiry, span, SHARE), { deleted: 0, rewritten: 0 });
});

/** Deletes readings of a device in a span, and then asks to erase them from the objects. */
async function erase(
  { rig }: Expiry,
  span: { fromMs: number; toMs: number },
  settings = {},
  ref: { profile: string; id: string } = BATTERY,
) {
  await rig.series.removeSpan(ref, span, { signal });
  let isOver = false;
  const deps = { kv: rig.kv, isExporting: true, now: () => rig.clock.nowMs };
  const request = { jobId: "job", ids: [ref.id], span, signal, onShare: () => {} };
  const erasing = eraseFromLake(deps, request).finally(() => isOver = true);
  erasing.catch(() => {});
  const duties = await rig.startDuties(settings);
  while (!isOver) {
    rig.clock.nowMs += 500;
    await rig.round(duties);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return await erasing;
}

Deno.test("a deletion with objects deletes whole objects of expired days", async () => {
  const expiry = await openExpiry();
  const { rig } = expiry;
  await using _ = rig;
  const objects = await expireAll(expiry);
  const fromMs = TODAY_MS - 5 * DAY_MS;
  assertEquals(await erase(expiry, { fromMs, toMs: fromMs + 2 * DAY_MS }), {
    deleted: 4,
    rewritten: 0,
  });
  const left = Object.entries(objects).filter(([key]) => !/date=2026\/02\/0[23]\//.test(key));
  assertEquals(objectsOf(rig), Object.fromEntries(left));
});

Deno.test("a deletion fails if an expired object would have to be written again, and the object stays", async () => {
  for (const settings of [COMPACT, SHARE]) {
    const expiry = await openExpiry(["D1", "D2"]);
    const { rig } = expiry;
    await using _ = rig;
    const objects = await expireAll(expiry, settings, ["D1", "D2"]);
    const fromMs = TODAY_MS - 5 * DAY_MS;
    // Part of a day; of a shared object also a whole day.
    const spans = [{ fromMs, toMs: fromMs + HOUR_MS }];
    if (settings === SHARE) spans.push({ fromMs, toMs: fromMs + DAY_MS });
    for (const span of spans) {
      const error = await assertRejects(() => erase(expiry, span, settings), AppError);
      assertEquals(error.code, "OBJECTS_KEPT");
    }
    assertEquals(objectsOf(rig), objects);
  }
});
