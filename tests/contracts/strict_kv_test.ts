import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { CommitFault, cutAfter, randomFates, strictKv } from "../support/strict_kv.ts";

type Build = (op: Deno.AtomicOperation) => void;

const TOO_MUCH: Readonly<Record<string, Build>> = {
  "10 checks": (op) => times(11, (i) => op.check({ key: ["a", i], versionstamp: null })),
  "1000 mutations": (op) => times(1_001, (i) => op.delete([i])),
  "65536 bytes of one value": (op) => op.set(["a"], new Uint8Array(65_537)),
  "2048 bytes of one key": (op) => op.set(["k".repeat(2_047)], 1),
  "819200 bytes of one commit": (op) => times(13, (i) => op.set([i], new Uint8Array(65_000))),
  "81920 bytes of keys": (op) => times(900, (i) => op.set(["k".repeat(90), i], 1)),
};

for (const [limit, build] of Object.entries(TOO_MUCH)) {
  Deno.test(`a strict database refuses a commit of more than ${limit}`, async () => {
    using kv = strictKv(await Deno.openKv(":memory:"));
    const op = kv.atomic().set(["other"], 1);
    build(op);
    await assertRejects(() => op.commit(), TypeError, limit);
    assertEquals((await kv.get(["other"])).value, null);
  });
}

Deno.test("a strict database accepts what is just within its limits", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const op = kv.atomic();
  times(10, (i) => op.check({ key: ["a", i], versionstamp: null }));
  times(12, (i) => op.set(["a", i], new Uint8Array(65_536)));
  times(988, (i) => op.delete(["b", i]));
  assertEquals((await op.commit()).ok, true);
});

Deno.test("a strict database has no queue and reads at most ten keys per call", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  assertThrows(() => kv.atomic().enqueue(1), TypeError, "queue");
  assertThrows(() => kv.listenQueue(() => {}), TypeError, "queue");
  assertThrows(() => kv.enqueue(1), TypeError, "queue");
  assertThrows(() => kv.getMany(Array.from({ length: 11 }, (_, i) => [i])), TypeError, "10 keys");
});

Deno.test("a lost commit did not happen, an unanswered one did", async () => {
  using below = await Deno.openKv(":memory:");
  const kv = strictKv(below, { fate: ({ number }) => number === 1 ? "lost" : "unanswered" });
  await assertRejects(() => kv.set(["a"], 1), CommitFault);
  assertEquals((await below.get(["a"])).value, null);
  await assertRejects(() => kv.set(["a"], 2), CommitFault);
  assertEquals((await below.get(["a"])).value, 2);
});

Deno.test("a cut lets a number of commits happen and none after them", () => {
  const ahead = (number: number) => ({ number, keys: [] });
  const fate = cutAfter(2, "unanswered");
  assertEquals([5, 6, 7, 8].map((number) => fate(ahead(number))), [
    "happens",
    "unanswered",
    "lost",
    "lost",
  ]);
  assertEquals(cutAfter(0)(ahead(1)), "lost");
});

Deno.test("random fates are the same for a seed and have their rate", () => {
  const draw = (seed: number) => Array.from({ length: 1_000 }, randomFates(seed, 0.2));
  assertEquals(draw(1), draw(1));
  assertNotEquals(draw(1), draw(2));
  const faults = draw(3).filter((fate) => fate !== "happens");
  assertEquals(Math.round(faults.length / 100), 2);
  assertEquals(new Set(faults), new Set(["lost", "unanswered"]));
});

Deno.test("a list is the same as that of the database below, for any batch size, and each batch counts", async () => {
  using below = await Deno.openKv(":memory:");
  await Promise.all(Array.from({ length: 25 }, (_, i) => below.set(["a", i], i)));
  const kv = strictKv(below);
  const selector = { start: ["a", 3], end: ["a", 23] };
  for (const options of [{}, { batchSize: 7 }, { limit: 12, batchSize: 5 }, { reverse: true }]) {
    const expected = await Array.fromAsync(below.list(selector, options));
    assertEquals(await Array.fromAsync(kv.list(selector, options)), expected);
  }
  // 1 for 20 of 100, 3 for 7 + 7 + 6, 3 for 5 + 5 + 2, 1.
  assertEquals(kv.reads(), 8);
});

Deno.test("another instance writes between two batches of a list", async () => {
  using below = await Deno.openKv(":memory:");
  await Promise.all(Array.from({ length: 4 }, (_, i) => below.set(["a", i], "old")));
  const kv = strictKv(below, {
    async before({ batch }) {
      if (batch === 1) { for (let i = 0; i < 4; i++) await below.set(["a", i], "new"); }
    },
  });
  const list = kv.list({ prefix: ["a"] }, { batchSize: 2 });
  assertEquals((await Array.fromAsync(list)).map(({ value }) => value), [
    "old",
    "old",
    "new",
    "new",
  ]);
});

function times(count: number, act: (index: number) => unknown): void {
  for (let index = 0; index < count; index++) act(index);
}
