import { listByIds } from "../../kv/list_by_ids.ts";
import { assertEquals, assertLessOrEqual } from "../support/assert.ts";
import { type StrictKv, strictKv } from "../support/strict_kv.ts";

/** A database with an entry for every id at distance `step`, and a neighbouring space. */
async function openFilled(step: number): Promise<StrictKv> {
  const kv = await Deno.openKv(":memory:");
  for (let start = 0; start < 2_000; start += 200) {
    const op = kv.atomic();
    for (let n = start; n < start + 200; n += step) {
      op.set(["s", name(n)], n).set(["t", name(n)], 0);
    }
    await op.commit();
  }
  return strictKv(kv);
}

function name(n: number): string {
  return String(n).padStart(4, "0");
}

async function valuesOf(kv: Deno.Kv, ids: readonly string[]): Promise<unknown[]> {
  return (await listByIds(kv, "s", ids)).map(({ value }) => value);
}

Deno.test("listByIds() finds ids that are close together or far apart, and skips missing ones", async () => {
  using kv = await openFilled(2);
  const close = Array.from({ length: 300 }, (_, n) => name(n));
  assertEquals(await valuesOf(kv, close), Array.from({ length: 150 }, (_, n) => 2 * n));
  const far = Array.from({ length: 20 }, (_, n) => name(n * 99)).toReversed();
  assertEquals(await valuesOf(kv, far), Array.from({ length: 10 }, (_, n) => n * 198));
  assertEquals(await valuesOf(kv, [name(4), name(5), name(4)]), [4]);
  assertEquals(await valuesOf(kv, []), []);
  assertEquals(await valuesOf(kv, close.map((id) => `${id}x`)), []);
});

Deno.test("listByIds() finds close ids before and after a gap", async () => {
  using kv = await openFilled(1);
  const numbers = [...Array(30).keys(), 40, ...Array.from({ length: 30 }, (_, n) => 1_900 + n)];
  assertEquals(await valuesOf(kv, numbers.map(name)), numbers);
});

Deno.test("listByIds() returns every entry of an id, and none of a longer id", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = Array.from({ length: 12 }, (_, n) => `d${n}`);
  const writers = ["", "a", "b"];
  for (const id of ids) {
    for (const writer of writers) await kv.set(["s", id, writer], `${id}${writer}`);
  }
  for (const requested of [["d1"], ids, ids.slice(0, 11)]) {
    const expected = requested.toSorted().flatMap((id) => writers.map((writer) => id + writer));
    assertEquals(await valuesOf(kv, requested), expected);
  }
});

Deno.test("ids that are close together cost one read per 128 entries, others one each and one more", async () => {
  using kv = await openFilled(1);
  await listByIds(kv, "s", Array.from({ length: 400 }, (_, n) => name(n)));
  assertEquals(kv.reads(), 4);
  await listByIds(kv, "s", Array.from({ length: 40 }, (_, n) => name(n * 50)));
  assertLessOrEqual(kv.reads(), 4 + 41);
  await listByIds(kv, "s", [name(1), name(2)]);
  assertLessOrEqual(kv.reads(), 4 + 41 + 2);
});
