import { markOnline } from "../../../kv/devices/presence.ts";
import { listOutbox } from "../../../kv/events/outbox.ts";
import { assertEquals } from "../../support/assert.ts";
import { createBattery, OFFLINE_AFTER_MS } from "../../support/devices.ts";
import { checkDueDevices } from "../../../jobs/upkeep/presence.ts";

Deno.test("the commit that moves a device holds the event that others hear of", async () => {
  using kv = await Deno.openKv(":memory:");
  await createBattery(kv, "d");
  const rules = { startedMs: 0, offlineAfterMs: OFFLINE_AFTER_MS };
  const deps = { kv, isExclusive: false, log: () => {}, now: () => 2 * OFFLINE_AFTER_MS, ...rules };
  await checkDueDevices(deps, new AbortController().signal);
  const receivedMs = 3 * OFFLINE_AFTER_MS;
  assertEquals(await markOnline(kv, "d", { receivedMs, offlineAfterMs: OFFLINE_AFTER_MS }), true);
  const [offline, online] = await listOutbox(kv, 10);
  assertEquals([offline.value.type, online.value.type], ["device.offline", "device.online"]);
  assertEquals(offline.value.subject, { kind: "device", id: "d" });
  assertEquals(online.value.atMs, receivedMs);
  const device = await kv.get(["device", "d"]);
  assertEquals(online.versionstamp, device.versionstamp);
});
