import { clearTouched, listTouched, stageTouched } from "../../kv/touched.ts";
import { assertEquals } from "../support/assert.ts";
import { strictKv } from "../support/strict_kv.ts";

Deno.test("500 things that were looked at are cleared in as few commits as the database allows", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"), {});
  for (let id = 0; id < 500; id++) await kv.set(["touched", "store", `s${id}`], "changed");
  const touched = await listTouched(kv, 500);
  const before = kv.commits();
  await clearTouched(kv, touched, 9);
  assertEquals(kv.commits() - before, 56);
  assertEquals(await listTouched(kv, 500), []);
});

Deno.test("what was touched again stays, and the others are cleared", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const id of ["a", "b", "c"]) await kv.set(["touched", "device", id], "moved");
  const touched = await listTouched(kv, 10);
  const op = kv.atomic();
  stageTouched(op, { kind: "device", id: "b" }, "changed");
  await op.commit();
  await clearTouched(kv, touched, 9);
  const left = await listTouched(kv, 10);
  assertEquals(left.map(({ id, touch }) => ({ id, touch })), [{ id: "b", touch: "changed" }]);
});

Deno.test("things that were touched again cost no commit, and the others none of their own", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"), {});
  for (let id = 0; id < 100; id++) await kv.set(["touched", "store", `s${id}`], "changed");
  await kv.set(["touched", "device", "d"], "moved");
  const touched = await listTouched(kv, 500);
  for (let id = 0; id < 100; id += 2) await kv.set(["touched", "store", `s${id}`], "changed");
  // New since, so it was not looked at.
  await kv.set(["touched", "store", "s0000"], "changed");
  const before = kv.commits();
  await clearTouched(kv, touched, 9);
  assertEquals(kv.commits() - before, 6);
  assertEquals((await listTouched(kv, 500)).length, 51);
});
