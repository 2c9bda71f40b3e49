import { deleteDevice } from "../../../kv/devices/delete.ts";
import { getDevice } from "../../../kv/devices/devices.ts";
import { createDeviceIntake } from "../../../kv/devices/intake.ts";
import { createIngest, type Ingest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals } from "../../support/assert.ts";
import { createBattery, OFFLINE_AFTER_MS } from "../../support/devices.ts";
import { pageOf } from "../../support/pages.ts";
import { DAY } from "../../support/series.ts";

Deno.test("a reading that is stored after the deletion of its device has ended creates the device anew", async () => {
  using kv = await Deno.openKv(":memory:");
  const clock = { nowMs: DAY };
  const now = () => clock.nowMs;
  const series = createSeriesStore({ kv, now });
  const committer = createIngest({ kv, writer: "w" });
  const ref = { profile: "battery", id: "d" } as const;
  await createBattery(kv, "d", { nowMs: DAY });
  let deleted: Promise<void> | null = null;
  const ingest: Ingest = {
    ...committer,
    async addMany(all) {
      await deleted;
      return await committer.addMany(all);
    },
  };
  const intake = createDeviceIntake({
    ...{ kv, series, ingest, now },
    isExclusive: true,
    owner: "w",
    limit: { requests: 9, windowMs: 1_000 },
    offlineAfterMs: OFFLINE_AFTER_MS,
  });
  const accept = (timeMs: number) =>
    intake.accept({
      ...ref,
      account: "a",
      page: pageOf([[timeMs, "1", "2", "3", "4"]]),
      isCounted: true,
    });
  await accept(DAY);
  const deps = {
    kv,
    series,
    invalidateDevice: intake.invalidate,
    offlineAfterMs: OFFLINE_AFTER_MS,
  };
  clock.nowMs++;
  let count = 0;
  const onRemoved = (removed: number) => count += removed;
  deleted = deleteDevice(deps, { ...ref, createdMs: DAY, nowMs: clock.nowMs, onRemoved });
  // It has found the device in the cache, and waits for the database until the deletion has ended.
  assertEquals((await accept(DAY + 1)).kind, "accepted");
  await deleted;
  assertEquals(count, 1);
  assertEquals((await series.describe(ref))?.count, 1);
  const created = (await getDevice(kv, "d"))?.value;
  assertEquals([created?.createdMs, created?.account], [DAY + 1, "a"]);
});
