import { stageDeviceEvent } from "../../../kv/devices/events.ts";
import { offlineBands } from "../../../routes/pages/device_parts.tsx";
import { assertEquals } from "../../support/assert.ts";

Deno.test("offline bands are the newest up to the end of the year, and end with the next event or now", async () => {
  using kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  // Offline at 10, 30, 50, …, 190, and online ten later, but the last time.
  for (let atMs = 10; atMs < 200; atMs += 10) {
    const state = atMs % 20 === 10 ? "offline" : "online";
    stageDeviceEvent(op, "d", { atMs, state, lastSeenMs: null });
  }
  await op.commit();
  const bands = (toMs: number, limit: number) =>
    offlineBands(kv, "d", { year: { fromMs: 100, toMs }, nowMs: 999, limit });
  assertEquals(await bands(500, 3), [[170, 180], [190, 999]]);
  // The year ends at 115: the event at 120 ends its last band, not now.
  assertEquals(await bands(115, 2), [[110, 120]]);
  assertEquals(await bands(135, 3), [[110, 120], [130, 140]]);
  assertEquals((await bands(115, 99)).length, 10);
});
