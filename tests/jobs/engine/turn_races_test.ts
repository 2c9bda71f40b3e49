import type { JobContext, JobKind } from "../../../jobs/engine/job_kind.ts";
import { pause } from "../../support/process.ts";
import { claimed, newJob } from "../../../jobs/engine/transitions.ts";
import { readAccount } from "../../../kv/jobs/accounts.ts";
import { listTurns } from "../../../kv/jobs/due.ts";
import { getJob, type JobEntry, lineUpJob, stageJob } from "../../../kv/jobs/jobs.ts";
import { commitStarts } from "../../../kv/jobs/starts.ts";
import { endTurn, readTurn, type TurnAhead } from "../../../kv/jobs/turns.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { until } from "../../support/until.ts";
import { createWorkerRig, textKind, type WorkerRig } from "../../support/worker_rig.ts";

const ACCOUNT = "anyone";

/** A job that waits by time, like one that was retried, handed back, or left by an older release. */
async function addTimedJob(rig: WorkerRig): Promise<JobEntry> {
  const id = crypto.randomUUID();
  const op = rig.kv.atomic();
  stageJob(op, newJob({ id, kind: "test", params: "", owner: ACCOUNT, slot: null }, rig.now()));
  await op.commit();
  return await entryOf(rig, id);
}

async function entryOf(rig: WorkerRig, id: string): Promise<JobEntry> {
  const entry = await getJob(rig.kv, id);
  assert(entry !== null);
  return entry;
}

async function turnAhead(rig: WorkerRig, most = 1): Promise<TurnAhead> {
  const [turn] = await Array.fromAsync(listTurns(rig.kv));
  return await readTurn(rig.kv, turn, most);
}

/** Starts the first jobs in line. */
async function take(rig: WorkerRig, turn: TurnAhead, count = 1): Promise<boolean> {
  assert(turn.places.length >= count);
  const starts = await Promise.all(
    turn.places.slice(0, count).map(async ({ id }) => {
      const from = await entryOf(rig, id);
      return { from, to: claimed(from.value, "a process", rig.now()) };
    }),
  );
  return await commitStarts(rig.kv, { starts, turn, checks: [] }) !== null;
}

/** The ids of the jobs in line. */
async function line(rig: WorkerRig): Promise<string[]> {
  return (await turnAhead(rig, 10)).places.map(({ id }) => id);
}

Deno.test("the last job of a line does not end the turn of a job that joins while it starts", async () => {
  await using rig = await createWorkerRig();
  await rig.ask();
  const timed = await addTimedJob(rig);
  const turn = await turnAhead(rig);
  assert(await lineUpJob(rig.kv, timed));
  assertEquals(await take(rig, turn), false);
  assert(await take(rig, await turnAhead(rig)));
  assertEquals(await line(rig), [timed.value.id]);
});

Deno.test("jobs that start together take as many turns, and none from a job that joins meanwhile", async () => {
  await using rig = await createWorkerRig();
  for (let count = 0; count < 4; count++) await rig.ask();
  const ids = await line(rig);
  const before = (await turnAhead(rig)).account;
  // While others stay in line, a job may join it.
  const turn = await turnAhead(rig, 3);
  const timed = await addTimedJob(rig);
  assert(await lineUpJob(rig.kv, timed));
  assert(await take(rig, turn, 3));
  const { account } = await turnAhead(rig);
  assertEquals([account.turn - before.turn, account.turn - account.round], [3, 1]);
  assertEquals([account.waiting, account.running], [2, 3]);
  assertEquals((await line(rig)).toSorted(), [ids[3], timed.value.id].toSorted());
  // The same turn cannot be taken again.
  assertEquals(await take(rig, turn, 1), false);
  const last = await turnAhead(rig, 2);
  const late = await rig.ask();
  assertEquals(await take(rig, last, 2), false);
  assert(await take(rig, await turnAhead(rig, 2), 2));
  assertEquals(await line(rig), [late.id]);
});

Deno.test("two processes start different jobs of one line at the same time, also while another job joins it", async () => {
  await using rig = await createWorkerRig();
  for (let count = 0; count < 4; count++) await rig.ask();
  assert(await take(rig, await turnAhead(rig)));
  const { account: before, places } = await turnAhead(rig, 3);
  const starts = await Promise.all(places.map(async ({ id }) => {
    const from = await entryOf(rig, id);
    return { from, to: claimed(from.value, "a process", rig.now()) };
  }));
  const start = (...which: number[]) =>
    commitStarts(rig.kv, { starts: which.map((at) => starts[at]), turn: null, checks: [] });
  const late = await rig.ask();
  const [one, two] = await Promise.all([start(0), start(1, 2)]);
  assertEquals([one?.length, two?.length], [1, 2]);
  // What one has started, another one cannot, nor what would go with it.
  await rig.ask();
  assertEquals(await start(0), null);
  const { account } = await turnAhead(rig);
  assertEquals([account.turn, account.round], [before.turn, before.round]);
  assertEquals([account.waiting, account.running], [2, 4]);
  assertEquals((await line(rig))[0], late.id);
});

