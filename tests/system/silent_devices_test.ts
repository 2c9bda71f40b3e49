import { openKv } from "../../kv/opened_kv.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { assertSound, createBattery, eventsOf, receive } from "../support/devices.ts";
import { pause } from "../support/process.ts";
import { startTestService } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

Deno.test("a service finds silent devices by its setting, and a restart tells nothing twice", async () => {
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
    // It looked at every device that is due when it finds the one that is new.
    while (!service.logged.some(({ event }) => event === "devices went offline")) await pause(20);
  }
  await using opened = await openKv(kvPath);
  await assertSound(opened.kv, "d");
  const [event, ...others] = await eventsOf(opened.kv, "d");
  assertEquals([event.state, event.lastSeenMs, others], ["offline", receivedMs, []]);
  // The service gives a device its whole time again from its own start on.
  assert(event.atMs >= startedMs + 1_500, "offline since before its time");
});
