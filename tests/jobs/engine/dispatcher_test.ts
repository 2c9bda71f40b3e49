import {
  createDispatcher,
  type Dispatcher,
  type DispatcherDeps,
} from "../../../jobs/engine/dispatcher.ts";
import type { JobKind } from "../../../jobs/engine/job_kind.ts";
import { MAX_ABANDONED } from "../../../jobs/engine/retry.ts";
import { claimed, LEASE_MS } from "../../../jobs/engine/transitions.ts";
import { readAccount } from "../../../kv/jobs/accounts.ts";
import { listDue, listLine, openDueScan } from "../../../kv/jobs/due.ts";
import { commitJob, getJob, type JobRecord } from "../../../kv/jobs/jobs.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { createGate, createWorkerRig, textKind, type WorkerRig } from "../../support/worker_rig.ts";

function dispatcherOf(rig: WorkerRig, more: Partial<DispatcherDeps> = {}): Dispatcher {
  return createDispatcher({
    kv: rig.kv,
    now: rig.now,
    log: () => {},
    owner: "me",
    kinds: [],
    files: rig.files,
    concurrency: 1,
    onRoom: () => {},
    onEnded: () => {},
    fileRetentionMs: 1,
    jobRetentionMs: 86_400_000,
    ...more,
  });
}

/** Claims a job like a process that dies afterwards. */
async function claimAsDead(rig: WorkerRig, id: string): Promise<JobRecord> {
  const entry = await getJob(rig.kv, id);
  assert(entry !== null);
  const job = claimed(entry.value, "dead", rig.now());
  assert(await commitJob(rig.kv, entry, job));
  return job;
}

Deno.test("the jobs of dead owners become pending at once, one's own do not", async () => {
  await using rig = await createWorkerRig();
  const [left, own] = [await rig.ask(), await rig.ask()];
  await claimAsDead(rig, left.id);
  const entry = await getJob(rig.kv, own.id);
  assert(entry !== null && await commitJob(rig.kv, entry, claimed(entry.value, "me", rig.now())));
  assertEquals(await dispatcherOf(rig).requeueOthers(), 1);
  assertEquals((await rig.jobs.get(left.id))?.state, "pending");
  assertEquals((await rig.jobs.get(own.id))?.state, "running");
});

Deno.test("a job that 21 owners abandoned fails and does not run forever", async () => {
  await using rig = await createWorkerRig();
  const dispatcher = dispatcherOf(rig);
  const { id } = await rig.ask();
  for (let time = 1; time <= MAX_ABANDONED; time++) {
    await claimAsDead(rig, id);
    await dispatcher.requeueOthers();
    const job = await rig.jobs.get(id);
    assertEquals([job?.state, job?.abandoned, job?.attempt], ["pending", time, 1]);
  }
  await claimAsDead(rig, id);
  await dispatcher.requeueOthers();
  const job = await rig.jobs.get(id);
  assertEquals([job?.state, job?.error?.code], ["failed", "JOB_ABANDONED"]);
});

Deno.test("a due entry that fires while the lease holds moves to the end of the lease", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.ask();
  const { due, lease } = await claimAsDead(rig, id);
  const entry = await getJob(rig.kv, id);
  assert(entry !== null && lease !== null);
  const untilMs = lease.untilMs + 5_000;
  await commitJob(rig.kv, entry, { ...entry.value, lease: { ...lease, untilMs } });
  await dispatcherOf(rig).onLease({ ...due, id });
  const entries = await Array.fromAsync(listDue(rig.kv, { upToMs: rig.now() + 2 * LEASE_MS }));
  assertEquals(entries, [{ atMs: untilMs, kind: "job_lease", id }]);
  assertEquals((await rig.jobs.get(id))?.state, "running");
});

Deno.test("a job of an unknown kind waits a minute and does not affect other jobs", async () => {
  await using rig = await createWorkerRig();
  const { id, due } = await rig.ask({ kind: "of a later version" });
  await dispatcherOf(rig).onTurns(openDueScan(rig.kv, { upToMs: 0 }).nextTurn);
  const job = await rig.jobs.get(id);
  assert(job !== null && job.state === "pending" && job.due.atMs >= due.atMs + 60_000);
});

Deno.test("a record that cannot be read does not stop others from becoming pending", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.ask();
  const { due } = await claimAsDead(rig, id);
  await rig.kv.set(["job", "broken"], { v: 99 });
  await rig.kv.set(["due", due.atMs - 1, "job_lease", "broken"], true);
  assertEquals(await dispatcherOf(rig).requeueOthers(), 1);
  assertEquals((await rig.jobs.get(id))?.state, "pending");
});

Deno.test("a job with a cancel request does not start again", async () => {
  await using rig = await createWorkerRig();
  const dispatcher = dispatcherOf(rig);
  const { id } = await rig.ask();
  await claimAsDead(rig, id);
  await rig.jobs.cancel(id);
  await dispatcher.requeueOthers();
  const job = await rig.jobs.get(id);
  assert(job !== null);
  await dispatcher.onWaiting({ ...job.due, id });
  assertEquals((await rig.jobs.get(id))?.state, "cancelled");
});