Deno.test("a line that was found empty keeps its turn if a job joins it meanwhile", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.ask();
  const timed = await addTimedJob(rig);
  await rig.jobs.cancel(id);
  const turn = await turnAhead(rig);
  assertEquals(turn.places, []);
  assert(await lineUpJob(rig.kv, timed));
  await endTurn(rig.kv, turn.account);
  assertEquals(await line(rig), [timed.value.id]);
});

Deno.test("a worker that starts gives a turn to every line without one, and only to those", async () => {
  await using rig = await createWorkerRig();
  const jobs = [];
  for (const owner of ["A", "B", "C"]) {
    jobs.push(await rig.ask({ owner }), await rig.ask({ owner }));
  }
  // What a race of an earlier release left behind: jobs in line, and an account that does not wait.
  await rig.kv.delete(["job_account", "B", "in_turn"]);
  await rig.kv.delete(["due", "job_turn", (await readAccount(rig.kv, "B")).turn, "B"]);
  await rig.addWorker("w", [textKind(rig.files, () => Promise.resolve("x"))]);
  for (const { id } of jobs) await rig.until(id, "completed");
  assertEquals(await Array.fromAsync(listTurns(rig.kv)), []);
});

/** A database that counts the commits of jobs. */
function countingKv(database: Deno.Kv): { kv: Deno.Kv; jobCommits: () => number } {
  let count = 0;
  const plan: StrictPlan = {
    fate({ keys }) {
      if (keys.some(([space]) => space === "job")) count++;
      return "happens";
    },
  };
  return { kv: strictKv(database, plan), jobCommits: () => count };
}

function inOrder(numbers: readonly string[]): number[] {
  return numbers.map(Number).sort((a, b) => a - b);
}

/** A kind whose runs note their parameters. */
function paramsKind(ran: string[], wait?: () => Promise<void>): JobKind {
  return notingKind(({ params }) => void ran.push(String(params)), wait);
}

/** A kind whose runs note the ids of their jobs. */
function idKind(ran: string[], wait?: () => Promise<void>): JobKind {
  return notingKind(({ jobId }) => void ran.push(jobId), wait);
}

function notingKind(note: (context: JobContext) => void, wait?: () => Promise<void>): JobKind {
  return {
    name: "test",
    failure: { code: "EXPORT_FAILED", message: "It failed", details: "" },
    async run(context) {
      note(context);
      await wait?.();
      return { artifact: null, result: null };
    },
  };
}

Deno.test("a job that follows in line starts in the commit that ends another one", async () => {
  const { kv, jobCommits } = countingKv(await Deno.openKv(":memory:"));
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  const ran: string[] = [];
  const jobs = [];
  for (let number = 0; number < 24; number++) jobs.push(await rig.ask({ params: String(number) }));
  const before = jobCommits();
  await rig.addWorker("w", [paramsKind(ran)], 1);
  for (const { id } of jobs) await rig.until(id, "completed");
  assertEquals(inOrder(ran), jobs.map((_, number) => number));
  // 24 ends. A scan starts one job and reads seven more; the last job of a line starts by itself.
  assertLessOrEqual(jobCommits() - before, 24 + 6);
  assertEquals((await readAccount(rig.kv, ACCOUNT)).running, 0);
});

Deno.test("of processes that start what follows in line, each job runs in one", async () => {
  const { kv } = countingKv(await Deno.openKv(":memory:"));
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  const ran: string[] = [];
  const kind = paramsKind(ran, () => pause(Math.random() * 5));
  const jobs = [];
  for (let number = 0; number < 60; number++) jobs.push(await rig.ask({ params: String(number) }));
  for (const owner of ["v", "w", "x"]) await rig.addWorker(owner, [kind], 2);
  for (const { id } of jobs) await rig.until(id, "completed");
  assertEquals(inOrder(ran), jobs.map((_, number) => number));
  assertEquals(await Array.fromAsync(listTurns(rig.kv)), []);
  const { running, waiting } = await readAccount(rig.kv, ACCOUNT);
  assertEquals([running, waiting], [0, 0]);
});

/** Creates jobs. Returns their ids in the order of the line. */
async function askMany(rig: WorkerRig, count: number): Promise<string[]> {
  for (let number = 0; number < count; number++) await rig.ask();
  return (await turnAhead(rig, count)).places.map(({ id }) => id);
}

