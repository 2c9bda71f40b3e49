import { commitShared } from "../../kv/shared_commits.ts";
import { assertEquals } from "../support/assert.ts";
import { strictKv } from "../support/strict_kv.ts";

Deno.test("a commit of many changes has as many checks as the database allows", async () => {
  for (const [most, commits] of [[undefined, 3], [4, 5], [10, 2]] as const) {
    using kv = strictKv(await Deno.openKv(":memory:"), {});
    const changes = Array.from({ length: 20 }, (_, id) => ({
      checks: [{ key: ["one", id], versionstamp: null }],
      stage: (op: Pick<Deno.AtomicOperation, "set">) => void op.set(["one", id], id),
    }));
    const results = await commitShared(kv, changes, most);
    assertEquals(results.map(({ status }) => status), changes.map(() => "fulfilled"));
    assertEquals(kv.commits(), commits);
    assertEquals((await Array.fromAsync(kv.list({ prefix: ["one"] }))).length, 20);
  }
});

Deno.test("changes that have no room in one commit are several", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"), {});
  const changes = Array.from({ length: 3 }, (_, id) => ({
    checks: [],
    stage(op: Pick<Deno.AtomicOperation, "set">) {
      for (let part = 0; part < 5; part++) op.set(["big", id, part], new Uint8Array(60_000));
    },
  }));
  const results = await commitShared(kv, changes);
  assertEquals(results.map(({ status }) => status), ["fulfilled", "fulfilled", "fulfilled"]);
  assertEquals(kv.commits(), 2);
});
