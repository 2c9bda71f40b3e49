import { createJobEnds } from "../../../jobs/engine/job_ends.ts";
import { createJobWatches } from "../../../jobs/engine/job_watches.ts";
import { createJobs } from "../../../jobs/engine/jobs.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const request = { kind: "test", params: "", owner: "anyone", slot: null };

/** Jobs of a process without a worker, and how often they looked for work. */
function jobsOver(kv: Deno.Kv, hasQueue: boolean) {
  const log = () => {};
  const ends = createJobEnds({ kv, log });
  let pokes = 0;
  const jobs = createJobs({
    kv,
    files: { remove: () => Promise.resolve() },
    hasQueue,
    now: Date.now,
    newId: () => crypto.randomUUID(),
    poke: () => pokes++,
    onCancelled: () => {},
    ends,
    watches: createJobWatches({ kv, log }),
    log,
    jobRetentionMs: 1e9,
    maxWaitMs: 20,
  });
  return { jobs, ends, pokes: () => pokes };
}

Deno.test("who asks for a job that waits makes a process of a shared database look for work", async () => {
  using kv = await Deno.openKv(":memory:");
  const shared = jobsOver(kv, false), alone = jobsOver(kv, true);
  const { id } = await shared.jobs.create(request);
  assertEquals(shared.pokes(), 1);
  await shared.jobs.get(id);
  assertEquals(shared.pokes(), 2);
  // A process that has the database alone knows of it already.
  await alone.jobs.get(id);
  assertEquals(alone.pokes(), 0);
  await shared.jobs.cancel(id);
  await shared.jobs.get(id);
  assertEquals(shared.pokes(), 2);
});

Deno.test("a wait for a job ends after the longest time that the service allows", async () => {
  using kv = await Deno.openKv(":memory:");
  const { jobs, ends } = jobsOver(kv, false);
  const job = await jobs.create(request);
  const signal = AbortSignal.timeout(60_000);
  const after = await jobs.waitForEnd(job, { timeoutMs: 60_000, signal });
  assertEquals(after?.state, "pending");
  assert(!signal.aborted);
  await ends.stop();
});
