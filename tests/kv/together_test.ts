import { createTogether, settleEach } from "../../kv/together.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("what is asked for at the same time is done together, and each gets its own result", async () => {
  const groups: number[][] = [];
  const half = createTogether((items: readonly number[]) => {
    groups.push([...items]);
    return Promise.resolve(settleEach(items, (item) => {
      if (item % 2 === 1) throw new RangeError(`Cannot halve as it is odd: ${item}`);
      return item / 2;
    }));
  });
  const odd = assertRejects(() => half(3), RangeError);
  assertEquals(await Promise.all([half(2), half(4)]), [1, 2]);
  await odd;
  assertEquals(await half(6), 3);
  assertEquals(groups, [[3, 2, 4], [6]]);
});

Deno.test("while a group is being done, later items wait for each other; a failure fails its group only", async () => {
  const groups: string[][] = [];
  const doors = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = createTogether(async (items: readonly string[]) => {
    await doors[groups.push([...items]) - 1].promise;
    return settleEach(items, (item) => item);
  }, 1);
  const first = run("a");
  await new Promise((resolve) => setTimeout(resolve));
  const others = [run("b"), run("c")];
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(groups, [["a"]]);
  doors[0].reject(new Error("away"));
  await assertRejects(() => first, Error, "away");
  doors[1].resolve();
  assertEquals(await Promise.all(others), ["b", "c"]);
  assertEquals(groups, [["a"], ["b", "c"]]);
});
