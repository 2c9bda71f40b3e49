import { AppError } from "../../../data/app_error.ts";
import { createRunCheckpoints } from "../../../jobs/engine/checkpoints.ts";
import type { JobContext, JobKind } from "../../../jobs/engine/job_kind.ts";
import type { JobRecord } from "../../../jobs/engine/jobs.ts";
import { sweepFiles } from "../../../jobs/engine/sweep.ts";
import { LEASE_MS } from "../../../jobs/engine/transitions.ts";
import { openKvFileStore } from "../../../kv/files/kv_file_store.ts";
import { packCheckpoint, readCheckpoint } from "../../../kv/jobs/checkpoints.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import { until } from "../../support/until.ts";
import { createGate, createWorkerRig, type WorkerRig } from "../../support/worker_rig.ts";

type Run = (context: JobContext) => Promise<void>;

/** A kind named `test` whose runs do these things, the last one for all others. */
function kindOf(...runs: Run[]): JobKind {
  let count = 0;
  return {
    name: "test",
    failure: { code: "EXPORT_FAILED", message: "It failed", details: "" },
    async run(context) {
      await runs[Math.min(count++, runs.length - 1)](context);
      return { artifact: null, result: await context.checkpoints.last() as JobRecord["result"] };
    },
  };
}

/** Settles when the run is to end. */
function aborted({ signal }: JobContext): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  );
}

/** Saves a number once a checkpoint is wanted. */
async function saveOnce(context: JobContext, number: number): Promise<void> {
  while (!context.checkpoints.isDue()) await new Promise((go) => setTimeout(go, 2));
  context.progress({ done: number, share: number / 100 });
  assert(context.checkpoints.save({ state: { number }, file: `${context.artifactName}` }));
}

const done: Run = () => Promise.resolve();

async function savedIn({ jobs }: WorkerRig, id: string): Promise<JobRecord> {
  let found: JobRecord | null = null;
  await until(async () => (found = await jobs.get(id))?.checkpoint !== undefined);
  assert(found !== null);
  return found;
}

Deno.test("a run that is stopped hands its job back with one more checkpoint, from which the next one goes on", async () => {
  await using rig = await createWorkerRig();
  const stopped: Run = async (context) => {
    context.checkpoints.isDue();
    await Promise.all([aborted(context), saveOnce(context, 40)]);
  };
  const worker = await rig.addWorker("a", [kindOf(stopped)]);
  const { id } = await rig.ask();
  await rig.until(id, "running");
  await worker.stop(0);
  const handed = await rig.jobs.get(id);
  assertEquals([handed?.state, handed?.attempt, handed?.abandoned], ["pending", 1, 1]);
  assertEquals(handed?.checkpoint, { parts: 1, file: `${id}.1` });
  await rig.addWorker("b", [kindOf(done)]);
  const ended = await rig.until(id, "completed");
  assertEquals(ended.result, { number: 40 });
  assertEquals(ended.checkpoint, undefined);
  assertEquals(await readCheckpoint(rig.kv, id), null);
});

Deno.test("a heartbeat writes the checkpoint, and another process goes on when the owner is silent", async () => {
  await using rig = await createWorkerRig(undefined, { checkpointEveryMs: 0 });
  const gate = createGate();
  const lost: Run = async (context) => {
    await saveOnce(context, 60);
    await gate.passed;
    context.signal.throwIfAborted();
  };
  const seen: JobRecord["progress"][] = [];
  const second: Run = async (context) => {
    context.progress({ done: 5, share: 0.05 });
    context.checkpoints.save({ state: { number: 70 }, file: null });
    await until(async () => (await rig.jobs.get(id))?.checkpoint?.file === null);
    seen.push((await rig.jobs.get(id))?.progress ?? { done: -1, total: null, percent: -1 });
  };
  await rig.addWorker("a", [kindOf(lost, second)]);
  const { id } = await rig.ask();
  const { progress } = await savedIn(rig, id);
  assertEquals([progress.done, progress.percent], [60, 60]);
  // The lease of a process that was paused.
  await rig.kv.set(["job", id], {
    ...(await rig.jobs.get(id)),
    lease: { owner: "gone", untilMs: 0 },
  });
  rig.advance(LEASE_MS + 1);
  gate.open();
  const ended = await rig.until(id, "completed");
  // What the first run had shown, as the second one was not that far yet.
  assertEquals(seen.map(({ done, percent }) => [done, percent]), [[60, 60]]);
  assertEquals(ended.result, { number: 70 });
  assertEquals(ended.epoch, 2);
});

