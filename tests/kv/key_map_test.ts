import { compareKeys, createKeyMap, type KeyBounds } from "../../kv/key_map.ts";
import { assertEquals } from "../support/assert.ts";
import { createRandom } from "../support/strict_kv.ts";

/** More than a level sorts anew each time, so that its order is kept and changed. */
const IDS = 120;

Deno.test("a key map lists what lies between bounds as Deno KV does, whatever came and went", async () => {
  const random = createRandom(7);
  const number = (below: number) => Math.floor(random() * below);
  const map = createKeyMap<{ readonly key: Deno.KvKey }>();
  using kv = await Deno.openKv(":memory:");
  for (let round = 0; round < 60; round++) {
    // Rounds of many changes between two lists, of few, and ones that take most away.
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
      const told = await Array.fromAsync(kv.list({ start, end }, { reverse }));
      const listed = [...map.list(["space"], options)].map(({ key }) => key)
        .filter((key) => compareKeys(key, start) >= 0 && compareKeys(key, end) < 0);
      assertEquals(listed, told.map(({ key }) => key), `round ${round}`);
    }
  }
});

Deno.test("a key map leaves out what lies beyond a bound", () => {
  const map = createKeyMap<{ readonly id: number }>();
  for (let id = 0; id < 1_000; id++) map.set(["space", id, "a"], { id });
  const found = [...map.list(["space"], { start: ["space", 500], end: ["space", 503] })];
  assertEquals(found.map(({ id }) => id), [500, 501, 502]);
});

function boundsOf(number: (below: number) => number): KeyBounds[] {
  const one = ["space", `id${number(IDS)}`], other = ["space", `id${number(IDS)}`, number(3)];
  const [start, end] = compareKeys(one, other) < 0 ? [one, other] : [other, one];
  return [{}, { start }, { end }, { start, end }, { start, end, reverse: true }, { reverse: true }];
}
