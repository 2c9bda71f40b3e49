import { beginRemoval } from "../../../kv/series/remove.ts";
import { getDevice, stageDeviceCheck, stageDeviceDelete } from "../../../kv/devices/devices.ts";
import { assertEquals } from "../../support/assert.ts";
import { BATTERY, finishRounds, writeBattery } from "../../support/compacted_days.ts";
import { createContinuousReference } from "../../support/continuous_reference.ts";
import { openContinuousRig } from "../../support/continuous_rig.ts";

const HOUR_MS = 3_600_000, DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);

Deno.test("every window of a deleted device goes, even if a pass comes between two commits of the deletion", async () => {
  await using rig = await openContinuousRig(HOUR_MS, START_MS);
  await rig.addDevice(BATTERY.id);
  const readings = [3, 2, 1].map((days) => [START_MS - days * DAY_MS, days] as const);
  await writeBattery(rig, createContinuousReference(), readings);
  await rig.round(await rig.startDuties());
  assertEquals(rig.destination.objects.size, 3);
  // The first commit of the deletion. Its readings are deleted later.
  const { kv, series } = rig;
  await beginRemoval(kv, BATTERY, {
    nowMs: START_MS,
    async prepare(op) {
      const entry = await getDevice(kv, BATTERY.id);
      stageDeviceCheck(op, BATTERY.id, entry);
      if (entry !== null) stageDeviceDelete(op, BATTERY.id, entry);
      return entry !== null;
    },
  });
  await finishRounds(rig, {});
  await series.purge(BATTERY);
  await finishRounds(rig, {});
  assertEquals([...rig.destination.objects.keys()], []);
});
