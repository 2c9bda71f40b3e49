import { createPutGate } from "../../../jobs/continuous/put_gate.ts";
import { assertEquals } from "../../support/assert.ts";

/** The sizes of the objects that have passed so far, as promises settle. */
async function passed(sizes: readonly number[], room: { objects: number; bytes: number }) {
  const gate = createPutGate(room);
  const begun: number[] = [];
  const leaves: (() => void)[] = [];
  for (const size of sizes) {
    gate.enter(size).then((leave) => {
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
