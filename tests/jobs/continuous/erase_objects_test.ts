import { openWindowEncoder } from "../../../data/continuous/window_encoder.ts";
import type { Span } from "../../../data/readings/page.ts";
import { erasureDuty } from "../../../jobs/continuous/erasure_duty.ts";
import type { ShardDutyDeps } from "../../../jobs/continuous/shard_duty.ts";
import { eraseFromLake } from "../../../jobs/deletions/erase.ts";
import type { ObjectCounts } from "../../../jobs/deletions/deletion_contract.ts";
import type { Duty } from "../../../jobs/engine/duty_loop.ts";
import { deleteDevice } from "../../../kv/devices/delete.ts";
import { getDevice } from "../../../kv/devices/devices.ts";
import { changeExportControls, getExportControls } from "../../../kv/continuous/controls.ts";
import { wrapKv } from "../../../kv/wrapped_kv.ts";
import { assert, assertEquals, assertLess, assertRejects } from "../../support/assert.ts";
import {
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
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";

const HOUR_MS = 3_600_000, DAY_MS = 86_400_000;
/** Noon, when the window before it is over. */
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);
const TODAY_MS = Date.UTC(2026, 1, 7);
const YESTERDAY_MS = TODAY_MS - DAY_MS;
const D1 = { profile: "battery", id: "D1" } as const;

/** Readings of yesterday at the start and the middle of some hours, and one of today. */
const READINGS = [
  ...[0, 1, 5, 23].flatMap((hour) =>
    [0, HOUR_MS / 2].map((ms) => [YESTERDAY_MS + hour * HOUR_MS + ms, hour] as const)
  ),
  [TODAY_MS + HOUR_MS, 7] as const,
];

interface Exported extends AsyncDisposable {
  readonly rig: ContinuousRig;
  readonly reference: ContinuousReference;
}

