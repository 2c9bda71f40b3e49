import { createPutGate } from "../../../jobs/continuous/put_gate.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";

/** The sizes of the objects that have passed so far, as promises settle. */
async function passed(sizes: readonly number[], room: { objects: number; bytes: number }) {
  const gate = createPutGate(room);
  const begun: number[] = [];
  const leaves: (() => void)[] = [];
  for (const size of sizes) {
    gate.enter(size, never).then((leave) => {
      begun.push(size);
      leaves.push(leave);
    });
  }
  const settled = async () => {
    for (let turn = 0; turn < 10; turn++) await null;
    return begun.join();
  };
  const steps = [await settled()];
  while (leaves.length > 0) {
    leaves.shift()?.();
    steps.push(await settled());
  }
  return steps;
}

Deno.test("so many objects are on their way at once, and the next one follows when one has arrived", async () => {
  assertEquals(await passed([1, 2, 3, 4], { objects: 2, bytes: 99 }), [
    "1,2",
    "1,2,3",
    "1,2,3,4",
    "1,2,3,4",
    "1,2,3,4",
  ]);
});

Deno.test("objects on their way have so many bytes at most, but a longer one goes alone", async () => {
  assertEquals(await passed([6, 5, 20, 1], { objects: 9, bytes: 10 }), [
    "6",
    "6,5",
    "6,5,20",
    "6,5,20,1",
    "6,5,20,1",
  ]);
});

Deno.test("an object that is aborted while it waits lets those behind it pass", async () => {
  const gate = createPutGate({ objects: 9, bytes: 10 });
  const aborter = new AbortController();
  const leave = await gate.enter(6, never);
  const long = assertRejects(() => gate.enter(20, aborter.signal), DOMException);
  const short = gate.enter(4, never);
  aborter.abort();
  await long;
  (await short)();
  leave();
  (await gate.enter(20, never))();
  await assertRejects(() => gate.enter(1, aborter.signal), DOMException);
});