Deno.test("a job that was cancelled after it was read does not start, and the job before it ends", async () => {
  const { kv } = countingKv(await Deno.openKv(":memory:"));
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const ran: string[] = [];
  const ids = await askMany(rig, 4);
  await rig.addWorker("w", [idKind(ran, () => ran.length === 1 ? held : Promise.resolve())], 1);
  await rig.until(ids[0], "running");
  assert(await rig.jobs.cancel(ids[1]));
  release();
  const others = [ids[0], ids[2], ids[3]];
  for (const id of others) await rig.until(id, "completed");
  assertEquals(ran, others);
});

for (const fate of ["unanswered", "lost"] as const) {
  for (const concurrency of [1, 3]) {
    Deno.test(`a job runs once, and at once, if the commit that ends one and starts it is ${fate}, with ${concurrency} at a time`, async () => {
      const plan: StrictPlan = {};
      const kv = strictKv(await Deno.openKv(":memory:"), plan);
      await using rig = await createWorkerRig(kv, { hasQueue: false });
      const ran: string[] = [];
      const ids = await askMany(rig, 12);
      let faults = 0;
      plan.fate = ({ keys }) => {
        const changed = ids.filter((id) => keys.some((key) => key[0] === "job" && key[1] === id))
          .map((id) => ran.includes(id));
        // One that has run, and one that has not.
        if (faults > 0 || !changed.includes(true) || !changed.includes(false)) return "happens";
        faults++;
        return fate;
      };
      await rig.addWorker("w", [idKind(ran)], concurrency);
      // No lease ends meanwhile.
      for (const id of ids) await rig.until(id, "completed");
      assertEquals(ran.toSorted(), ids.toSorted());
      if (concurrency === 1) assertEquals(ran, ids);
      assertEquals([faults, rig.logged.includes("job abandoned")], [1, false]);
      assertEquals((await readAccount(rig.kv, ACCOUNT)).running, 0);
    });
  }
}

for (const concurrency of [1, 3]) {
  Deno.test(`jobs that a scan starts run at once if the answer is lost, ${concurrency} at a time`, async () => {
    const plan: StrictPlan = {};
    const kv = strictKv(await Deno.openKv(":memory:"), plan);
    await using rig = await createWorkerRig(kv, { hasQueue: false });
    const ran: string[] = [];
    const ids = await askMany(rig, 5);
    let faults = 0;
    plan.fate = ({ keys }) => {
      const isStart = faults === 0 && keys.some(([space]) => space === "job");
      if (isStart) faults++;
      return isStart ? "unanswered" : "happens";
    };
    await rig.addWorker("w", [idKind(ran)], concurrency);
    for (const id of ids) await rig.until(id, "completed");
    assertEquals(ran.toSorted(), ids.toSorted());
    assertEquals([faults, rig.logged.includes("job abandoned")], [1, false]);
  });
}

for (const fate of ["happens", "unanswered"] as const) {
  Deno.test(`a worker that stops leaves no job running whose start is on its way, if the commit is ${fate}`, async () => {
    const plan: StrictPlan = {};
    const kv = strictKv(await Deno.openKv(":memory:"), plan);
    await using rig = await createWorkerRig(kv, { hasQueue: false });
    const ran: string[] = [];
    const ids = await askMany(rig, 5);
    let stopped: Promise<void> | null = null;
    const worker = await rig.addWorker("w", [idKind(ran)], 1);
    plan.fate = ({ keys }) => {
      if (stopped !== null || keys.filter(([space]) => space === "job").length < 2) {
        return "happens";
      }
      stopped = worker.stop(0);
      return fate;
    };
    await until(() => Promise.resolve(stopped !== null));
    await stopped;
    const left = await Promise.all(ids.map((id) => entryOf(rig, id)));
    assertEquals(left.filter(({ value }) => value.state === "running"), []);
    assertEquals((await readAccount(rig.kv, ACCOUNT)).running, 0);
    await rig.addWorker("v", [idKind(ran)], 1);
    for (const id of ids) await rig.until(id, "completed");
  });
}

function fixRandom(value: number): Disposable {
  const { random } = Math;
  Math.random = () => value;
  return {
    [Symbol.dispose]() {
      Math.random = random;
    },
  };
}

Deno.test("a process without others starts jobs in order also after one was cancelled", async () => {
  const { kv } = countingKv(await Deno.openKv(":memory:"));
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const ran: string[] = [];
  const ids = await askMany(rig, 14);
  // Where a process looks that meets others is random.
  using _random = fixRandom(0.99);
  await rig.addWorker("w", [idKind(ran, () => ran.length === 1 ? held : Promise.resolve())], 1);
  await rig.until(ids[0], "running");
  assert(await rig.jobs.cancel(ids[0]));
  release();
  for (const id of ids.slice(1)) await rig.until(id, "completed");
  assertEquals(ran, ids);
});