Deno.test("owners that save a checkpoint may be killed any number of times", async () => {
  await using rig = await createWorkerRig(undefined, { checkpointEveryMs: 0 });
  let count = 0;
  const killed: Run = async (context) => {
    const last = await context.checkpoints.last();
    const { number } = last === null ? { number: 0 } : last as { number: number };
    assertEquals(number, count);
    if (number === 52) return;
    count++;
    await saveOnce(context, number + 1);
    for (;;) {
      await new Promise((go) => setTimeout(go, 10));
      context.signal.throwIfAborted();
      context.checkpoints.save({ state: { number: number + 1 }, file: null });
    }
  };
  const { id } = await rig.ask();
  while (count < 52 || (await rig.jobs.get(id))?.state !== "completed") {
    const worker = await rig.addWorker(`w${count}`, [kindOf(killed)]);
    const before = count;
    await until(async () => {
      const job = await rig.jobs.get(id);
      return job?.state === "completed" || count > before && job?.checkpoint !== undefined;
    });
    await worker.stop(0);
  }
  const job = await rig.jobs.get(id);
  assertEquals(job?.result, { number: 52 });
  assertEquals(job?.history.length, 100);
  assertEquals(job?.history[0].state, "pending");
});

Deno.test("a fault of storage keeps the checkpoint for the next attempt, and a defect does not", async () => {
  for (
    const [error, result] of [
      [new AppError("STORAGE_UNAVAILABLE", "no disk"), { number: 7 }],
      [new Error("a defect"), null],
    ] as const
  ) {
    await using rig = await createWorkerRig(undefined, { checkpointEveryMs: 0 });
    const fails: Run = async (context) => {
      await saveOnce(context, 7);
      throw error;
    };
    await rig.addWorker("a", [kindOf(fails, done)]);
    const { id } = await rig.ask();
    await until(async () => (await rig.jobs.get(id))?.attempt === 2);
    rig.advance(1_000);
    assertEquals((await rig.until(id, "completed")).result, result);
    assertEquals(await readCheckpoint(rig.kv, id), null);
  }
});

Deno.test("the sweep keeps the file that a checkpoint names, until the job has ended", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.ask();
  const leave = async (epoch: number) => {
    const writer = await rig.files.openWriter(`${id}.${epoch}`, { signal: never });
    await writer?.write(new Uint8Array(10));
    await writer?.keep();
    await writer?.close();
  };
  for (const epoch of [1, 2, 3, 4]) await leave(epoch);
  const job = await rig.jobs.get(id);
  const checkpoint = { parts: 1, file: `${id}.2` };
  await rig.kv.set(["job", id], { ...job, state: "running", epoch: 4, checkpoint });
  const names = async () =>
    (await Array.fromAsync(rig.files.list())).map(({ name }) => name).sort();
  // Those of a run before it, and of one that died without a checkpoint of its own.
  assertEquals(await sweepFiles({ ...rig, log: () => {} }, never), 2);
  assertEquals(await names(), [`${id}.2`, `${id}.4`]);
  await rig.kv.set(["job", id], { ...job, state: "cancelled" });
  assertEquals(await sweepFiles({ ...rig, log: () => {} }, never), 2);
  assertEquals(await names(), []);
});

