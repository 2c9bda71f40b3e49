import { createTurnOrder } from "../../../jobs/engine/turn_order.ts";
import type { Turn } from "../../../kv/jobs/due.ts";
import { assertEquals } from "../../support/assert.ts";

function turnOf(account: string, turn: number): Turn {
  return { kind: "job_turn", turn, account };
}

Deno.test("accounts that come again are merged with those that are read, after others of the same turn", async () => {
  const listed = [turnOf("A", 1), turnOf("B", 2), turnOf("C", 2), turnOf("D", 4)];
  const order = createTurnOrder(() => Promise.resolve(listed.shift() ?? null));
  assertEquals((await order.next())?.account, "A");
  order.again(turnOf("A", 2));
  assertEquals((await order.next())?.account, "B");
  order.again(turnOf("B", 3));
  const rest = [];
  for (let turn = await order.next(); turn !== null; turn = await order.next()) rest.push(turn);
  assertEquals(rest, [turnOf("C", 2), turnOf("A", 2), turnOf("B", 3), turnOf("D", 4)]);
});

Deno.test("an account that the scan has moved to where it had not read yet is looked at once", async () => {
  const listed = [turnOf("A", 1), turnOf("B", 1)];
  const order = createTurnOrder(() => Promise.resolve(listed.shift() ?? null));
  await order.next();
  order.again(turnOf("A", 2));
  listed.push(turnOf("A", 2));
  assertEquals(await order.next(), turnOf("B", 1));
  assertEquals(await order.next(), turnOf("A", 2));
  assertEquals(await order.next(), null);
});
