import fc from "fast-check";
import { NO_KEY_LIMITS } from "../../../data/access/key_limits.ts";
import { AppError } from "../../../data/app_error.ts";
import type { JobKind } from "../../../jobs/engine/job_kind.ts";
import { LEASE_MS, newJob } from "../../../jobs/engine/transitions.ts";
import { readAccount } from "../../../kv/jobs/accounts.ts";
import { getJobs, type JobRecord, stageJob } from "../../../kv/jobs/jobs.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { pause } from "../../support/process.ts";
import { randomFates, strictKv } from "../../support/strict_kv.ts";
import { createGate, createWorkerRig, textKind, type WorkerRig } from "../../support/worker_rig.ts";

/** A kind that notes the parameters of each run in the order of their starts. */
function notingKind(starts: string[], until: () => Promise<void> = async () => {}): JobKind {
  return {
    name: "test",
    failure: { code: "EXPORT_FAILED", message: "It failed", details: "" },
    async run({ params }) {
      starts.push(String(params));
      await until();
      return { artifact: null, result: null };
    },
  };
}

/** Creates jobs of an owner, one millisecond apart. Their parameters are `A1`, `A2` and so on. */
async function askMany(rig: WorkerRig, owner: string, count: number): Promise<JobRecord[]> {
  const jobs: JobRecord[] = [];
  for (let number = 1; number <= count; number++) {
    rig.advance(1);
    jobs.push(await rig.ask({ owner, params: `${owner}${number}` }));
  }
  return jobs;
}

async function allEnded(rig: WorkerRig, jobs: readonly JobRecord[]): Promise<void> {
  for (const { id } of jobs) await rig.until(id, "completed");
}

Deno.test("the one job of an owner starts next although another owner has 500 waiting", async () => {
  await using rig = await createWorkerRig();
  const starts: string[] = [];
  const held = createGate();
  const jobs = await askMany(rig, "A", 500);
  const kind = notingKind(starts, () => starts.length === 1 ? held.passed : Promise.resolve());
  await rig.addWorker("w", [kind], 1);
  while (starts.length < 1) await pause(1);
  await rig.ask({ owner: "B", params: "B1" });
  held.open();
  await rig.until(jobs[3].id, "completed");
  assertEquals(starts.slice(0, 5), ["A1", "B1", "A2", "A3", "A4"]);
});

Deno.test("owners take turns, and the jobs of each start in the order of their creation", async () => {
  await using rig = await createWorkerRig();
  const starts: string[] = [];
  const jobs = [];
  for (const [owner, count] of [["A", 4], ["B", 2], ["C", 3]] as const) {
    jobs.push(...await askMany(rig, owner, count));
  }
  await rig.addWorker("w", [notingKind(starts)], 1);
  await allEnded(rig, jobs);
  assertEquals(starts, ["A1", "B1", "C1", "A2", "B2", "C2", "A3", "C3", "A4"]);
});

Deno.test("an owner who always has one job waiting does not overtake one with many", async () => {
  await using rig = await createWorkerRig();
  const starts: string[] = [];
  const many = await askMany(rig, "B", 5);
  await rig.ask({ owner: "A", params: "A1" });
  // Each start of A's job asks for its next one, which so joins before B's next one starts.
  const kind = notingKind(starts, async () => {
    const last = starts.at(-1) as string;
    const number = Number(last.slice(1));
    if (last.startsWith("A") && number < 5) await rig.ask({ owner: "A", params: `A${number + 1}` });
  });
  await rig.addWorker("w", [kind], 1);
  await allEnded(rig, many);
  while (starts.length < 10) await pause(1);
  assertEquals(starts, ["A1", "B1", "A2", "B2", "A3", "B3", "A4", "B4", "A5", "B5"]);
});

Deno.test("jobs that an older release left waiting start, and take turns with new ones", async () => {
  await using rig = await createWorkerRig();
  const starts: string[] = [];
  const op = rig.kv.atomic();
  for (let number = 1; number <= 3; number++) {
    const id = crypto.randomUUID();
    const about = { kind: "test", params: `old${number}`, owner: "anyone", slot: null };
    stageJob(op, newJob({ ...about, id }, rig.now() - 10 + number));
  }
  await op.commit();
  const jobs = await askMany(rig, "B", 3);
  const held = createGate();
  await rig.addWorker("w", [
    notingKind(starts, () => starts.length === 1 ? held.passed : Promise.resolve()),
  ], 1);
  // The first scan starts a new job, and puts the old ones in line.
  while (starts.length < 1) await pause(1);
  const line = () => Array.fromAsync(rig.kv.list({ prefix: ["due", "job_line", "anyone"] }));
  while ((await line()).length < 3) await pause(1);
  held.open();
  await allEnded(rig, jobs);
  while (starts.length < 6) await pause(1);
  assertEquals(starts, ["B1", "old1", "B2", "old2", "B3", "old3"]);
});