Deno.test("a dispatcher reads at most one turn more than it starts jobs", async () => {
  await using rig = await createWorkerRig();
  for (const owner of ["A", "B", "C", "D"]) await rig.ask({ owner });
  const gate = createGate();
  const kinds = [textKind(rig.files, () => gate.passed.then(() => "x"))];
  const dispatcher = dispatcherOf(rig, { kinds, concurrency: 2 });
  const scan = openDueScan(rig.kv, { upToMs: 0 });
  let asked = 0;
  const nextTurn = () => (asked++, scan.nextTurn());
  await dispatcher.onTurns(nextTurn);
  assertEquals([dispatcher.hasRoom(), asked], [false, 3]);
  await dispatcher.onTurns(nextTurn);
  assertEquals(asked, 3);
  gate.open();
  await dispatcher.stop(10_000);
});

Deno.test("a start that other processes prevent again and again is left to the next scan", async () => {
  const below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  await using rig = await createWorkerRig(strictKv(below, plan), { hasQueue: false });
  const [{ id }, other] = [await rig.ask({ owner: "A" }), await rig.ask({ owner: "B" })];
  const kinds = [textKind(rig.files, () => Promise.resolve("x"))];
  const dispatcher = dispatcherOf(rig, {
    kinds,
    concurrency: 2,
    runningMax: () => Promise.resolve(3),
  });
  const scan = () => dispatcher.onTurns(openDueScan(rig.kv, { upToMs: 0 }).nextTurn);
  let prevented = 0;
  plan.before = async ({ kind, space }) => {
    // A job of the account starts and ends elsewhere, which leaves the number of running jobs as it was.
    if (kind !== "commit" || space !== "job") return;
    if (prevented++ < 50) await below.atomic().sum(["job_account", "A", "running"], 0n).commit();
  };
  await scan();
  delete plan.before;
  assertEquals((await rig.jobs.get(id))?.state, "pending");
  // Five starts of this job, and the commits of the other one.
  assert(prevented <= 10, `${prevented} times`);
  await rig.until(other.id, "completed");
  await scan();
  await rig.until(id, "completed");
  await dispatcher.stop(10_000);
});

Deno.test("jobs of the only account that waits start together, those of two take turns", async () => {
  const below = strictKv(await Deno.openKv(":memory:"));
  await using rig = await createWorkerRig(below, { hasQueue: false });
  const gate = createGate();
  const started: string[] = [];
  const kind = textKind(rig.files, () => gate.passed.then(() => "x"));
  const kinds: JobKind[] = [{
    ...kind,
    run(context) {
      started.push(context.jobId);
      return kind.run(context);
    },
  }];
  const scan = (of: ReturnType<typeof dispatcherOf>) =>
    of.onTurns(openDueScan(rig.kv, { upToMs: 0 }).nextTurn);
  for (let count = 0; count < 12; count++) await rig.ask({ owner: "A" });
  const ids = (await listLine(rig.kv, "A", 12)).map(({ id }) => id);
  const one = dispatcherOf(rig, { kinds, concurrency: 8 });
  const before = below.commits();
  await scan(one);
  // At most six in a commit.
  assertEquals([below.commits() - before, started], [2, ids.slice(0, 8)]);
  const others = [];
  for (let count = 0; count < 2; count++) others.push((await rig.ask({ owner: "B" })).id);
  const [two, three] = [1, 2].map(() => dispatcherOf(rig, { kinds, concurrency: 3 }));
  // A scan leaves an account to the next one if it loses several starts to another process.
  for (let tries = 0; tries < 20 && started.length < 14; tries++) {
    await Promise.all([scan(two), scan(three)]);
  }
  const rest = started.slice(8);
  assertEquals(rest.toSorted(), [...ids.slice(8), ...others].toSorted());
  gate.open();
  for (const id of [...ids, ...others]) assertEquals((await rig.until(id, "completed")).epoch, 1);
  for (const each of [one, two, three]) await each.stop(10_000);
});

Deno.test("three processes start the jobs of one line once each", async () => {
  const below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  await using rig = await createWorkerRig(strictKv(below, plan), { hasQueue: false });
  const epochs: string[] = [];
  const kind = textKind(rig.files, () => Promise.resolve("x"));
  const kinds: JobKind[] = [{
    ...kind,
    run(context) {
      epochs.push(context.jobId);
      return kind.run(context);
    },
  }];
  const jobs = [];
  for (let count = 0; count < 60; count++) jobs.push(await rig.ask({ owner: "A" }));
  // Every access takes a moment, so that the three are always in each other's way.
  plan.before = () => new Promise((resolve) => setTimeout(resolve));
  const dispatchers = Array.from({ length: 3 }, (_, index) => {
    const owner = `w${index}`;
    const scan = () => dispatcher.onTurns(openDueScan(rig.kv, { upToMs: 0 }).nextTurn);
    let scanning = Promise.resolve();
    const onRoom = () => void (scanning = scanning.then(scan));
    const dispatcher = dispatcherOf(rig, { kinds, owner, concurrency: 2, onRoom });
    onRoom();
    return { dispatcher, idle: () => scanning };
  });
  for (const { id } of jobs) await rig.until(id, "completed");
  delete plan.before;
  for (const { dispatcher, idle } of dispatchers) {
    await idle();
    await dispatcher.stop(10_000);
  }
  assertEquals(epochs.toSorted(), jobs.map(({ id }) => id).toSorted());
  const { waiting, running, isWaiting } = await readAccount(rig.kv, "A");
  assertEquals([waiting, running, isWaiting], [0, 0, false]);
});
