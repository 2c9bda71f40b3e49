import { assert, assertEquals } from "../../support/assert.ts";
import { createWorkerRig } from "../../support/worker_rig.ts";

const request = { kind: "test", params: "", owner: "anyone", slot: "s" };

Deno.test("createWith() commits a job and what goes with it, or neither", async () => {
  await using rig = await createWorkerRig();
  const read = await rig.kv.get(["other"]);
  const more = () => ({
    checks: [read],
    stage: (op: Pick<Deno.AtomicOperation, "set">) => void op.set(["other"], 1),
  });
  const job = await rig.jobs.createWith(request, more);
  assert(job !== null);
  assertEquals((await rig.kv.get(["other"])).value, 1);
  // The entry has changed since it was read, so nothing is created.
  assertEquals(await rig.jobs.createWith({ ...request, slot: "t" }, more), null);
  assertEquals((await rig.jobs.list({ kind: "test", limit: 9 })).jobs.length, 1);
});

Deno.test("createWith() commits the rest for a job that its slot has already", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.jobs.create(request);
  const job = await rig.jobs.createWith(request, (earlier) => ({
    checks: [],
    stage: (op) => void op.set(["other"], earlier.id),
  }));
  assertEquals([job?.id, (await rig.kv.get(["other"])).value], [id, id]);
});

Deno.test("createWith() commits nothing for an earlier job if nothing goes with it", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.jobs.create(request);
  const seen: boolean[] = [];
  const job = await rig.jobs.createWith(request, (_, isEarlier) => {
    seen.push(isEarlier);
    return null;
  });
  assertEquals([job?.id, seen], [id, [true]]);
});
