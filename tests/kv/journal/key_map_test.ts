import * as fc from "fast-check";
import { compareKeys, createKeyMap, type KeyBounds } from "../../../kv/journal/key_map.ts";
import { assertEquals } from "../../support/assert.ts";
import { createRandom } from "../../support/strict_kv.ts";
import { amount } from "../../support/thorough.ts";

/** So many parts that a level keeps its order and updates it. */
const IDS = 120;

Deno.test("a key map lists what lies between bounds as Deno KV does, after any changes", async () => {
  const random = createRandom(7);
  const number = (below: number) => Math.floor(random() * below);
  const map = createKeyMap<{ readonly key: Deno.KvKey }>();
  using kv = await Deno.openKv(":memory:");
  for (let round = 0; round < 60; round++) {
    // Rounds with many changes between two lists, with few, and with removals of nearly everything.
    const changes = round % 3 === 0 ? 200 : 10;
    const keep = round % 10 === 9 ? 0.1 : 0.6;
    for (let change = 0; change < changes; change++) {
      const key = ["space", `id${number(IDS)}\u{ff00}`.slice(0, 3 + number(4)), number(3)];
      if (random() < keep) {
        map.set(key, { key });
        await kv.set(key, 1);
      } else {
        map.remove(key);
        await kv.delete(key);
      }
    }
    for (const options of boundsOf(number)) {
      const { reverse = false, start = ["space"], end = ["space\0"] } = options;
      const stored = await Array.fromAsync(kv.list({ start, end }, { reverse }));
      const listed = [...map.list(["space"], options)].map(({ key }) => key)
        .filter((key) => compareKeys(key, start) >= 0 && compareKeys(key, end) < 0);
      assertEquals(listed, stored.map(({ key }) => key), `round ${round}`);
    }
  }
});

Deno.test("a key map leaves out what lies outside the bounds", () => {
  const map = createKeyMap<{ readonly id: number }>();
  for (let id = 0; id < 1_000; id++) map.set(["space", id, "a"], { id });
  const found = [...map.list(["space"], { start: ["space", 500], end: ["space", 503] })];
  assertEquals(found.map(({ id }) => id), [500, 501, 502]);
});

/** Key parts of Deno KV. Without -0, which is a different key from 0 there, and without NaN. */
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
      assertEquals([...map.list(["all"])].map(({ key }) => key), stored);
      assertEquals(stored.toReversed().toSorted(compareKeys), stored);
    }),
    { numRuns: amount({ quick: 8, thorough: 40 }) },
  );
});

Deno.test("list() between two keys finds what a real database finds, after any changes", async () => {
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
        assertEquals([...map.list(["beat"], selector)].map((thing) => thing.id), stored);
      }
      const stored = await Array.fromAsync(kv.list({ prefix: ["beat"] }), ({ key }) => key[1]);
      assertEquals([...map.list(["beat"])].map((thing) => thing.id), stored);
    }),
    { numRuns: amount({ quick: 4, thorough: 10 }) },
  );
});

Deno.test("get(), set() and remove() distinguish keys that begin alike", () => {
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
  assertEquals([...map.list([])].map(({ name }) => name), ["text"]);
  map.remove(["a", "b", "1"]);
  assertEquals([...map.list(["a"])], []);
});

function boundsOf(number: (below: number) => number): KeyBounds[] {
  const one = ["space", `id${number(IDS)}`], other = ["space", `id${number(IDS)}`, number(3)];
  const [start, end] = compareKeys(one, other) < 0 ? [one, other] : [other, one];
  return [{}, { start }, { end }, { start, end }, { start, end, reverse: true }, { reverse: true }];
}
