import { LEASE_MS } from "../../jobs/engine/transitions.ts";
import { assertEquals } from "../support/assert.ts";
import { pause } from "../support/process.ts";
import { createRandom, strictKv, type StrictPlan } from "../support/strict_kv.ts";
import { createWorkerRig, textKind } from "../support/worker_rig.ts";
import { testEngine } from "./engine_suite.ts";

testEngine("local KV", () => createWorkerRig());

testEngine(
  "strict KV without a queue",
  async () => createWorkerRig(strictKv(await Deno.openKv(":memory:"), {}), { hasQueue: false }),
);

Deno.test("every job completes with its file although one commit in five fails", async () => {
  const plan: StrictPlan = {};
  const kv = strictKv(await Deno.openKv(":memory:"), plan);
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  await rig.addWorker("a", [textKind(rig.files, () => Promise.resolve("x"))]);
  const asked = await Promise.all(Array.from({ length: 20 }, () => rig.ask()));
  const random = createRandom(7);
  plan.fate = () => random() < 0.8 ? "happens" : random() < 0.5 ? "lost" : "unanswered";
  const jobsNow = () => Promise.all(asked.map(({ id }) => rig.jobs.get(id)));
  for (let round = 0; round < 200; round++) {
    if ((await jobsNow()).every((job) => job?.state === "completed")) break;
    // A claim whose answer got lost waits for the end of its lease.
    rig.advance(LEASE_MS / 4);
    await pause(50);
  }
  delete plan.fate;
  for (const job of await jobsNow()) {
    assertEquals(job?.state, "completed");
    const body = await rig.files.read(job?.artifact?.name ?? "");
    assertEquals(await new Response(body).text(), "x");
  }
});