Deno.test("an account at its limit of running jobs waits, and keeps no other waiting", async () => {
  const runningMax = (account: string) => Promise.resolve(account === "A" ? 2 : null);
  await using rig = await createWorkerRig(undefined, { runningMax });
  const gate = createGate();
  const starts: string[] = [];
  const ofA = await askMany(rig, "A", 6);
  const ofB = await askMany(rig, "B", 2);
  await rig.addWorker("w", [notingKind(starts, () => gate.passed)], 4);
  while (starts.length < 4) await pause(1);
  await pause(30);
  assertEquals(starts.toSorted(), ["A1", "A2", "B1", "B2"]);
  const { running, waiting } = await readAccount(rig.kv, "A");
  assertEquals([running, waiting], [2, 4]);
  gate.open();
  await allEnded(rig, [...ofA, ...ofB]);
});

Deno.test("two processes together never run more jobs of an account than its limit", async () => {
  await using rig = await createWorkerRig(undefined, { runningMax: () => Promise.resolve(2) });
  let running = 0, most = 0;
  // The first waits for a second, however long a busy machine takes to start it. All together wait no longer.
  const endMs = Date.now() + 28_000;
  const kind = notingKind([], async () => {
    most = Math.max(most, ++running);
    while (most < 2 && Date.now() < endMs) await pause(1);
    await pause(3);
    running--;
  });
  await rig.addWorker("v", [kind]);
  await rig.addWorker("w", [kind]);
  await allEnded(rig, await Promise.all(Array.from({ length: 30 }, () => rig.ask())));
  assertEquals(most, 2);
});

Deno.test("a job above the limit of waiting jobs is refused with the limit and the number", async () => {
  await using rig = await createWorkerRig();
  const limits = { ...NO_KEY_LIMITS, jobsWaiting: 5 };
  const asked = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => rig.ask({ limits, slot: `s${index}` })),
  );
  const jobs = asked.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  assertEquals(jobs.length, 5);
  const error = await assertRejects(() => rig.ask({ limits }), AppError);
  assertEquals(error.code, "JOBS_LIMITED");
  assertEquals(error.message, "At most 5 jobs of yours may wait at the same time, and 5 wait now");
  // The same request again is the same job, and other accounts have their own limit.
  const slot = jobs[0].slot;
  assertEquals((await rig.ask({ limits, slot })).id, jobs[0].id);
  await rig.ask({ limits, account: "address:192.0.2.1" });
  assert(await rig.jobs.cancel(jobs[0].id));
  await rig.ask({ limits });
});

Deno.test("files count for their account until they expire or are removed", async () => {
  await using rig = await createWorkerRig();
  await rig.addWorker("w", [textKind(rig.files, () => Promise.resolve("12345"))]);
  const limits = { ...NO_KEY_LIMITS, fileBytes: 10 };
  const fileBytes = async () => (await readAccount(rig.kv, "A")).fileBytes;
  const first = await rig.ask({ owner: "A", limits });
  await rig.until(first.id, "completed");
  assertEquals(await fileBytes(), 5);
  await rig.until((await rig.ask({ owner: "A", limits })).id, "completed");
  const error = await assertRejects(() => rig.ask({ owner: "A", limits }), AppError);
  assertEquals(error.code, "QUOTA_EXCEEDED");
  assertEquals(
    error.message,
    "The files of your jobs may take up 10 bytes, and they take up 10 now",
  );
  // A deletion makes no file, so it is not refused.
  await rig.ask({ owner: "A", limits, makesFile: false, kind: "none" });
  assert(await rig.jobs.remove(first.id));
  assertEquals(await fileBytes(), 5);
  const last = await rig.until((await rig.ask({ owner: "A", limits })).id, "completed");
  assertEquals(await fileBytes(), 10);
  rig.advance(3_600_000);
  await rig.until(last.id, "expired");
  while (await fileBytes() > 0) await pause(5);
});

