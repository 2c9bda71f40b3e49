import { openKv } from "../../kv/opened_kv.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { assertSound, createBattery, eventsOf, receive } from "../support/devices.ts";
import { pause } from "../support/process.ts";
import { startTestService } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

Deno.test("devices go offline after the time in the settings, and a restart repeats no event", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`;
  const receivedMs = Date.now() - 3_600_000;
  {
    await using opened = await openKv(kvPath);
    await createBattery(opened.kv, "d", { nowMs: receivedMs });
    await receive(opened.kv, "d", receivedMs);
  }
  const startedMs = Date.now();
  {
    await using service = await startTestService({ kvPath, offlineAfterMs: 1_500 });
    while (!service.logged.some(({ event }) => event === "devices went offline")) await pause(20);
  }
  {
    await using opened = await openKv(kvPath);
    await createBattery(opened.kv, "witness", { nowMs: receivedMs });
  }
  {
    await using service = await startTestService({ kvPath, offlineAfterMs: 1 });
    // When the new device is offline, every other device that is due has been checked too.
    while (!service.logged.some(({ event }) => event === "devices went offline")) await pause(20);
  }
  await using opened = await openKv(kvPath);
  await assertSound(opened.kv, "d");
  const [event, ...others] = await eventsOf(opened.kv, "d");
  assertEquals([event.state, event.lastSeenMs, others], ["offline", receivedMs, []]);
  // A device has its full time again from the start of the service on.
  assert(event.atMs >= startedMs + 1_500, "the device went offline too early");
});
