import type { JobContext, JobKind } from "../../../jobs/engine/job_kind.ts";
import { commitJob, getJob } from "../../../kv/jobs/jobs.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { pause } from "../../support/process.ts";
import { strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { until } from "../../support/until.ts";
import { createGate, createWorkerRig } from "../../support/worker_rig.ts";

/** Runs of jobs that wait, on a database that counts. */
async function startWaiting(count: number) {
  const plan: StrictPlan = {};
  const below = await Deno.openKv(":memory:");
  const kv = strictKv(below, plan);
  const rig = await createWorkerRig(kv, { hasQueue: false, checkpointEveryMs: 0 });
  const gate = createGate();
  const contexts: JobContext[] = [];
  const kind: JobKind = {
    name: "test",
    failure: { code: "EXPORT_FAILED", message: "It failed", details: "" },
    async run(context) {
      contexts.push(context);
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      context.signal.addEventListener("abort", () => reject(context.signal.reason));
      await Promise.race([gate.passed, aborted]);
      return { artifact: null, result: "done" };
    },
  };
  await rig.addWorker("w", [kind], count);
  const jobs = [];
  for (let index = 0; index < count; index++) jobs.push(await rig.ask());
  await until(() => Promise.resolve(contexts.length === count));
  // How the accesses to jobs went, without those of loops and duties.
  const accesses: string[] = [];
  plan.before = ({ kind: access, space }) => void (space === "job" && accesses.push(access));
  return { below, rig, gate, contexts, jobs, accesses };
}

Deno.test("the heartbeats of all runs of a process are one read and one commit", async () => {
  const { below, rig, gate, contexts, jobs, accesses } = await startWaiting(5);
  await using _ = rig;
  for (const { jobId, checkpoints, progress } of contexts) {
    // Those that were created in the same millisecond start in any order.
    const index = jobs.findIndex(({ id }) => id === jobId);
    progress({ done: index + 1, share: 0.5 });
    assert(checkpoints.save({ state: index, file: null }));
  }
  await until(async () => (await getJob(below, jobs[4].id))?.value.checkpoint !== undefined);
  assertEquals(accesses.slice(0, 2), ["get", "commit"]);
  for (const [index, { id }] of jobs.entries()) {
    const job = (await getJob(below, id))?.value;
    assertEquals([job?.progress.done, job?.checkpoint?.parts], [index + 1, 1]);
  }
  gate.open();
  for (const { id } of jobs) await rig.until(id, "completed");
});

Deno.test("jobs that end at the same time end in one commit, and without a read", async () => {
  const { below, rig, gate, jobs, accesses } = await startWaiting(5);
  await using _ = rig;
  gate.open();
  // The next heartbeat would read.
  while (!accesses.includes("commit")) await pause(0);
  assertEquals(accesses[0], "commit");
  await until(async () => {
    const states = await Promise.all(jobs.map(({ id }) => getJob(below, id)));
    return states.every((entry) => entry?.value.state === "completed");
  });
  assertEquals(accesses.filter((access) => access === "commit").length, 1);
});

Deno.test("a run whose record has changed since its claim ends as the new record demands", async () => {
  const { rig, gate, jobs } = await startWaiting(2);
  await using _ = rig;
  const entry = await getJob(rig.kv, jobs[0].id);
  assert(entry !== null);
  // Its owner is another one by now.
  const other = {
    ...entry.value,
    epoch: 7,
    lease: { owner: "other", untilMs: rig.now() + 60_000 },
  };
  assert(await commitJob(rig.kv, entry, other));
  gate.open();
  await rig.until(jobs[1].id, "completed");
  await until(() =>
    Promise.resolve(rig.logged.filter((event) => event === "job run ended").length === 2)
  );
  const left = await getJob(rig.kv, jobs[0].id);
  assertEquals([left?.value.state, left?.value.epoch], ["running", 7]);
});