/** A rig whose devices D1 and D2 are exported. */
async function openExported(changes: Partial<ShardDutyDeps> = {}): Promise<Exported> {
  const { rig, reference } = await openWrittenRig(START_MS, {
    ids: ["D1", "D2"],
    readings: READINGS,
  });
  await finishRounds(rig, changes);
  return { rig, reference, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

/** Erases objects while the duties run. */
async function erase(
  rig: ContinuousRig,
  { duties, span, ids = ["D1"], signal = new AbortController().signal }: {
    duties: readonly Duty[];
    span: Span | null;
    ids?: readonly string[];
    signal?: AbortSignal;
  },
): Promise<ObjectCounts> {
  let isOver = false;
  const deps = { kv: rig.kv, isExporting: true, now: () => rig.clock.nowMs };
  const request = { jobId: "job", ids, span, signal, onShare: () => {} };
  const erasing = eraseFromLake(deps, request).finally(() => isOver = true);
  erasing.catch(() => {});
  while (!isOver) {
    rig.clock.nowMs += 500;
    await rig.round(duties);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return await erasing;
}

function objectsOf({ destination }: ContinuousRig): Record<string, string> {
  return Object.fromEntries(destination.objects);
}

async function removeDevice({ kv, series, clock }: ContinuousRig): Promise<void> {
  const createdMs = (await getDevice(kv, "D1"))?.value.createdMs ?? 0;
  const deps = { kv, series, invalidateDevice: () => {}, offlineAfterMs: 600_000 };
  await deleteDevice(deps, { ...D1, createdMs, nowMs: clock.nowMs });
}

async function removeSpan({ series }: ContinuousRig, span: Span): Promise<void> {
  await series.removeSpan(D1, span, { signal: new AbortController().signal });
}

Deno.test("objects of deleted readings are deleted or written again before the job ends, even if the export is paused", async () => {
  await using exported = await openExported();
  const { rig } = exported;
  const before = objectsOf(rig);
  await changeExportControls(rig.kv, "D1", (controls) => ({ ...controls, isPaused: true }));
  // From 00:30 to 06:00: half of hour 0, and the hours 1 and 5.
  const span = { fromMs: YESTERDAY_MS + HOUR_MS / 2, toMs: YESTERDAY_MS + 6 * HOUR_MS };
  await removeSpan(rig, span);
  const counts = await erase(rig, { duties: await rig.startDuties(), span });
  assertEquals(counts, { deleted: 2, rewritten: 1 });
  const folder = "device_id=D1/date=2026/02/06";
  const hour0 = `${folder}/export_000000.csv`;
  const { [hour0]: whole, ...rest } = before;
  delete rest[`${folder}/export_010000.csv`];
  delete rest[`${folder}/export_050000.csv`];
  // The header and the first reading.
  const half = `${whole.split("\n").slice(0, 2).join("\n")}\n`;
  assertEquals(objectsOf(rig), { ...rest, [hour0]: half });
  const { isPaused, erasures } = await getExportControls(rig.kv, "D1");
  assertEquals([isPaused, erasures], [true, []]);
});

Deno.test("objects that a killed pass left uncounted go with the readings that they have", async () => {
  for (const layout of ["plain", "hive", "hive-by-profile"] as const) {
    const style = { prefix: "p", layout, format: "csv" } as const;
    const encoder = await openWindowEncoder(style);
    await using exported = await openExported({ style, encoder });
    const { rig } = exported;
    // The next pass puts three objects and dies before it commits anything.
    const late = [2, 3, 4].map((hour) => [YESTERDAY_MS + hour * HOUR_MS, hour] as const);
    await writeBattery(rig, exported.reference, late);
    const kv = wrapKv(rig.kv, {
      atomic() {
        throw new Error("killed");
      },
    });
    rig.clock.nowMs += 120_000;
    const ofD2 = Object.keys(objectsOf(rig)).filter((key) => key.includes("D2"));
    const count = rig.destination.objects.size;
    const killed = await rig.startDuties({ kv, style, encoder });
    await assertRejects(() => rig.round(killed), Error, "killed");
    assertEquals(rig.destination.objects.size, count + 3);
    await removeDevice(rig);
    const duties = await rig.startDuties({ style, encoder });
    await erase(rig, { duties, span: null });
    assertEquals(Object.keys(objectsOf(rig)), ofD2, layout);
  }
});

Deno.test("files of others in the folder of a device stay", async () => {
  await using exported = await openExported();
  const { rig } = exported;
  const folder = "device_id=D1/date=2026/02/06";
  for (const name of ["_SUCCESS", "export_000000.csv.bak", "export_000000_D1.csv", "notes.csv"]) {
    rig.destination.objects.set(`${folder}/${name}`, "");
  }
  await removeDevice(rig);
  await erase(rig, { duties: await rig.startDuties(), span: null });
  const left = Object.keys(objectsOf(rig)).filter((key) => key.startsWith("device_id=D1/"));
  assertEquals(left.length, 4);
});

Deno.test("compacted days and days that devices share lose the readings of one device, and no others", async () => {
  for (const compacting of [COMPACT, SHARE]) {
    await using exported = await openExported(compacting);
    const { rig, reference } = exported;
    await removeDevice(rig);
    reference.clear("D1");
    const minutes = rig.clock.nowMs;
    await erase(rig, { duties: await rig.startDuties(compacting), span: null });
    // Outdated days are written at once, not two minutes later.
    assertLess(rig.clock.nowMs - minutes, 100_000);
    const texts = Object.values(objectsOf(rig)).join("");
    assertEquals(texts.match(/,D1,/g), null);
    if (compacting === SHARE) {
      assertEquals(objectsOf(rig), sharedFiles(reference, TODAY_MS, START_MS));
    }
  }
});

Deno.test("while continuous export is off, objects are deleted and nothing else is exported", async () => {
  await using exported = await openExported();
  const { rig, reference } = exported;
  const ofD2 = Object.keys(objectsOf(rig)).filter((key) => key.includes("D2"));
  await removeDevice(rig);
  // Readings that nobody exports now.
  await writeBattery(rig, reference, [[YESTERDAY_MS + 9 * HOUR_MS, 1]], "D2");
  rig.clock.nowMs += 120_000;
  const duties = [erasureDuty(rig.deps)];
  await erase(rig, { duties, span: null });
  assertEquals(Object.keys(objectsOf(rig)), ofD2);
});

Deno.test("faults of the destination delay an erasure, and nothing is lost sight of", async () => {
  await using exported = await openExported();
  const { rig } = exported;
  await removeDevice(rig);
  rig.destination.failNext(3);
  await erase(rig, { duties: await rig.startDuties(), span: null });
  assertEquals(Object.keys(objectsOf(rig)).filter((key) => key.includes("D1")), []);
});

Deno.test("a device that sends again meanwhile keeps the objects of its new readings", async () => {
  await using exported = await openExported();
  const { rig } = exported;
  await removeDevice(rig);
  await rig.addDevice("D1");
  await writeBattery(rig, createContinuousReference(), [[YESTERDAY_MS + 9 * HOUR_MS, 1]]);
  await erase(rig, { duties: await rig.startDuties(), span: null });
  await finishRounds(rig, {});
  assertEquals(Object.keys(objectsOf(rig)).filter((key) => key.includes("D1")), [
    "device_id=D1/date=2026/02/06/export_090000.csv",
  ]);
});

Deno.test("a cancelled job withdraws its requests", async () => {
  await using exported = await openExported();
  const { rig } = exported;
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException("cancelled", "AbortError")), 20);
  const { signal } = controller;
  await assertRejects(() => erase(rig, { duties: [], span: null, signal }), DOMException);
  assertEquals((await getExportControls(rig.kv, "D1")).erasures, []);
});

Deno.test("with a source that forgets, days that devices share are kept, and the job says so", async () => {
  await using exported = await openExported(SHARE);
  const { rig } = exported;
  const before = objectsOf(rig);
  await removeDevice(rig);
  const duties = await rig.startDuties({ ...SHARE, isSourceComplete: false, changes: null });
  const error = await assertRejects(() => erase(rig, { duties, span: null }), Error);
  assertEquals(error.message, "Some objects keep the readings");
  assertEquals(objectsOf(rig), before);
});

/** A source that has nothing of one day, as a bucket of InfluxDB that keeps readings for a while. */
function forgetful({ deps: { source } }: ContinuousRig, dayMs: number): ShardDutyDeps["source"] {
  return {
    ...source,
    async *read(id, span, signal) {
      if (span.fromMs < dayMs + DAY_MS && span.toMs > dayMs) return;
      yield* source.read(id, span, signal);
    },
  };
}

Deno.test("with InfluxDB as source, an erasure leaves every object as it is and says so", async () => {
  const hour = { fromMs: YESTERDAY_MS, toMs: YESTERDAY_MS + HOUR_MS };
  for (const span of [hour, null]) {
    for (const isForgotten of [true, false]) {
      await using exported = await openExported(COMPACT);
      const { rig } = exported;
      const before = objectsOf(rig);
      const source = isForgotten ? forgetful(rig, YESTERDAY_MS) : rig.deps.source;
      const influx = { ...COMPACT, source, isSourceComplete: false, changes: null };
      const duties = await rig.startDuties(influx);
      const error = await assertRejects(() => erase(rig, { duties, span }), Error);
      assertEquals(error.message, "Some objects keep the readings");
      assertEquals(objectsOf(rig), before);
    }
  }
});

Deno.test("objects that were exported from InfluxDB stay when the service's own readings are exported, or nothing is", async () => {
  await using rig = await openContinuousRig(HOUR_MS, START_MS);
  await rig.addDevice("D1");
  const object = `device_id=D1/date=2026/02/06/export_000000.csv`;
  // Its readings come from a source that the service's own store knows nothing of.
  const elsewhere = await openContinuousRig(HOUR_MS, START_MS);
  await using _ = elsewhere;
  await elsewhere.addDevice("D1");
  await writeBattery(elsewhere, createContinuousReference(), READINGS);
  const { source } = elsewhere.deps;
  await finishRounds(rig, { ...COMPACT, source, isSourceComplete: false, changes: null });
  const before = objectsOf(rig);
  assert(object in before);
  const span = { fromMs: YESTERDAY_MS, toMs: YESTERDAY_MS + HOUR_MS };
  for (const duties of [await rig.startDuties(COMPACT), [erasureDuty(rig.deps)]]) {
    await assertRejects(() => erase(rig, { duties, span }), Error, "keep the readings");
    assertEquals(objectsOf(rig), before);
  }
  // Readings of its own on another day: the service knows what it exported then, and only then.
  await writeBattery(rig, createContinuousReference(), [[TODAY_MS + 2 * HOUR_MS, 1]]);
  await finishRounds(rig, COMPACT);
  const duties = await rig.startDuties(COMPACT);
  await assertRejects(() => erase(rig, { duties, span }), Error, "keep the readings");
  assertEquals(objectsOf(rig)[object], before[object]);
});
