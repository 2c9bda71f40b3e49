import { getByKeys } from "../../kv/get_by_keys.ts";
import { assertEquals } from "../support/assert.ts";
import { strictKv } from "../support/strict_kv.ts";

Deno.test("getByKeys() reads ten keys at a time and returns all, also missing ones, in order", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  for (let number = 0; number < 25; number += 2) await kv.set(["a", number], number);
  const keys = Array.from({ length: 25 }, (_, index) => ["a", 24 - index]);
  const before = kv.reads();
  const entries = await getByKeys(kv, keys);
  assertEquals(kv.reads() - before, 3);
  assertEquals(entries.map(({ key }) => key), keys);
  assertEquals(
    entries.map(({ value }) => value),
    keys.map(([, number]) => Number(number) % 2 === 0 ? number : null),
  );
  assertEquals(await getByKeys(kv, []), []);
});
