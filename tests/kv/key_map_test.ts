import * as fc from "fast-check";
import { compareKeys, createKeyMap } from "../../kv/key_map.ts";
import { assertEquals } from "../support/assert.ts";

/** What Deno KV takes as one part; -0 is a key of its own there, and NaN is none here. */
const PART = fc.oneof(
  fc.string({ unit: "binary", maxLength: 4 }).filter((text) => text.isWellFormed()),
  fc.constantFrom("", "\0", "\uffff", "\u{10000}", "\ue000", "a", "a\0", "ä", "1"),
  fc.double({ noNaN: true }).map((number) => number + 0),
  fc.integer({ min: -2, max: 2 }),
);
const KEYS = fc.uniqueArray(fc.tuple(PART, PART, PART), { maxLength: 60, selector: String });

Deno.test("compareKeys() and list() have the order of a real database", async () => {
  await fc.assert(
    fc.asyncProperty(KEYS, async (keys) => {
      using kv = await Deno.openKv(":memory:");
      const map = createKeyMap<{ key: Deno.KvKey }>();
      for (const key of keys) {
        await kv.set(["all", ...key], true);
        map.set(["all", ...key], { key: ["all", ...key] });
      }
      const stored = (await Array.fromAsync(kv.list({ prefix: ["all"] }))).map(({ key }) => key);
      assertEquals(map.list(["all"]).map(({ key }) => key), stored);
      assertEquals(stored.toReversed().toSorted(compareKeys), stored);
    }),
    { numRuns: 40 },
  );
});

Deno.test("list() between two keys finds what a real database finds, whatever came and went", async () => {
  const id = fc.integer({ min: 0, max: 150 }).map((number) => `device-${number}`);
  const steps = fc.array(fc.tuple(fc.boolean(), id, id), { minLength: 100, maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      using kv = await Deno.openKv(":memory:");
      const map = createKeyMap<{ id: string }>();
      for (const [index, [isSet, one, other]] of list.entries()) {
        const key = ["beat", one, ""];
        if (isSet || index < 80) {
          map.set(key, { id: one });
          await kv.set(key, true);
        } else {
          map.remove(key);
          await kv.delete(key);
        }
        if (index % 10 !== 0) continue;
        const [first, last] = [one, other].toSorted();
        const selector = { start: ["beat", first], end: ["beat", `${last}\0`] };
        const stored = await Array.fromAsync(kv.list(selector), ({ key }) => key[1]);
        assertEquals(map.list(["beat"], selector).map((thing) => thing.id), stored);
      }
      const stored = await Array.fromAsync(kv.list({ prefix: ["beat"] }), ({ key }) => key[1]);
      assertEquals(map.list(["beat"]).map((thing) => thing.id), stored);
    }),
    { numRuns: 10 },
  );
});

Deno.test("get(), set() and remove() know a key from others that begin as it does", () => {
  const map = createKeyMap<{ name: string }>();
  map.set(["a", "b", 1], { name: "one" });
  map.set(["a", "b", "1"], { name: "text" });
  assertEquals(map.get(["a", "b", 1])?.name, "one");
  assertEquals([map.get(["a", "b"]), map.get(["a", "c", 1]), map.get(["a", "b", 1, 2])], [
    undefined,
    undefined,
    undefined,
  ]);
  map.remove(["a", "b", 2]);
  map.remove(["a", "b", 1]);
  assertEquals(map.list([]).map(({ name }) => name), ["text"]);
  map.remove(["a", "b", "1"]);
  assertEquals(map.list(["a"]), []);
});
