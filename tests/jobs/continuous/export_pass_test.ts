import { AppError } from "../../../data/app_error.ts";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { listManifests } from "../../../kv/continuous/manifests.ts";
import { changeExportControls } from "../../../kv/continuous/controls.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { openContinuousRig } from "../../support/continuous_rig.ts";

const WINDOW_MS = 900_000;
const START_MS = Date.UTC(2026, 1, 6, 23, 0, 0);

Deno.test("devices with nothing to export do not shorten the back-off of a destination that is away", async () => {
  await using rig = await openContinuousRig(WINDOW_MS, START_MS);
  for (const id of ["D1", "idle"]) await rig.addDevice(id);
  const column = { scale: 0, values: Float64Array.of(NaN) };
  const timesMs = Float64Array.of(START_MS - 2 * WINDOW_MS);
  const ref = { profile: "battery", id: "D1" } as const;
  await rig.series.write(ref, { timesMs, columns: [column, column, column, column] });
  let tries = 0;
  const put = () => {
    tries++;
    return Promise.reject(new AppError("STORAGE_UNAVAILABLE", "It is away"));
  };
  const duties = await rig.startDuties({ destination: { ...rig.destination, put } });
  for (let second = 0; second < 60; second++) {
    await changeExportControls(rig.kv, "idle", (controls) => ({ ...controls, isRunAsked: true }));
    await rig.round(duties);
    rig.clock.nowMs += 1_000;
  }
  // Waits of at least 0.5, 1, 2, 4, 8, 16 and 32 seconds: the eighth try comes after a minute.
  assert(tries >= 2 && tries <= 8, `tried ${tries} times`);
});

Deno.test("one pass over several days keeps the manifest of each", async () => {
  await using rig = await openContinuousRig(WINDOW_MS, START_MS);
  await rig.addDevice("D1");
  const column = { scale: 0, values: Float64Array.of(NaN) };
  const columns = [column, column, column, column];
  const write = (timeMs: number) =>
    rig.series.write({ profile: "battery", id: "D1" }, {
      timesMs: Float64Array.of(timeMs),
      columns,
    });
  const duties = await rig.startDuties();
  const noon = START_MS - 11 * 3_600_000;
  // Two windows on each of two days that are not adjacent.
  const days = [noon - 4 * 86_400_000, noon - 2 * 86_400_000];
  for (const dayMs of days) {
    await write(dayMs);
    await write(dayMs + WINDOW_MS);
  }
  await rig.round(duties);
  assertEquals(rig.destination.puts.length, 4);
  // A late reading on each day, then another on the first: only their windows are written again.
  for (const [lateMs, count] of [[days, 6], [[days[0] + 1], 7]] as const) {
    for (const dayMs of lateMs) await write(dayMs + 1_000);
    rig.clock.nowMs += WINDOW_MS;
    await rig.round(duties);
    assertEquals(rig.destination.puts.length, count);
  }
  const manifests = await listManifests(rig.kv, "D1", { fromMs: 0, toMs: START_MS });
  const windows = manifests.flatMap((manifest) => manifest.windows);
  assertEquals(windows.map(({ rows, revision }) => [rows, revision]), [[3, 3], [1, 1], [2, 2], [
    1,
    1,
  ]]);
});

Deno.test("a device whose first reading comes after a pass has looked for changes is not taken for that of another source", async () => {
  await using rig = await openContinuousRig(WINDOW_MS, START_MS);
  await rig.addDevice("D1");
  const { changes } = rig.deps;
  assert(changes !== null);
  const column = { scale: 0, values: Float64Array.of(NaN) };
  const timesMs = Float64Array.of(START_MS - 2 * WINDOW_MS);
  let looks = 0;
  const position = async (id: string) => {
    const found = await changes.position(id);
    if (++looks === 1) {
      const ref = { profile: "battery", id } as const;
      await rig.series.write(ref, { timesMs, columns: [column, column, column, column] });
    }
    return found;
  };
  const duties = await rig.startDuties({ changes: { ...changes, position } });
  await changeExportControls(rig.kv, "D1", (controls) => ({ ...controls, isRunAsked: true }));
  for (let round = 0; round < 3; round++) {
    await rig.round(duties);
    // As of a device whose readings came from elsewhere, which an erasure must leave alone.
    const { nextMs, seenVersion } = (await getExportCheckpoint(rig.kv, "D1"))?.value ??
      { nextMs: null, seenVersion: "" };
    assert(nextMs === null || seenVersion !== "", `after round ${round}`);
    rig.clock.nowMs += 1_000;
  }
  assert(looks > 1);
  assertEquals(rig.destination.objects.size, 1);
});
