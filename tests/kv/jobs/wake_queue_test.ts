import { listenWakes, stageWake } from "../../../kv/jobs/wake_queue.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { strictKv } from "../../support/strict_kv.ts";

/** Counts the calls of a listener; `after` waits for a number of calls. */
function createCounter(): {
  call: () => void;
  count: () => number;
  after(n: number): Promise<void>;
} {
  let count = 0;
  let check = () => {};
  return {
    call() {
      count++;
      check();
    },
    count: () => count,
    after: (calls) =>
      new Promise((resolve) => {
        check = () => count >= calls && resolve();
        check();
      }),
  };
}

Deno.test("each wake-up wakes once, and other messages wake nobody", async () => {
  const kv = await Deno.openKv(":memory:");
  const wakes = createCounter();
  const listening = listenWakes(kv, wakes.call);
  for (const other of [{ v: 2, wake: "jobs" }, { v: 1, wake: "all" }, "jobs", null]) {
    await kv.enqueue(other, { backoffSchedule: [] });
  }
  for (let sent = 0; sent < 3; sent++) {
    const op = kv.atomic();
    stageWake(op);
    await op.commit();
  }
  await wakes.after(3);
  await new Promise((resolve) => setTimeout(resolve, 50));
  kv.close();
  await listening;
  assertEquals(wakes.count(), 3);
});

Deno.test("a wake-up is part of its commit: a refused commit wakes nobody", async () => {
  const kv = await Deno.openKv(":memory:");
  const wakes = createCounter();
  const listening = listenWakes(kv, wakes.call);
  await kv.set(["a"], 1);
  const refused = kv.atomic().check({ key: ["a"], versionstamp: null });
  stageWake(refused);
  assertEquals((await refused.commit()).ok, false);
  const taken = kv.atomic().set(["b"], 1);
  stageWake(taken);
  await taken.commit();
  await wakes.after(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  kv.close();
  await listening;
  assertEquals(wakes.count(), 1);
});

Deno.test("a database without queues rejects at once", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  assertThrows(() => stageWake(kv.atomic()), TypeError, "queue");
  assertThrows(() => listenWakes(kv, () => {}), TypeError, "queue");
});