Deno.test("a start costs the same reads however many jobs wait", async () => {
  const kv = strictKv(await Deno.openKv(":memory:"));
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  const gates: ReturnType<typeof createGate>[] = [];
  const kind = notingKind([], () => {
    const gate = createGate();
    gates.push(gate);
    return gate.passed;
  });
  const readsOfStart = async (waiting: number): Promise<number> => {
    await askMany(rig, "A", waiting);
    const before = kv.reads();
    const worker = await rig.addWorker(`w${waiting}`, [kind], 1);
    while (gates.length === 0) await pause(0);
    const reads = kv.reads() - before;
    gates.splice(0).forEach(({ open }) => open());
    await worker.stop(0);
    return reads;
  };
  const few = await readsOfStart(1);
  assert(Math.abs(await readsOfStart(300) - few) <= 3, `${few} reads for one`);
});

/** What the records of all jobs say about an account. */
async function countedAnew(
  kv: Deno.Kv,
): Promise<{ waiting: number; running: number; fileBytes: number }> {
  const ids = (await Array.fromAsync(kv.list({ prefix: ["job"] }))).map(({ key }) =>
    String(key[1])
  );
  const jobs = (await getJobs(kv, ids)).filter((job) => job !== null);
  const inState = (state: JobRecord["state"]) => jobs.filter((job) => job.state === state);
  return {
    waiting: inState("pending").length,
    running: inState("running").length,
    fileBytes: inState("completed").reduce((sum, job) => sum + (job.artifact?.sizeBytes ?? 0), 0),
  };
}

Deno.test("the counts are those of the records, and every waiting job has a turn, whatever commits fail", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const below = await Deno.openKv(":memory:");
      const plan: Parameters<typeof strictKv>[1] = {};
      const kv = strictKv(below, plan);
      await using rig = await createWorkerRig(kv, {
        hasQueue: false,
        runningMax: () => Promise.resolve(3),
      });
      plan.fate = randomFates(seed, 0.2);
      const workers = [];
      for (const name of ["v", "w"]) {
        let runs = 0;
        workers.push(
          await rig.addWorker(name, [textKind(rig.files, () => {
            if (++runs % 4 === 0) return Promise.reject(new Error("every fourth"));
            return Promise.resolve("x".repeat(runs));
          })]),
        );
      }
      const ask = async (index: number) => {
        const job = await rig.ask({ account: `a${index % 2}` }).catch(() => null);
        if (job !== null && index % 5 === 0) await rig.jobs.cancel(job.id).catch(() => {});
      };
      await Promise.all(Array.from({ length: 16 }, (_, index) => ask(index)));
      for (let round = 0; round < 8; round++) {
        rig.advance(LEASE_MS / 4);
        await pause(10);
      }
      await Promise.all(workers.map((worker) => worker.stop(0)));
      delete plan.fate;
      const accounts = await Promise.all(["a0", "a1"].map((name) => readAccount(kv, name)));
      const total = (of: (account: typeof accounts[0]) => number) =>
        of(accounts[0]) + of(accounts[1]);
      assertEquals({
        waiting: total(({ waiting }) => waiting),
        running: total(({ running }) => running),
        fileBytes: total(({ fileBytes }) => fileBytes),
      }, await countedAnew(below));
      for (const { name, turn, isWaiting } of accounts) {
        const line = await Array.fromAsync(kv.list({ prefix: ["due", "job_line", name] }));
        if (line.length > 0) assert(isWaiting, name);
        const turns = await Array.fromAsync(kv.list({ prefix: ["due", "job_turn"] }));
        const own = turns.filter(({ key }) => key[3] === name).map(({ key }) => key[2]);
        assertEquals(own, isWaiting ? [turn] : []);
      }
    }),
    { numRuns: 5 },
  );
});

Deno.test("at most 100 runs that only wait do not count as running", async () => {
  await using rig = await createWorkerRig();
  const held = createGate();
  const starts: string[] = [];
  const kind: JobKind = {
    ...notingKind(starts),
    async run({ params, waitIdle }) {
      starts.push(String(params));
      await waitIdle(() => held.passed);
      return { artifact: null, result: null };
    },
  };
  const jobs = await askMany(rig, "A", 110);
  await rig.addWorker("w", [kind], 1);
  while (starts.length < 101) await pause(1);
  await pause(50);
  assertEquals(starts.length, 101);
  held.open();
  await allEnded(rig, jobs);
});