Deno.test("the sweep keeps a whole file, and its list of gaps, in which a later run went on under its name", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.ask();
  for (const name of [`${id}.2`, `${id}.2.gaps`, `${id}.1`]) {
    await rig.files.write(name, new Blob(["a"]).stream(), never);
  }
  const job = await rig.jobs.get(id);
  const checkpoint = { parts: 1, file: `${id}.2` };
  await rig.kv.set(["job", id], { ...job, state: "running", epoch: 4, checkpoint });
  assertEquals(await sweepFiles({ ...rig, log: () => {} }, never), 1);
  const names = (await Array.fromAsync(rig.files.list())).map(({ name }) => name).sort();
  assertEquals(names, [`${id}.2`, `${id}.2.gaps`]);
});

Deno.test("the sweep keeps the unfinished file of a later run that has taken over what the checkpoint names", async () => {
  await using rig = await createWorkerRig();
  const files = openKvFileStore({ kv: rig.kv, maxBytes: 1e9, newId: () => crypto.randomUUID() });
  const { id } = await rig.ask();
  const first = await files.openWriter(`${id}.2`, { signal: never });
  await first?.write(new Uint8Array(10));
  const kept = await first?.keep() ?? undefined;
  // The run dies before it saves a checkpoint.
  assert(await files.openWriter(`${id}.3`, { signal: never, kept }) !== null);
  const job = await rig.jobs.get(id);
  const checkpoint = { parts: 1, file: `${id}.2` };
  await rig.kv.set(["job", id], { ...job, epoch: 3, checkpoint });
  assertEquals(await sweepFiles({ kv: rig.kv, files, log: () => {} }, never), 0);
  assert(await files.openWriter(`${id}.4`, { signal: never, kept }) !== null);
});

Deno.test("a long checkpoint is stored in parts, and one that is too long is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  const texts = Array.from({ length: 9_000 }, () => crypto.randomUUID());
  const parts = packCheckpoint(texts);
  assert(parts !== null && parts.length > 2);
  assert(parts.every(({ length }) => length <= 60_000));
  for (const [index, part] of parts.entries()) await kv.set(["job_checkpoint", "x", index], part);
  assertEquals(await readCheckpoint(kv, "x"), texts);
  assertEquals(await readCheckpoint(kv, "y"), null);
  assertEquals(packCheckpoint([...texts, ...texts.map((text) => text.toUpperCase())]), null);
});

Deno.test("the next checkpoint is due after its time, and after ten times that if one was too long or failed", async () => {
  await using rig = await createWorkerRig();
  let nowMs = 0;
  const now = () => nowMs;
  const deps = { kv: rig.kv, now, everyMs: 1_000, onSaved: () => {} };
  const job = await rig.ask();
  const { ofRun, unwritten, written } = createRunCheckpoints(job, deps);
  const tooLong = Array.from({ length: 20_000 }, () => crypto.randomUUID());
  const steps = [
    [1_000, () => {
      assert(ofRun.save({ state: 1, file: null }));
      unwritten(job);
      written();
    }],
    [2_000, () => assert(!ofRun.save({ state: tooLong, file: null }))],
    [12_000, () => ofRun.postpone()],
    [22_000, () => {}],
  ] as const;
  for (const [dueMs, step] of steps) {
    nowMs = dueMs - 1;
    assertEquals(ofRun.isDue(), false);
    nowMs = dueMs;
    assertEquals(ofRun.isDue(), true);
    step();
  }
});

Deno.test("while a checkpoint waits for the database, no other is due, unless the run is about to end", async () => {
  await using rig = await createWorkerRig();
  let nowMs = 0;
  const deps = { kv: rig.kv, now: () => nowMs, everyMs: 1_000, onSaved: () => {} };
  const job = await rig.ask();
  const { ofRun, unwritten, written, handBack } = createRunCheckpoints(job, deps);
  ofRun.save({ state: 1, file: null });
  // A commit that fails: the next heartbeat has it again.
  unwritten(job);
  nowMs = 60_000;
  assertEquals(ofRun.isDue(), false);
  unwritten(job);
  written();
  assertEquals(ofRun.isDue(), true);
  ofRun.save({ state: 2, file: null });
  handBack();
  assertEquals(ofRun.isDue(), true);
});
