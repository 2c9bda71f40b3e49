import type { Metric } from "../../../data/readings/profile.ts";
import { createDevice } from "../../../kv/devices/devices.ts";
import { assertEquals } from "../../support/assert.ts";
import { COMPACT, finishRounds, SHARE } from "../../support/compacted_days.ts";
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";
import { pageOf, type Row } from "../../support/pages.ts";

const HOUR_MS = 3_600_000, DAY_MS = 86_400_000;
/** Noon, when the window before it is over. */
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);
/** The midnight before START_MS, a Saturday. */
const TODAY_MS = Date.UTC(2026, 1, 7);
const HEADER = "timestamp,device_id,device_type,location,";
const CLOCK = ",hour,day_of_week,is_weekend\n";

function metric(name: string): Metric {
  return { name, unit: "W", min: 0, max: 100, aggregate: "mean" };
}

/** Windows of an hour of the heat pump `p1` (and others), whose profile has the metric `a`. */
async function openPump(ids: readonly string[] = ["p1"]): Promise<ContinuousRig> {
  const rig = await openContinuousRig(HOUR_MS, START_MS);
  await rig.profiles.put("pump", { metrics: [metric("a")] });
  for (const id of ids) {
    await createDevice(rig.kv, id, { profile: "pump", nowMs: 0, serviceOfflineAfterMs: DAY_MS });
  }
  return rig;
}

async function write(rig: ContinuousRig, rows: Row[], id = "p1"): Promise<void> {
  await rig.series.write({ profile: "pump", id }, pageOf(rows));
}

Deno.test("a metric that is appended counts from the next window; windows of before are not written again", async () => {
  await using rig = await openPump();
  const { destination, profiles, clock } = rig;
  await write(rig, [[TODAY_MS + 9 * HOUR_MS, "1"], [TODAY_MS + 10 * HOUR_MS, "2"]]);
  const duties = await rig.startDuties();
  await rig.round(duties);
  const file = (hour: number) =>
    `device_id=p1/date=2026/02/07/export_${String(hour).padStart(2, "0")}0000.csv`;
  assertEquals(destination.puts, [file(9), file(10)]);
  await profiles.put("pump", { metrics: [metric("a"), metric("b")] });
  // The readings of the new metric, and one that is late: all of them are in the block of the day.
  await write(
    rig,
    [[TODAY_MS + 8 * HOUR_MS, "3"], [TODAY_MS + 12 * HOUR_MS, "4", "5"]].map(
      (row): Row => [Number(row[0]), String(row[1]), String(row[2] ?? "")],
    ),
  );
  clock.nowMs += HOUR_MS;
  await rig.round(duties);
  assertEquals(destination.puts.slice(2).toSorted(), [file(8), file(12)]);
  assertEquals(
    destination.objects.get(file(9)),
    `${HEADER}a${CLOCK}2026-02-07T09:00:00Z,p1,,,1,9,5,true\n`,
  );
  assertEquals(
    destination.objects.get(file(12)),
    `${HEADER}a,b${CLOCK}2026-02-07T12:00:00Z,p1,,,4,5,12,5,true\n`,
  );
  assertEquals(
    destination.objects.get(file(8)),
    `${HEADER}a,b${CLOCK}2026-02-07T08:00:00Z,p1,,,3,,8,5,true\n`,
  );
});

Deno.test("the day of all devices of a profile has the columns of one version of it", async () => {
  await using rig = await openPump(["p1", "p2"]);
  const dayMs = TODAY_MS - DAY_MS;
  await write(rig, [[dayMs, "1"]], "p1");
  await rig.profiles.put("pump", { metrics: [metric("a"), metric("b")] });
  await write(rig, [[dayMs, "2", "3"]], "p2");
  await finishRounds(rig, { ...COMPACT, ...SHARE });
  const text = rig.destination.objects.get("profile=pump/date=2026/02/06/day.csv");
  assertEquals(
    text,
    `${HEADER}a,b${CLOCK}` +
      "2026-02-06T00:00:00Z,p1,,,1,,0,4,false\n" +
      "2026-02-06T00:00:00Z,p2,,,2,3,0,4,false\n",
  );
});
