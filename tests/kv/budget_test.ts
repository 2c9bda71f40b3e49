import fc from "fast-check";
import {
  addCosts,
  COMMIT_MAX_BYTES,
  COMMIT_MAX_KEY_BYTES,
  COMMIT_MAX_MUTATIONS,
  costOf,
  fitsCommit,
  NO_COST,
  packStages,
  type Stage,
} from "../../kv/budget.ts";
import { assert, assertEquals, assertGreaterOrEqual } from "../support/assert.ts";
import { keyBytes, valueBytes } from "../support/kv_sizes.ts";
import { strictKv } from "../support/strict_kv.ts";

const keyParts = fc.oneof(
  fc.string({ maxLength: 40, unit: "binary" }),
  fc.double({ noNaN: true }),
  fc.uint8Array({ maxLength: 40 }),
);
const keys: fc.Arbitrary<Deno.KvKey> = fc.array(keyParts, { minLength: 1, maxLength: 5 });
const values = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.record({
    v: fc.constant(1),
    state: fc.string({ unit: "binary" }),
    count: fc.maxSafeInteger(),
  }),
  fc.boolean(),
);

Deno.test("costOf() counts a mutation for each of set, delete, sum and max", () => {
  const { mutations } = costOf((op) =>
    op.set(["a"], 1).delete(["b"]).sum(["c"], 1n).max(["d"], 2n)
  );
  assertEquals(mutations, 4);
});

Deno.test("costOf() never returns less than what Deno KV counts", () => {
  fc.assert(fc.property(keys, values, (key, value) => {
    const set = costOf((op) => op.set(key, value));
    assertGreaterOrEqual(set.keyBytes, keyBytes(key));
    assertGreaterOrEqual(set.bytes, keyBytes(key) + valueBytes(value));
    const other = [costOf((op) => op.delete(key)), costOf((op) => op.sum(key, 1n))];
    assertGreaterOrEqual(Math.min(...other.map((cost) => cost.keyBytes)), keyBytes(key));
  }));
});

Deno.test("fitsCommit() is true up to each bound and no further", () => {
  const most = {
    mutations: COMMIT_MAX_MUTATIONS,
    bytes: COMMIT_MAX_BYTES,
    keyBytes: COMMIT_MAX_KEY_BYTES,
  };
  assert(fitsCommit(most));
  for (const name of ["mutations", "bytes", "keyBytes"] as const) {
    assert(!fitsCommit({ ...most, [name]: most[name] + 1 }), name);
  }
  const twice = addCosts(most, { mutations: 1, bytes: 2, keyBytes: 3 });
  assertEquals(twice, { mutations: 901, bytes: 720_002, keyBytes: 70_003 });
  assertEquals(addCosts(most, NO_COST), most);
});

/** A stage with `count` entries with keys and values of some sizes. */
function stageOf([count, keySize, valueSize]: readonly [number, number, number]): Stage {
  return (op) => {
    for (let entry = 0; entry < count; entry++) {
      op.set(["k".repeat(keySize), entry], new Uint8Array(valueSize));
    }
  };
}

const sizes = fc.oneof(
  fc.tuple(fc.nat(400), fc.nat(20), fc.nat(10)),
  fc.tuple(fc.nat(10), fc.nat(600), fc.nat(100)),
  fc.tuple(fc.nat(10), fc.nat(20), fc.nat(60_000)),
);

Deno.test("packStages() keeps the order and starts a new commit only when the last one is full", () => {
  fc.assert(fc.property(fc.array(sizes, { maxLength: 30 }), (list) => {
    const stages = list.map(stageOf);
    const commits = packStages(stages);
    assertEquals(commits.flat(), stages);
    const costs = commits.map((commit) => commit.map(costOf).reduce(addCosts, NO_COST));
    commits.forEach((commit, index) => {
      assert(fitsCommit(costs[index]));
      const [first] = commits[index + 1] ?? [];
      if (first !== undefined) assert(!fitsCommit(addCosts(costs[index], costOf(first))));
      assert(commit.length > 0);
    });
  }));
});

Deno.test("packStages() puts a stage that is too large into a commit of its own", () => {
  const stages = [[1, 1, 1], [1_000, 1, 1], [1, 1, 1]].map(([a, b, c]) => stageOf([a, b, c]));
  assertEquals(packStages(stages).map(({ length }) => length), [1, 1, 1]);
});

Deno.test("packed commits stay within every limit of the strictest database", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const many = [...Array(30).fill([300, 20, 10]), ...Array(60).fill([1, 600, 60_000])];
  const stages = [...many, ...Array(60).fill([10, 600, 100])].map(stageOf);
  const commits = packStages(stages);
  for (const commit of commits) {
    const op = kv.atomic();
    commit.forEach((stage) => stage(op));
    assert((await op.commit()).ok);
  }
  assertEquals(kv.commits(), commits.length);
});

Deno.test("packStages() puts at most `most` stages into a commit", () => {
  const stages = Array.from({ length: 7 }, (_, n): Stage => (op) => op.set(["a", n], n));
  assertEquals(packStages(stages, 3).map(({ length }) => length), [3, 3, 1]);
  assertEquals(packStages(stages, 3).flat(), stages);
});
