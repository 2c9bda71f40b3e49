import type { ShelvedEntry } from "../../../kv/backup/entry_shelf.ts";
import { writeEntries } from "../../../kv/backup/write_entries.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** A version as Deno KV has them. */
const version = (number: number) => number.toString(16).padStart(16, "0") + "0000";

Deno.test("entries are written in the order of their versions, in few commits", async () => {
  using kv = await Deno.openKv(":memory:");
  const entries = Array.from(
    { length: 2_000 },
    (_, index) => entry(["job", index], index, 1 + index),
  );
  entries.push(entry(["revision", "meter", "m1"], new Deno.KvU64(7n), 2_001));
  const written: number[] = [];
  await writeEntries(kv, sourceOf(entries.toReversed()), (count) => written.push(count));
  assertEquals(written.at(-1), 2_001);
  assert(written.length <= 3, String(written.length));
  const stored = await Array.fromAsync(kv.list({ prefix: [] }));
  assertEquals(stored.length, 2_001);
  assertEquals((await kv.get(["revision", "meter", "m1"])).value, new Deno.KvU64(7n));
  const versions = stored.map(({ versionstamp }) => versionstamp);
  assertEquals(versions, versions.toSorted());
});

Deno.test("segments of a series keep their order, and a removal keeps out the segments after it", async () => {
  using kv = await Deno.openKv(":memory:");
  const head = {
    v: 1,
    state: "deleting",
    life: 1,
    generation: 2,
    count: 0,
    firstMs: 0,
    lastMs: 0,
    removedMs: 1,
  };
  const segment = (writer: string, number: number) => ["segment", "meter", "m1", writer, number];
  await writeEntries(
    kv,
    sourceOf([
      entry(segment("b", 7), new Uint8Array(1), 1),
      // Its number is lower, because another process wrote it, and it is later.
      entry(segment("a", 1), new Uint8Array(2), 2),
      entry(["series", "meter", "m1"], head, 3),
      entry(segment("a", 2), new Uint8Array(3), 4),
      // Another series does not need a commit of its own.
      entry(["segment", "meter", "m2", "a", 3], new Uint8Array(4), 5),
    ]),
    () => {},
  );
  const at = async (key: Deno.KvKey) => String((await kv.get(key)).versionstamp);
  const order = [
    await at(segment("b", 7)),
    await at(segment("a", 1)),
    await at(["series", "meter", "m1"]),
    await at(segment("a", 2)),
  ];
  assert(order[0] < order[1] && order[1] <= order[2] && order[2] < order[3], order.join());
  assertEquals(await at(["segment", "meter", "m2", "a", 3]), order[3]);
});

Deno.test("a checkpoint names the version that stands for the one that it named", async () => {
  using kv = await Deno.openKv(":memory:");
  const day = (number: number) => ["changed", "battery", "d1", number];
  const checkpoint = (seenVersion: string) => ({
    v: 1,
    plan: [{ lengthMs: 60_000, fromDayMs: 0 }],
    nextMs: null,
    pendingMs: null,
    revision: 1,
    seenVersion,
    totals: { objects: 0, rows: 0, sizeBytes: 0, rewrites: 0, deletions: 0 },
    last: null,
    fault: null,
  });
  await writeEntries(
    kv,
    sourceOf([
      entry(day(1), true, 10),
      entry(["lake_checkpoint", "d1"], checkpoint(version(20)), 11),
      entry(["lake_checkpoint", "d2"], checkpoint(""), 12),
      entry(day(2), true, 20),
      entry(day(3), true, 21),
      // As of a version that no entry has any more.
      entry(["lake_checkpoint", "d3"], checkpoint(version(15)), 22),
    ]),
    () => {},
  );
  const at = async (number: number) => String((await kv.get(day(number))).versionstamp);
  const seen = async (id: string) =>
    (await kv.get<{ seenVersion: string }>(["lake_checkpoint", id])).value?.seenVersion ?? "none";
  assert(await at(2) <= await seen("d1") && await seen("d1") < await at(3));
  assertEquals(await seen("d2"), "");
  assert(await at(1) <= await seen("d3") && await seen("d3") < await at(2));
});

function entry(key: Deno.KvKey, value: unknown, number: number): ShelvedEntry {
  return { key, value, versionstamp: version(number) };
}

function sourceOf(entries: readonly ShelvedEntry[]) {
  const sorted = entries.toSorted((a, b) => a.versionstamp < b.versionstamp ? -1 : 1);
  return { inOrder: () => sorted };
}
