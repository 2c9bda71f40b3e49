import { createJobWatches } from "../../../jobs/engine/job_watches.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { pause } from "../../support/process.ts";
import { createWorkerRig } from "../../support/worker_rig.ts";

const never = new AbortController().signal;

Deno.test("a thousand watchers of a job cost one read per poll", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.ask();
  let reads = 0;
  const counting = {
    getMany: ((...args: Parameters<Deno.Kv["getMany"]>) => {
      reads++;
      return rig.kv.getMany(...args);
    }) as Deno.Kv["getMany"],
  };
  const watches = createJobWatches({ kv: counting, log: () => {} });
  const seen = Array.from({ length: 1_000 }, async () => {
    const states: (string | undefined)[] = [];
    for await (const job of watches.watch(id, never)) states.push(job?.state);
    return states;
  });
  await pause(50);
  assertEquals(reads, 1);
  assert(await rig.jobs.cancel(id));
  for (const states of await Promise.all(seen)) assertEquals(states, ["pending", "cancelled"]);
  // The interval is 250 ms, so at most two polls came before the end was seen.
  assert(reads <= 3, `${reads} reads`);
  await watches.stop();
});

Deno.test("a watch ends with null if the record is gone, when its signal aborts, and at the stop", async () => {
  await using rig = await createWorkerRig();
  const watches = createJobWatches({ kv: rig.kv, log: () => {} });
  assertEquals(await Array.fromAsync(watches.watch(crypto.randomUUID(), never)), [null]);
  const { id } = await rig.ask();
  const controller = new AbortController();
  const aborted = Array.fromAsync(watches.watch(id, controller.signal));
  const stopped = Array.fromAsync(watches.watch(id, never));
  await pause(50);
  controller.abort();
  assertEquals((await aborted).length, 1);
  await watches.stop();
  assertEquals((await stopped).length, 1);
  assertEquals(await Array.fromAsync(watches.watch(id, never)), []);
});

Deno.test("a watcher that does not read misses states, and then sees the latest", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.ask();
  const states = rig.jobs.watch(id, never)[Symbol.asyncIterator]();
  assertEquals((await states.next()).value?.state, "pending");
  assert(await rig.jobs.cancel(id));
  await pause(300);
  assertEquals((await states.next()).value?.state, "cancelled");
  assertEquals((await states.next()).done, true);
});
