/**
 * The behaviour of the job engine on any database.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { JobKind } from "../../jobs/engine/job_kind.ts";
import { sweepFiles } from "../../jobs/engine/sweep.ts";
import { LEASE_MS, newJob } from "../../jobs/engine/transitions.ts";
import { commitJob, getJob, stageJob } from "../../kv/jobs/jobs.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { pause } from "../support/process.ts";
import { createGate, textKind, type WorkerRig } from "../support/worker_rig.ts";

const never = new AbortController().signal;

/** Tests every behaviour on databases that `openRig` opens. */
export function testEngine(database: string, openRig: () => Promise<WorkerRig>): void {
  const test = (name: string, fn: (rig: WorkerRig) => Promise<void>) =>
    Deno.test(`${name} (${database})`, async () => {
      await using rig = await openRig();
      await fn(rig);
    });

  test("a job goes pending, running, completed under epoch 1 and names its file", async (rig) => {
    const { id, state } = await rig.ask();
    assertEquals(state, "pending");
    await rig.addWorker("a", [textKind(rig.files, () => Promise.resolve("abc"))]);
    const job = await rig.until(id, "completed");
    assertEquals(job.history.map((step) => step.state), ["pending", "running", "completed"]);
    assertEquals([job.epoch, job.attempt, job.abandoned, job.lease], [1, 1, 0, null]);
    // FIPS 180-4's example "abc".
    const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assertEquals([job.artifact?.sizeBytes, job.artifact?.sha256], [3, sha256]);
  });

  test("the history lists the jobs of a kind, the newest first, page by page", async (rig) => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      ids.unshift((await rig.ask({ params: String(i) })).id);
      rig.advance(10);
    }
    await rig.ask({ kind: "other" });
    const first = await rig.jobs.list({ kind: "test", limit: 2 });
    assertEquals(first.jobs.map(({ id }) => id), ids.slice(0, 2));
    assert(first.next !== null);
    const rest = await rig.jobs.list({ kind: "test", limit: 3, before: first.next });
    assertEquals([rest.jobs.map(({ id }) => id), rest.next], [ids.slice(2), null]);
    const odd = await rig.jobs.list({
      kind: "test",
      limit: 10,
      matches: ({ params }) => Number(params) % 2 === 1,
    });
    assertEquals(odd.jobs.map(({ params }) => params), ["3", "1"]);
    const { createdMs } = first.jobs[1];
    const older = await rig.jobs.list({ kind: "test", limit: 10, toMs: createdMs });
    assertEquals(older.jobs.map(({ id }) => id), ids.slice(2));
    const newer = await rig.jobs.list({ kind: "test", limit: 10, fromMs: createdMs });
    assertEquals(newer.jobs.map(({ id }) => id), ids.slice(0, 2));
  });

  test("the list of an owner has its jobs only, also those after 1,100 of others", async (rig) => {
    const mine = (await rig.ask({ owner: "me", params: "1" })).id;
    for (let created = 0; created < 1_100;) {
      const op = rig.kv.atomic();
      for (let i = 0; i < 100; i++) {
        const id = crypto.randomUUID();
        const job = { id, kind: "test", params: "2", owner: "other", slot: null };
        stageJob(op, newJob(job, rig.now() + 1));
      }
      if ((await op.commit()).ok) created += 100;
    }
    rig.advance(10);
    const latest = (await rig.ask({ owner: "me", params: "3" })).id;
    const own = await rig.jobs.list({ kind: "test", owner: "me", limit: 2 });
    assertEquals([own.jobs.map(({ id }) => id), own.next], [[latest, mine], null]);
    // Jobs that do not exist for whoever asks neither end a page nor are named as its end.
    const exists = ({ owner }: { owner: string }) => owner === "me";
    const first = await rig.jobs.list({ kind: "test", limit: 1, exists });
    assertEquals([first.jobs.map(({ id }) => id), first.next?.id], [[latest], latest]);
    const before = first.next ?? undefined;
    const second = await rig.jobs.list({ kind: "test", limit: 1, exists, before });
    assertEquals([second.jobs.map(({ id }) => id), second.next], [[mine], null]);
    assert(await rig.jobs.cancel(mine) && await rig.jobs.remove(mine));
    const left = await rig.jobs.list({ kind: "test", owner: "me", limit: 2 });
    assertEquals(left.jobs.map(({ id }) => id), [latest]);
  });

  test("a job that has ended is removed with its file and its place in the history", async (rig) => {
    const gate = createGate();
    await rig.addWorker("a", [textKind(rig.files, () => gate.passed.then(() => "x"))]);
    const { id } = await rig.ask({ slot: "s" });
    await rig.until(id, "running");
    assertEquals(await rig.jobs.remove(id), false);
    gate.open();
    const { artifact } = await rig.until(id, "completed");
    assertEquals(await rig.jobs.remove(id), true);
    assertEquals(await rig.jobs.get(id), null);
    assertEquals(await rig.jobs.list({ kind: "test", limit: 1 }), { jobs: [], next: null });
    assertEquals(await Array.fromAsync(rig.files.list()), []);
    assertEquals(await rig.jobs.remove(id), false);
    // The slot is free again.
    assert((await rig.ask({ slot: "s" })).id !== id);
    assert(artifact !== null);
  });

  test("a watch shows each state of a job and ends with it", async (rig) => {
    const gate = createGate();
    const { id } = await rig.ask();
    const states: string[] = [];
    const watching = (async () => {
      for await (const job of rig.jobs.watch(id, new AbortController().signal)) {
        states.push(job?.state ?? "gone");
      }
    })();
    while (states.length < 1) await pause(5);
    await rig.addWorker("a", [textKind(rig.files, () => gate.passed.then(() => "x"))]);
    while (states.length < 2) await pause(5);
    gate.open();
    await watching;
    assertEquals(states, ["pending", "running", "completed"]);
  });

  test("a job that runs in the same process is cancelled at once", async (rig) => {
    let abortedMs = 0;
    await rig.addWorker("a", [{
      ...failingKind(() => {}),
      run: ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => {
            abortedMs = performance.now();
            reject(signal.reason);
          })
        ),
    }]);
    const { id } = await rig.ask();
    await rig.until(id, "running");
    const askedMs = performance.now();
    assert(await rig.jobs.cancel(id));
    await rig.until(id, "cancelled");
    // A heartbeat, which notices the request too, comes every 250 ms.
    assert(abortedMs - askedMs < 200, `after ${abortedMs - askedMs} ms`);
  });

  test("a job that runs in another process is cancelled by its heartbeats", async (rig) => {
    await rig.addWorker("a", [{
      ...failingKind(() => {}),
      run: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    }]);
    const { id } = await rig.ask();
    await rig.until(id, "running");
    // The request of another process is only in the record.
    const entry = await getJob(rig.kv, id);
    const askedMs = performance.now();
    assert(entry && await commitJob(rig.kv, entry, { ...entry.value, isCancelRequested: true }));
    await rig.until(id, "cancelled");
    // Heartbeats and polls come every 250 ms; a busy machine has time for fewer of them.
    const ms = performance.now() - askedMs;
    assert(ms < 5_000, `after ${ms} ms`);
  });

  test("a run that finishes although its job is cancelled leaves no file", async (rig) => {
    const gate = createGate();
    await rig.addWorker("a", [{
      ...textKind(rig.files, () => Promise.resolve("")),
      async run({ artifactName }) {
        await gate.passed;
        const write = (name: string) =>
          rig.files.write(name, ReadableStream.from([new Uint8Array(1)]), never);
        const written = await write(artifactName);
        await write(`${artifactName}.gaps`);
        const about = { name: artifactName, filename: "a.txt", contentType: "text/plain" };
        return { artifact: { ...about, ...written, sides: ["gaps"] }, result: null };
      },
    }]);
    const { id } = await rig.ask();
    await rig.until(id, "running");
    assert(await rig.jobs.cancel(id));
    gate.open();
    const ended = await rig.jobs.get(id);
    assert(ended !== null);
    const limits = { timeoutMs: 5_000, signal: never };
    assertEquals((await rig.jobs.waitForEnd(ended, limits))?.state, "cancelled");
    assertEquals(await Array.fromAsync(rig.files.list()), []);
  });

  test("an error that cannot pass fails a job at once", async (rig) => {
    let runs = 0;
    await rig.addWorker("a", [failingKind(() => {
      runs++;
      throw new AppError("SMART_METER_NOT_FOUND", "None", { details: "Nowhere" });
    })]);
    const { error } = await rig.until((await rig.ask()).id, "failed");
    assertEquals(error, { code: "SMART_METER_NOT_FOUND", message: "None", details: "Nowhere" });
    assertEquals(runs, 1);
  });

  test("a fault without a code is tried three times and shown in the words of the kind", async (rig) => {
    let runs = 0;
    await rig.addWorker("a", [failingKind(() => {
      runs++;
      throw new Error("secret path");
    })]);
    const { id } = await rig.ask();
    while ((await rig.jobs.get(id))?.state !== "failed") {
      rig.advance(1_000);
      await pause(20);
    }
    const job = await rig.until(id, "failed");
    assertEquals([runs, job.attempt, job.abandoned], [3, 3, 0]);
    assertEquals(job.error, { code: "EXPORT_FAILED", message: "It failed", details: "" });
  });

  test("a run that lost its lease can neither finish nor overwrite, and its file is swept", async (rig) => {
    const gate = createGate();
    const entered = createGate();
    await rig.addWorker("zombie", [textKind(rig.files, async () => {
      entered.open();
      await gate.passed;
      return "of the zombie";
    })], 1);
    const { id } = await rig.ask();
    await entered.passed;
    await rig.addWorker("heir", [textKind(rig.files, () => Promise.resolve("of the heir"))]);
    // The lease expires before the zombie's next heartbeat. The zombie has no room for a second run.
    rig.advance(LEASE_MS + 1_000);
    const job = await rig.until(id, "completed");
    assertEquals([job.epoch, job.abandoned, job.artifact?.name], [2, 1, `${id}.2`]);
    gate.open();
    while (rig.logged.filter((event) => event === "job run ended").length < 2) await pause(5);
    await sweepFiles({ ...rig, log: () => {} }, new AbortController().signal);
    assertEquals((await Array.fromAsync(rig.files.list())).map(({ name }) => name), [`${id}.2`]);
    assertEquals(await rig.jobs.get(id), job);
    const body = await rig.files.read(`${id}.2`);
    assertEquals(await new Response(body).text(), "of the heir");
  });

  test("the signal of a run aborts when another process takes its lease", async (rig) => {
    const aborted = createGate();
    let runs = 0;
    const kind: JobKind = {
      ...failingKind(() => {}),
      run: ({ signal }) =>
        new Promise((_, reject) => {
          if (runs++ > 0) return reject(new AppError("SMART_METER_NOT_FOUND", "Second run"));
          signal.addEventListener("abort", () => {
            aborted.open();
            reject(signal.reason);
          });
        }),
    };
    await rig.addWorker("slow", [kind], 1);
    const { id } = await rig.ask();
    await rig.until(id, "running");
    await rig.addWorker("other", [kind]);
    rig.advance(LEASE_MS + 1_000);
    await aborted.passed;
    assertEquals((await rig.until(id, "failed")).epoch, 2);
  });

  test("heartbeats keep a long run alive although its due entry fires", async (rig) => {
    const gate = createGate();
    await rig.addWorker("a", [textKind(rig.files, async () => {
      await gate.passed;
      return "late";
    })]);
    const { id } = await rig.ask();
    const { updatedMs } = await rig.until(id, "running");
    await rig.addWorker("b", [textKind(rig.files, () => Promise.resolve("never"))]);
    for (let step = 0; step < 2; step++) {
      rig.advance(LEASE_MS * 0.6);
      const before = (await rig.jobs.get(id))?.updatedMs ?? updatedMs;
      while ((await rig.jobs.get(id))?.updatedMs === before) {
        await pause(20);
      }
    }
    gate.open();
    const job = await rig.until(id, "completed");
    assertEquals([job.epoch, job.abandoned], [1, 0]);
  });

  test("a stopped worker makes its job pending, and another worker completes it", async (rig) => {
    const worker = await rig.addWorker("a", [
      { ...failingKind(() => {}), run: ({ signal }) => untilAborted(signal) },
    ]);
    const { id } = await rig.ask();
    await rig.until(id, "running");
    await worker.stop(0);
    const job = await rig.until(id, "pending");
    assertEquals([job.abandoned, job.attempt, job.lease], [1, 1, null]);
    await rig.addWorker("b", [textKind(rig.files, () => Promise.resolve("done"))]);
    assertEquals((await rig.until(id, "completed")).epoch, 2);
  });

  test("a worker that stops lets its job end within the grace period", async (rig) => {
    const gate = createGate();
    const worker = await rig.addWorker("a", [textKind(rig.files, async () => {
      await gate.passed;
      return "in time";
    })]);
    const { id } = await rig.ask();
    await rig.until(id, "running");
    const stopped = worker.stop(60_000);
    gate.open();
    await stopped;
    assertEquals((await rig.jobs.get(id))?.state, "completed");
  });

  test("no more jobs run at the same time than the limit allows", async (rig) => {
    let running = 0, most = 0;
    // The first ones wait for each other, however long a slow machine takes to start them.
    const three = createGate();
    await rig.addWorker("a", [textKind(rig.files, async () => {
      most = Math.max(most, ++running);
      if (running === 3) three.open();
      await three.passed;
      await pause(5);
      running--;
      return "x";
    })], 3);
    const asked = await Promise.all(Array.from({ length: 20 }, () => rig.ask()));
    for (const { id } of asked) await rig.until(id, "completed");
    assertEquals(most, 3);
  });

  test("two workers run many jobs, each job once", async (rig) => {
    const runs: string[] = [];
    const kind: JobKind = {
      ...failingKind(() => {}),
      run: (context) => {
        runs.push(context.artifactName);
        return textKind(rig.files, () => Promise.resolve("x")).run(context);
      },
    };
    await rig.addWorker("a", [kind], 2);
    await rig.addWorker("b", [kind], 2);
    const asked = await Promise.all(Array.from({ length: 40 }, () => rig.ask()));
    for (const { id } of asked) await rig.until(id, "completed");
    assertEquals(runs.toSorted(), asked.map(({ id }) => `${id}.1`).toSorted());
  });

  test("the same slot and request is the same job; with a different request it is an error", async (rig) => {
    const asked = await Promise.all(
      Array.from({ length: 5 }, () => rig.ask({ slot: "k", params: "p" })),
    );
    assertEquals(new Set(asked.map(({ id }) => id)).size, 1);
    const error = await assertRejects(() => rig.ask({ slot: "k", params: "q" }), AppError);
    assertEquals(error.code, "IDEMPOTENCY_KEY_REUSED");
    assert((await rig.ask({ slot: "other", params: "q" })).id !== asked[0].id);
  });

  test("cancel ends a pending job at once and a running one soon, and refuses an ended one", async (rig) => {
    const waiting = await rig.ask();
    assertEquals(await rig.jobs.cancel(waiting.id), true);
    assertEquals((await rig.jobs.get(waiting.id))?.state, "cancelled");
    const kind = { ...failingKind(() => {}), run: untilAbortedRun };
    await rig.addWorker("a", [kind]);
    const running = await rig.ask();
    await rig.until(running.id, "running");
    assertEquals(await rig.jobs.cancel(running.id), true);
    rig.advance(LEASE_MS / 2);
    await rig.until(running.id, "cancelled");
    assertEquals(await rig.jobs.cancel(running.id), false);
  });

  test("a cancelled job does not complete, even if its run reached its end", async (rig) => {
    const gate = createGate();
    await rig.addWorker("a", [textKind(rig.files, async () => {
      await gate.passed;
      return "too late";
    })]);
    const { id } = await rig.ask();
    await rig.until(id, "running");
    assertEquals(await rig.jobs.cancel(id), true);
    gate.open();
    assertEquals((await rig.until(id, "cancelled")).artifact, null);
  });

  test("the file of an ended job is deleted on time, its record and slot later", async (rig) => {
    await rig.addWorker("a", [textKind(rig.files, () => Promise.resolve("x"))]);
    const { id } = await rig.ask({ slot: "k" });
    await rig.until(id, "completed");
    rig.advance(3_600_000);
    await rig.until(id, "expired");
    while (await hasFile(rig, `${id}.1`)) await pause(5);
    rig.advance(86_400_000);
    while (await rig.jobs.get(id) !== null) await pause(5);
    assert((await rig.ask({ slot: "k" })).id !== id);
  });

  test("a job without a file completes with its result, and its record is deleted on time", async (rig) => {
    const failure = { code: "EXPORT_FAILED", message: "It failed", details: "" };
    const run = () => Promise.resolve({ artifact: null, result: { count: 7 } });
    await rig.addWorker("a", [{ name: "test", failure, run }]);
    const { id } = await rig.ask({ slot: "k" });
    const job = await rig.until(id, "completed");
    assertEquals([job.artifact, job.fileExpiresMs, job.result], [null, null, { count: 7 }]);
    // The retention time of files does not matter, that of records does.
    rig.advance(3_600_000);
    await pause(50);
    assertEquals((await rig.jobs.get(id))?.state, "completed");
    rig.advance(86_400_000);
    while (await rig.jobs.get(id) !== null) await pause(5);
    assert((await rig.ask({ slot: "k" })).id !== id);
  });

  test("a job always has exactly one entry in the due index", async (rig) => {
    let runs = 0;
    await rig.addWorker("a", [textKind(rig.files, () => {
      if (runs++ === 0) return Promise.reject(new Error("once"));
      return Promise.resolve("x");
    })]);
    const { id } = await rig.ask();
    const counts = new Set<number>();
    while ((await rig.jobs.get(id))?.state !== "completed") {
      const entries = await Array.fromAsync(rig.kv.list({ prefix: ["due"] }, { batchSize: 500 }));
      counts.add(entries.filter(({ key }) => key.includes(id)).length);
      rig.advance(50);
      await pause(1);
    }
    assertEquals([...counts], [1]);
  });
}

function failingKind(run: () => void): JobKind {
  return {
    name: "test",
    failure: { code: "EXPORT_FAILED", message: "It failed", details: "" },
    run() {
      run();
      return Promise.reject(new Error("unreachable"));
    },
  };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

function untilAbortedRun({ signal }: { signal: AbortSignal }): Promise<never> {
  return untilAborted(signal);
}

async function hasFile(rig: WorkerRig, name: string): Promise<boolean> {
  return (await Array.fromAsync(rig.files.list())).some((file) => file.name === name);
}
