import { createJobEnds } from "../../../jobs/engine/job_ends.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { createGate, createWorkerRig, textKind } from "../../support/worker_rig.ts";

const never = new AbortController().signal;
const MINUTE = { timeoutMs: 60_000, signal: never };

Deno.test("two waits for one job end when it ends, long before the records are polled", async () => {
  await using rig = await createWorkerRig();
  const gate = createGate();
  await rig.addWorker("a", [textKind(rig.files, () => gate.passed.then(() => "text"))]);
  const job = await rig.ask();
  const waits = [rig.jobs.waitForEnd(job, MINUTE), rig.jobs.waitForEnd(job, MINUTE)];
  await rig.until(job.id, "running");
  const openedMs = performance.now();
  gate.open();
  const ended = await Promise.all(waits);
  assertEquals(ended.map((one) => one?.state), ["completed", "completed"]);
  assert(performance.now() - openedMs < 400, "the wait ended with the poll");
});

Deno.test("a wait for a job that ended before it began returns at once", async () => {
  await using rig = await createWorkerRig();
  await rig.addWorker("a", [textKind(rig.files, () => Promise.resolve("text"))]);
  const created = await rig.ask();
  const ended = await rig.until(created.id, "completed");
  // The first is how the job was when it was created.
  for (const job of [created, ended]) {
    assertEquals((await rig.jobs.waitForEnd(job, MINUTE))?.state, "completed");
  }
});

Deno.test("a job that another process ends is found by polling", async () => {
  await using rig = await createWorkerRig();
  const job = await rig.ask();
  // This process does not report the ends of its jobs to the waits.
  const { jobs } = rig;
  const deaf = createJobEnds({ kv: rig.kv, log: () => {} });
  using listener = deaf.listen(job.id);
  const wait = listener.ended(MINUTE);
  assert(await jobs.cancel(job.id));
  await wait;
  await deaf.stop();
});

Deno.test("a wait for a job whose record is deleted ends with null", async () => {
  await using rig = await createWorkerRig();
  const job = await rig.ask();
  const wait = rig.jobs.waitForEnd(job, MINUTE);
  await rig.kv.delete(["job", job.id]);
  assertEquals(await wait, null);
});

Deno.test("a cancelled job ends the waits for it", async () => {
  await using rig = await createWorkerRig();
  const job = await rig.ask();
  const wait = rig.jobs.waitForEnd(job, MINUTE);
  const startedMs = performance.now();
  assert(await rig.jobs.cancel(job.id));
  assertEquals((await wait)?.state, "cancelled");
  assert(performance.now() - startedMs < 400, "the wait ended with the poll");
});

Deno.test("a wait ends after its time, when its signal aborts, and when the process stops", async () => {
  await using rig = await createWorkerRig();
  const job = await rig.ask();
  const startedMs = performance.now();
  const late = await rig.jobs.waitForEnd(job, { timeoutMs: 50, signal: never });
  assertEquals(late?.state, "pending");
  assert(performance.now() - startedMs >= 49);
  const controller = new AbortController();
  const aborted = rig.jobs.waitForEnd(job, { timeoutMs: 60_000, signal: controller.signal });
  setTimeout(() => controller.abort(), 10);
  assertEquals((await aborted)?.state, "pending");
  const gone = await rig.jobs.waitForEnd(job, { timeoutMs: 60_000, signal: AbortSignal.abort() });
  assertEquals(gone?.state, "pending");
  const stopped = rig.jobs.waitForEnd(job, MINUTE);
  setTimeout(() => rig.ends.stop(), 10);
  assertEquals((await stopped)?.state, "pending");
  // Nobody waits once the process stops.
  assertEquals((await rig.jobs.waitForEnd(job, MINUTE))?.state, "pending");
  assert(performance.now() - startedMs < 5_000);
});

Deno.test("a database that fails leaves the job as it was created", async () => {
  await using rig = await createWorkerRig();
  const job = await rig.ask();
  const wait = rig.jobs.waitForEnd(job, { timeoutMs: 100, signal: never });
  const { get } = rig.kv;
  rig.kv.get = () => Promise.reject(new Error("gone"));
  assertEquals(await wait, job);
  assertEquals(rig.logged, ["job not read"]);
  rig.kv.get = get;
});

Deno.test("5,000 waits for 500 jobs cost at most 10 reads per poll and all end", async () => {
  await using rig = await createWorkerRig();
  let reads = 0;
  const kv = {
    getMany<T extends readonly unknown[]>(keys: readonly [...{ [K in keyof T]: Deno.KvKey }]) {
      reads++;
      return rig.kv.getMany<T>(keys);
    },
  };
  const ends = createJobEnds({ kv, log: () => {} });
  const jobs = await Promise.all(Array.from({ length: 500 }, () => rig.ask()));
  const startedMs = performance.now();
  const listeners = Array.from({ length: 5_000 }, (_, index) => ends.listen(jobs[index % 500].id));
  let ended = 0;
  const waits = listeners.map((listener) => listener.ended(MINUTE).then(() => ended++));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  assertEquals(ended, 0);
  const polls = Math.ceil((performance.now() - startedMs) / 250);
  assert(reads > 0 && reads <= 10 * polls, `${reads} reads`);
  // Every job has its turn: 500 jobs take five polls of 100.
  await Promise.all(jobs.map(({ id }) => rig.jobs.cancel(id)));
  await Promise.all(waits);
  for (const listener of listeners) listener[Symbol.dispose]();
  await ends.stop();
});
