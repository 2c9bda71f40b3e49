import { openFileSnapshot } from "../../kv/file_snapshot.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { createRandom } from "../support/strict_kv.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** Texts and numbers whose order in keys is not obvious. */
const TEXTS = ["", "a", "a\0", "a\0\0b", "\0", "ab", "é", "\u{1F50B}", "\uffff", "store.1"];
const NUMBERS = [-Infinity, -1e9, -1, -0.5, -0, 0, 1e-300, 0.5, 1, 255, 256, 1.7e12, Infinity];

Deno.test("a snapshot of a file lists and gets the same entries as Deno KV", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  using kv = await Deno.openKv(path);
  const parts = [...TEXTS, ...NUMBERS];
  const values = [
    { v: 1, zone: "Europe/Berlin", spans: [0, 1.5], on: true, none: null },
    new Uint8Array([0, 1, 255]),
    new Uint8Array(),
    new Deno.KvU64(2n ** 63n),
    "text",
    [new Map([["a", 1n]])],
  ];
  const random = createRandom(3);
  const some = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)];
  const someKey = () => Array.from({ length: 1 + Math.floor(random() * 3) }, () => some(parts));
  for (let i = 0; i < 300; i++) await kv.set(someKey(), some(values));
  using snapshot = openFileSnapshot(path);
  const selectors: Deno.KvListSelector[] = [
    { prefix: [] },
    ...parts.map((part) => ({ prefix: [part] })),
    ...Array.from({ length: 60 }, () => ({ start: someKey(), end: someKey() })),
    ...parts.flatMap((part) => [
      { prefix: [part], start: [part, ...someKey()] },
      { prefix: [part], end: [part, ...someKey()] },
    ]),
  ];
  let found = 0;
  for (const selector of selectors) {
    const options = {
      limit: random() < 0.5 ? undefined : 1 + Math.floor(random() * 20),
      batchSize: 1 + Math.floor(random() * 10),
      reverse: random() < 0.5,
    };
    const expected = await Array.fromAsync(kv.list(selector, options)).catch(() => null);
    // Deno KV refuses a range that ends before it starts.
    if (expected === null) continue;
    const listed = await Array.fromAsync(snapshot.list(selector, options), plain);
    assertEquals(listed, expected);
    found += expected.length;
  }
  assert(found > 500);
  for await (const entry of kv.list({ prefix: [] })) {
    assertEquals(plain(await snapshot.get(entry.key)), entry);
  }
  const none = { key: ["nowhere"], value: null, versionstamp: null };
  assertEquals(await snapshot.get(["nowhere"]), none);
});

/** The parts of an entry, which are decoded when they are requested. */
function plain({ key, value, versionstamp }: Deno.KvEntryMaybe<unknown>): unknown {
  return { key, value, versionstamp };
}

Deno.test("a snapshot stays as it is while others write, and they need not wait", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  using kv = await Deno.openKv(path);
  for (let i = 0; i < 500; i++) await kv.set(["a", i], i);
  const valuesOf = async (of: Pick<Deno.Kv, "list">) =>
    await Array.fromAsync(of.list<number>({ prefix: ["a"] }), ({ value }) => value);
  const before = await valuesOf(kv);
  {
    using snapshot = openFileSnapshot(path);
    const list = snapshot.list({ prefix: ["a"] }, { batchSize: 7 });
    assertEquals((await list.next()).value?.value, 0);
    for (let i = 0; i < 500; i++) {
      const entry = await kv.get(["a", i]);
      assert((await kv.atomic().check(entry).set(["a", i], -i).set(["a", i + 0.5], i).commit()).ok);
    }
    assertEquals([0, ...await Array.fromAsync(list, ({ value }) => value)], before);
    assertEquals(await valuesOf(snapshot), before);
    assertEquals((await snapshot.get(["a", 3])).value, 3);
    using later = openFileSnapshot(path);
    assertEquals((await valuesOf(later)).length, 1_000);
  }
  await kv.set(["a", "end"], 1);
  assertEquals((await valuesOf(kv)).length, 1_001);
});

Deno.test("a file that is no database of Deno KV has no snapshot", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/text`;
  await Deno.writeTextFile(
    path,
    "not a database, but long enough to be looked at as one".repeat(20),
  );
  assertThrows(() => openFileSnapshot(path), Error);
  assertThrows(() => openFileSnapshot(`${folder.path}/nowhere`), Error);
});
