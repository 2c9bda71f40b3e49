import { deleteLastSeen, listLastSeen, receivedOf } from "../../../kv/devices/last_seen.ts";
import { lookAtDevices } from "../../../kv/devices/presence.ts";
import { assertEquals } from "../../support/assert.ts";
import { createBattery, deviceDues, deviceOf, LOOK, receive } from "../../support/devices.ts";

const HOUR = 3_600_000;

async function writersOf(kv: Deno.Kv, id: string): Promise<string[]> {
  return (await listLastSeen(kv, id)).map(({ writer }) => writer);
}

Deno.test("a look at a device clears beats older than an hour, but never its latest one", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const id of ["d", "e"]) await createBattery(kv, id);
  await receive(kv, "d", 1 * HOUR, "long gone");
  await receive(kv, "d", 3 * HOUR - 1, "gone");
  await receive(kv, "d", 3 * HOUR, "quiet");
  await receive(kv, "d", 3 * HOUR + 1, "last");
  await receive(kv, "e", 1 * HOUR, "long gone");
  const { offline } = await lookAtDevices(kv, await deviceDues(kv), { ...LOOK, nowMs: 4 * HOUR });
  assertEquals([offline, await writersOf(kv, "d"), await writersOf(kv, "e")], [
    2,
    ["last", "quiet"],
    ["long gone"],
  ]);
  assertEquals((await deviceOf(kv, "d")).lastSeenMs, 3 * HOUR + 1);
});

Deno.test("a beat that is written again before it is cleared stays", async () => {
  using kv = await Deno.openKv(":memory:");
  await receive(kv, "d", 1, "one");
  await receive(kv, "d", 2, "two");
  const { gone } = await receivedOf(kv, ["d"], 2 * HOUR);
  assertEquals(gone.map(({ key }) => key[2]), ["one"]);
  await receive(kv, "d", 2 * HOUR, "one");
  await deleteLastSeen(kv, gone);
  assertEquals(await writersOf(kv, "d"), ["one", "two"]);
});
