import { openWindowEncoder } from "../../../data/continuous/window_encoder.ts";
import type { ExportFormat, ExportLayout } from "../../../data/continuous/object_key.ts";
import { decodeManifest } from "../../../data/continuous/manifest.ts";
import type { ShardDutyDeps } from "../../../jobs/continuous/shard_duty.ts";
import { changeExportControls } from "../../../kv/continuous/controls.ts";
import { assertEquals } from "../../support/assert.ts";
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 1, 7, 12);
const HIVE = "profile=battery/date=2026-02-07/device_id=D1";
const PLAIN = "device_id=D1/date=2026/02/07";
/** The layout that version 0.5 called hive. */
const OLD_HIVE = "device_id=D1/date=2026-02-07";
const REF = { profile: "battery", id: "D1" } as const;

/** Opens a rig with one reading in each of the hours 8, 9 and 10, exported in the plain layout. */
async function openExported(): Promise<ContinuousRig> {
  const rig = await openContinuousRig(HOUR_MS, START_MS);
  await rig.addDevice("D1");
  for (const hour of [8, 9, 10]) await write(rig, START_MS - (12 - hour) * HOUR_MS);
  await rig.round(await rig.startDuties());
  assertEquals(keysOf(rig), ["080000", "090000", "100000"].map((at) => keyOf(PLAIN, at)));
  return rig;
}

async function write({ series }: ContinuousRig, timeMs: number): Promise<void> {
  const column = { scale: 0, values: Float64Array.of(50) };
  const columns = [column, column, column, column];
  await series.write(REF, { timesMs: Float64Array.of(timeMs), columns });
}

async function styled(
  layout: ExportLayout,
  format: ExportFormat = "csv",
): Promise<Partial<ShardDutyDeps>> {
  const encoder = await openWindowEncoder({ format, layout });
  return { encoder, style: { prefix: "", layout, format } };
}

function keyOf(folder: string, at: string, extension = "csv"): string {
  return `${folder}/export_${at}.${extension}`;
}

function keysOf({ destination }: ContinuousRig): string[] {
  return [...destination.objects.keys()].toSorted();
}

function requestReplay(
  { kv, clock }: ContinuousRig,
  fromHour: number,
  toHour: number,
): Promise<unknown> {
  // Longer than controls are cached.
  clock.nowMs += 1_000;
  const at = (hour: number) => START_MS - (12 - hour) * HOUR_MS;
  const replay = { fromMs: at(fromHour), toMs: at(toHour) };
  return changeExportControls(kv, "D1", (controls) => ({
    ...controls,
    replays: [...controls.replays, replay],
  }));
}

Deno.test("a replay after a change of layout writes its windows anew and removes what they replace", async () => {
  await using rig = await openExported();
  const duties = await rig.startDuties(await styled("hive"));
  await rig.round(duties);
  assertEquals(keysOf(rig).length, 3);
  await requestReplay(rig, 8, 10);
  await rig.round(duties);
  assertEquals(keysOf(rig), [
    keyOf(PLAIN, "100000"),
    keyOf(HIVE, "080000"),
    keyOf(HIVE, "090000"),
  ]);
  // And back, all of it.
  const plain = await rig.startDuties();
  await requestReplay(rig, 0, 24);
  await rig.round(plain);
  assertEquals(keysOf(rig), ["080000", "090000", "100000"].map((at) => keyOf(PLAIN, at)));
});

Deno.test("a late reading after a change of layout or format moves its window, so no reading is doubled", async () => {
  await using rig = await openExported();
  const duties = await rig.startDuties(await styled("hive", "parquet"));
  await write(rig, START_MS - 3 * HOUR_MS + 1_000);
  await rig.round(duties);
  assertEquals(keysOf(rig), [
    keyOf(PLAIN, "080000"),
    keyOf(PLAIN, "100000"),
    keyOf(HIVE, "090000", "parquet"),
  ]);
});

Deno.test("when readings are removed, their objects go from the layout in which they were written", async () => {
  await using rig = await openExported();
  const duties = await rig.startDuties(await styled("hive"));
  await rig.series.remove(REF);
  rig.clock.nowMs += HOUR_MS;
  await rig.round(duties);
  assertEquals(keysOf(rig), []);
});

Deno.test("a fault between writing and removing leaves nothing behind in the end", async () => {
  await using rig = await openExported();
  const remove = rig.destination.remove;
  let failures = 2;
  const duties = await rig.startDuties({
    ...await styled("hive"),
    destination: {
      ...rig.destination,
      remove: (key, signal) =>
        failures-- > 0 ? Promise.reject(new Error("cut off")) : remove(key, signal),
    },
  });
  await requestReplay(rig, 0, 24);
  for (let round = 0; round < 3; round++) {
    await rig.round(duties);
    // Longer than any back-off.
    rig.clock.nowMs += 120_000;
  }
  assertEquals(keysOf(rig), ["080000", "090000", "100000"].map((at) => keyOf(HIVE, at)));
});

Deno.test("a replay removes objects that version 0.5 wrote in either of its layouts", async () => {
  for (const folder of [PLAIN, OLD_HIVE]) {
    await using rig = await openExported();
    await forgetForms(rig);
    const texts = [...rig.destination.objects.values()];
    rig.destination.objects.clear();
    ["080000", "090000", "100000"].forEach((at, index) =>
      rig.destination.objects.set(keyOf(folder, at), texts[index])
    );
    const duties = await rig.startDuties(await styled("hive"));
    await requestReplay(rig, 0, 24);
    await rig.round(duties);
    assertEquals(keysOf(rig), ["080000", "090000", "100000"].map((at) => keyOf(HIVE, at)));
  }
});

/** Stores the manifests as version 0.5 did: a byte 1, then 24 bytes per window. */
async function forgetForms({ kv }: ContinuousRig): Promise<void> {
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: ["lake_manifest"] })) {
    const windows = decodeManifest(value);
    const bytes = new Uint8Array(1 + windows.length * 24);
    const view = new DataView(bytes.buffer);
    bytes[0] = 1;
    windows.forEach(({ fromMs, rows, fingerprint, revision }, index) => {
      view.setFloat64(1 + index * 24, fromMs, true);
      [rows, ...fingerprint, revision].forEach((number, at) =>
        view.setUint32(9 + index * 24 + at * 4, number, true)
      );
    });
    await kv.set(key, bytes);
  }
}
