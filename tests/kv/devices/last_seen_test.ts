import { deleteLastSeen, lastSeenOfMany, listLastSeen } from "../../../kv/devices/last_seen.ts";
import { checkPresence } from "../../../kv/devices/presence.ts";
import { assertEquals } from "../../support/assert.ts";
import { createBattery, deviceDues, deviceOf, receive, RULES } from "../../support/devices.ts";

const HOUR = 3_600_000;

async function writersOf(kv: Deno.Kv, id: string): Promise<string[]> {
  return (await listLastSeen(kv, id)).map(({ writer }) => writer);
}

Deno.test("a presence check deletes last-seen records older than an hour, but never the latest", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const id of ["d", "e"]) await createBattery(kv, id);
  await receive(kv, "d", 1 * HOUR, "long gone");
  await receive(kv, "d", 3 * HOUR - 1, "gone");
  await receive(kv, "d", 3 * HOUR, "quiet");
  await receive(kv, "d", 3 * HOUR + 1, "last");
  await receive(kv, "e", 1 * HOUR, "long gone");
  const { offline } = await checkPresence(kv, await deviceDues(kv), { ...RULES, nowMs: 4 * HOUR });
  assertEquals([offline.length, await writersOf(kv, "d"), await writersOf(kv, "e")], [
    2,
    ["last", "quiet"],
    ["long gone"],
  ]);
  assertEquals((await deviceOf(kv, "d")).lastSeenMs, 3 * HOUR + 1);
});

Deno.test("a record that is written again before its deletion stays", async () => {
  using kv = await Deno.openKv(":memory:");
  await receive(kv, "d", 1, "one");
  await receive(kv, "d", 2, "two");
  const { outdated } = await lastSeenOfMany(kv, ["d"], 2 * HOUR);
  assertEquals(outdated.map(({ key }) => key[2]), ["one"]);
  await receive(kv, "d", 2 * HOUR, "one");
  await deleteLastSeen(kv, outdated);
  assertEquals(await writersOf(kv, "d"), ["one", "two"]);
});
