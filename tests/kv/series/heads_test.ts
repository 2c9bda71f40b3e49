import {
  currentLife,
  getHead,
  listHeads,
  liveHead,
  nextHead,
  type SeriesHead,
  stageHead,
} from "../../../kv/series/heads.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { METER } from "../../support/series.ts";

const HEAD: SeriesHead = {
  v: 1,
  state: "live",
  life: 1,
  generation: 2,
  count: 3,
  firstMs: 10,
  lastMs: 20,
  removedMs: 0,
};

async function kvWithHeads(...ids: string[]): Promise<Deno.Kv> {
  const kv = await Deno.openKv(":memory:");
  for (const id of ids) {
    const op = kv.atomic();
    stageHead(op, { profile: "meter", id }, { from: null, to: { ...HEAD, count: id.length } });
    await op.commit();
  }
  return kv;
}

Deno.test("getHead() returns a head as it was written", async () => {
  using kv = await kvWithHeads();
  const before = await getHead(kv, METER);
  assertEquals([before.value, before.versionstamp], [null, null]);
  const op = kv.atomic().check(before);
  stageHead(op, METER, { from: null, to: HEAD });
  assertEquals((await op.commit()).ok, true);
  assertEquals((await getHead(kv, METER)).value, HEAD);
});

Deno.test("a series without a head is in its first life; removal ends a life", () => {
  const entryOf = (value: SeriesHead | null) => ({ key: [], value, versionstamp: null });
  assertEquals(currentLife(entryOf(null)), 1);
  assertEquals(currentLife(entryOf(HEAD)), 1);
  for (const state of ["deleting", "gone"] as const) {
    const ended = nextHead(HEAD, { state });
    assertEquals([ended.generation, ended.life, currentLife(entryOf(ended))], [3, 1, 2]);
    assertEquals(liveHead(entryOf(ended)), null);
  }
  assertEquals(liveHead(entryOf(HEAD)), HEAD);
});

Deno.test("getHead() refuses a head that does not match its schema", async () => {
  using kv = await kvWithHeads("m1");
  const { key } = await getHead(kv, METER);
  for (const wrong of [{ ...HEAD, v: 2 }, { ...HEAD, state: "asleep" }, null]) {
    await kv.set(key, wrong);
    await assertRejects(() => getHead(kv, METER));
  }
});

Deno.test("listHeads() lists a profile in the order of ids, starting after an id", async () => {
  using kv = await kvWithHeads("b", "a", "a.b", "a-b", "ab", "A");
  const op = kv.atomic();
  stageHead(op, { profile: "site", id: "a" }, { from: null, to: HEAD });
  await op.commit();
  const ids = async (afterId: string) =>
    (await Array.fromAsync(listHeads(kv, "meter", afterId))).map(({ id }) => id);
  assertEquals(await ids(""), ["A", "a", "a-b", "a.b", "ab", "b"]);
  assertEquals(await ids("a"), ["a-b", "a.b", "ab", "b"]);
  assertEquals(await ids("a."), ["a.b", "ab", "b"]);
  assertEquals(await ids("b"), []);
});

Deno.test("listHeads() returns each head with its id", async () => {
  using kv = await kvWithHeads("b", "ccc");
  const heads = await Array.fromAsync(listHeads(kv, "meter", ""));
  assertEquals(heads.map(({ id, head }) => [id, head.count]), [["b", 1], ["ccc", 3]]);
});
