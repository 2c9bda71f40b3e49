import { withSharedGets } from "../../kv/shared_gets.ts";
import { wrapKv } from "../../kv/wrapped_kv.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { strictKv } from "../support/strict_kv.ts";

Deno.test("gets that come at the same time are reads of ten keys, and each caller gets its own entry", async () => {
  using database = strictKv(await Deno.openKv(":memory:"), {});
  for (let id = 0; id < 24; id += 2) await database.set(["even", id], id);
  const asked: number[] = [];
  const kv = withSharedGets(wrapKv(database, {
    get: () => Promise.reject(new Error("No key is read alone")),
    getMany: (keys, options) => {
      asked.push(keys.length);
      return database.getMany(keys, options);
    },
  }));
  const ids = Array.from({ length: 24 }, (_, id) => id);
  const entries = await Promise.all(ids.map((id) => kv.get(["even", id])));
  assertEquals(entries.map(({ key }) => key[1]), ids);
  assertEquals(entries.map(({ value }) => value), ids.map((id) => id % 2 === 0 ? id : null));
  assertEquals(asked, [10, 10, 4]);
});

Deno.test("a get begins after it was asked for, also while others are in progress", async () => {
  using database = await Deno.openKv(":memory:");
  const doors: PromiseWithResolvers<void>[] = [];
  const kv = withSharedGets(wrapKv(database, {
    async getMany(keys, options) {
      const entries = await database.getMany(keys, options);
      const door = Promise.withResolvers<void>();
      doors.push(door);
      await door.promise;
      return entries;
    },
  }));
  const early = [kv.get(["a"])];
  while (doors.length < 1) await new Promise((resolve) => setTimeout(resolve));
  early.push(kv.get(["a"]));
  while (doors.length < 2) await new Promise((resolve) => setTimeout(resolve));
  // Both groups have been read, but nobody has their entries yet.
  await database.set(["a"], "new");
  const late = kv.get(["a"]);
  for (const door of doors) door.resolve();
  while (doors.length < 3) await new Promise((resolve) => setTimeout(resolve));
  doors[2].resolve();
  assertEquals((await Promise.all(early)).map(({ value }) => value), [null, null]);
  assertEquals((await late).value, "new");
});

Deno.test("a read that fails fails for each who has asked", async () => {
  using database = await Deno.openKv(":memory:");
  const getMany = () => Promise.reject(new TypeError("away"));
  const kv = withSharedGets(wrapKv(database, { getMany }));
  const gets = [kv.get(["a"]), kv.get(["b"])];
  for (const get of gets) await assertRejects(() => get, TypeError, "away");
});
