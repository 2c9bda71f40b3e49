import { builtInProfiles } from "../../support/profiles.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { createEmbeddedSource } from "../../../jobs/continuous/embedded_source.ts";
import { moveExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { changeDevice, createDevice } from "../../../kv/devices/devices.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { createBattery } from "../../support/devices.ts";
import { pageOf, type Row, rowsOf } from "../../support/pages.ts";
import { openPlainRig } from "../../support/series_rig.ts";
import { NEW_CHECKPOINT } from "../../support/checkpoints.ts";

const SIGNAL = new AbortController().signal;
const DAY_MS = 86_400_000;

Deno.test("read() returns the readings of the span with profile, type and location of the device", async () => {
  using rig = await openPlainRig();
  const device = { profile: "appliance", nowMs: 0, serviceOfflineAfterMs: 1 } as const;
  await createDevice(rig.kv, "D1", { ...device, deviceType: "washer" });
  await changeDevice(rig.kv, "D1", { change: () => ({ location: "cellar" }), nowMs: 1 });
  const rows = [0, 5_000, DAY_MS - 1, DAY_MS, DAY_MS + 60_000].map((timeMs): Row => [
    timeMs,
    "230",
    "1.5",
    String(timeMs),
    "",
  ]);
  await rig.store.write({ profile: "appliance", id: "D1" }, pageOf(rows));
  const source = createEmbeddedSource({ ...rig, profiles: builtInProfiles() });
  const span = { fromMs: 5_000, toMs: DAY_MS + 60_000 };
  const parts = await Array.fromAsync(source.read("D1", span, SIGNAL));
  assertEquals(parts.flatMap(({ page }) => rowsOf(page)), rows.slice(1, 4));
  for (const { page: _, ...device } of parts) {
    assertEquals(device, { profile: PROFILES.appliance, deviceType: "washer", location: "cellar" });
  }
});

Deno.test("read() of an unknown device, or of one without readings, returns nothing", async () => {
  using rig = await openPlainRig();
  await createBattery(rig.kv, "silent");
  const source = createEmbeddedSource({ ...rig, profiles: builtInProfiles() });
  for (const id of ["silent", "unknown"]) {
    const span = { fromMs: 0, toMs: DAY_MS };
    assertEquals(await Array.fromAsync(source.read(id, span, SIGNAL)), []);
  }
});

Deno.test("devices() returns every device once, however many there are", async () => {
  using rig = await openPlainRig();
  const source = createEmbeddedSource({ ...rig, profiles: builtInProfiles() });
  assertEquals(await Array.fromAsync(source.devices(SIGNAL)), []);
  const ids = Array.from({ length: 1_001 }, (_, n) => `d${String(n).padStart(4, "0")}`);
  for (const id of ids) await createBattery(rig.kv, id);
  assertEquals(await Array.fromAsync(source.devices(SIGNAL)), ids);
});

Deno.test("devices() includes devices that were exported and then deleted", async () => {
  using rig = await openPlainRig();
  await createBattery(rig.kv, "b");
  for (const id of ["a", "b"]) {
    await moveExportCheckpoint(rig.kv, id, { from: null, to: NEW_CHECKPOINT });
  }
  const source = createEmbeddedSource({ ...rig, profiles: builtInProfiles() });
  assertEquals(await Array.fromAsync(source.devices(SIGNAL)), ["b", "a"]);
});

Deno.test("devices() throws the reason of its signal", async () => {
  using rig = await openPlainRig();
  const signal = AbortSignal.abort(new Error("stopped"));
  const source = createEmbeddedSource({ ...rig, profiles: builtInProfiles() });
  await assertRejects(() => Array.fromAsync(source.devices(signal)), Error, "stopped");
});
