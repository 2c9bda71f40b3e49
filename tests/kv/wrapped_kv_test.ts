import { noteKeys, wrapCommit, wrapKv } from "../../kv/wrapped_kv.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";

Deno.test("a wrapped database has each method that Deno has, and its own in place of some", async () => {
  using database = await Deno.openKv(":memory:");
  const closed: string[] = [];
  const kv = wrapKv(database, {
    get: (key) => database.get(["instead", ...key]),
    close: () => void closed.push("closed"),
  });
  const methods = Object.getOwnPropertyNames(Deno.Kv.prototype);
  const missing = methods.filter((name) => name !== "constructor" && !(name in kv));
  assertEquals(missing, []);
  await kv.set(["instead", "a"], 1);
  assertEquals((await kv.get(["a"])).value, 1);
  assertEquals((await kv.getMany([["a"], ["instead", "a"]])).map(({ value }) => value), [null, 1]);
  kv[Symbol.dispose]();
  assertEquals(closed, ["closed"]);
});

Deno.test("each mutation of an operation is noted by its key and done, and the commit is another", async () => {
  using database = await Deno.openKv(":memory:");
  const one = new Deno.KvU64(1n);
  const before = database.atomic();
  const noted: string[] = [];
  const op = wrapCommit(
    noteKeys(before, ([key]) => noted.push(String(key))),
    async (commit) => {
      noted.push("commit");
      return await commit();
    },
  );
  assertStrictEquals(op, before);
  const { ok } = await op
    .check({ key: ["check"], versionstamp: null })
    .set(["set"], 1)
    .delete(["delete"])
    .sum(["sum"], 1n).min(["min"], 1n).max(["max"], 1n)
    .mutate({ type: "set", key: ["put"], value: 1 }, { type: "sum", key: ["add"], value: one })
    .commit();
  assertEquals(ok, true);
  assertEquals(noted, ["set", "delete", "sum", "min", "max", "put", "add", "commit"]);
  const stored = await Array.fromAsync(database.list({ prefix: [] }), ({ key }) => key[0]);
  assertEquals(stored, ["add", "max", "min", "put", "set", "sum"]);
});
