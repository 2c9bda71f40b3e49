import { AppError } from "../../../data/app_error.ts";
import { type FromWorker, receivedError, sentError } from "../../../jobs/engine/thread_messages.ts";
import { DeadWorkerError } from "../../../jobs/engine/thread.ts";
import {
  createThreads,
  PATIENCE,
  type ThreadOptions,
  type Threads,
} from "../../../jobs/engine/threads.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { cyclicError } from "../../support/cyclic_error.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { never } from "../../support/file_store_box.ts";
import type { TestTask } from "../../support/task_worker.ts";

/** Workers for tests, how many have started, and what was logged. */
function createTestThreads(
  count: number,
  keepMs?: number,
  more: Partial<ThreadOptions> = {},
): { threads: Threads; started: () => number; logged: string[] } {
  let started = 0;
  const logged: string[] = [];
  const { startWorker = startTaskWorker, ...options } = more;
  const threads = createThreads({
    count,
    keepMs,
    log: (level, event, { error } = {}) => logged.push(`${level}: ${event}: ${error}`),
    startWorker() {
      started++;
      return startWorker();
    },
    ...options,
  });
  return { threads, started: () => started, logged };
}

function startTaskWorker(): Worker {
  return new Worker(new URL("../../support/task_worker.ts", import.meta.url), { type: "module" });
}

/** A worker that starts and never says so. */
function startMute(): Worker {
  return new Worker("data:text/javascript,setInterval(() => {}, 1e6)", { type: "module" });
}

const double = (number: unknown) => Promise.resolve({ value: 2 * Number(number) });

function run(
  threads: Threads,
  input: TestTask,
  signal: AbortSignal = never,
  answer: (name: string, value: unknown) => Promise<{ value: unknown }> = (_, value) =>
    double(value),
  id: string = crypto.randomUUID(),
) {
  return threads.run({ kind: "test", id, input, signal, answer });
}

// In all tests, the sanitizer of resources sees to it that the workers have stopped.
Deno.test("tasks at once run in as many workers as there may be, which stop when they are idle", async () => {
  const { threads, started } = createTestThreads(2);
  const ask = (number: number) => run(threads, { does: "ask", number });
  const values = await Promise.all([1, 2, 3, 4, 5].map(ask));
  assertEquals(values, [2, 4, 6, 8, 10].map((value) => ({ value })));
  assertEquals(started(), 2);
  assertEquals(await ask(6), { value: 12 });
  assertEquals(started(), 3);
});

Deno.test("a worker that is kept runs the next task too, until all are disposed of", async () => {
  const { threads, started } = createTestThreads(4, 600_000);
  using _ = threads;
  for (let number = 1; number <= 3; number++) {
    assertEquals(await run(threads, { does: "ask", number }), { value: 2 * number });
  }
  assertEquals(started(), 1);
  const { value } = await run(threads, { does: "bytes" }) ?? {};
  assertEquals(value, new Uint8Array(8).fill(7));
});

Deno.test("an error of a task keeps its code, its texts and its cause", async () => {
  const { threads } = createTestThreads(1);
  const error = await assertRejects(() => run(threads, { does: "throw" }), AppError);
  assertEquals(error.code, "STORAGE_FULL");
  assertEquals([error.message, error.details], ["The file store has no room left", "It is full"]);
  assert(error.cause instanceof Error);
  assertEquals([error.cause.name, error.cause.message], ["RangeError", "ENOSPC"]);
});

Deno.test("a task of a kind that the worker does not know fails, and nothing else", async () => {
  const { threads } = createTestThreads(1, 600_000);
  using _ = threads;
  const task = { kind: "unknown", id: "a", input: null, signal: never, answer: () => double(1) };
  const error = await assertRejects(() => threads.run(task), Error);
  assertEquals(error.message, "Cannot do work of an unknown kind: unknown");
  assertEquals(await run(threads, { does: "ask", number: 4 }), { value: 8 });
});

Deno.test("what an answer throws fails the task as it is", async () => {
  const { threads } = createTestThreads(1);
  const fault = new AppError("SERIES_REMOVED", "It is gone");
  const asked = run(threads, { does: "ask", number: 1 }, never, () => Promise.reject(fault));
  const error = await assertRejects(() => asked, AppError);
  assert(error === fault);
});

Deno.test("an aborted task ends when the worker has cleaned up, with the reason of the signal", async () => {
  const { threads } = createTestThreads(1);
  const aborter = new AbortController();
  const reason = new DOMException("cancelled", "AbortError");
  const asked: string[] = [];
  const waiting = run(threads, { does: "wait" }, aborter.signal, (name) => {
    asked.push(name);
    if (name === "waiting") aborter.abort(reason);
    return Promise.resolve({ value: null });
  });
  const error = await assertRejects(() => waiting, DOMException);
  assert(error === reason);
  assertEquals(asked, ["waiting", "cleaned up"]);
});

Deno.test("a worker that dies fails its task, and the next one runs in another worker", async () => {
  const { threads, started } = createTestThreads(1, 600_000);
  using _ = threads;
  const error = await assertRejects(() => run(threads, { does: "die" }), DeadWorkerError);
  assert(error.message.includes("out of luck"), error.message);
  assertEquals(await run(threads, { does: "ask", number: 4 }), { value: 8 });
  assertEquals(started(), 2);
});

Deno.test("tasks fail when the workers are disposed of", async () => {
  const { threads } = createTestThreads(1);
  const waiting = run(threads, { does: "wait" }, never, () => {
    threads[Symbol.dispose]();
    return Promise.resolve({ value: null });
  });
  await assertRejects(() => waiting, DeadWorkerError);
});

Deno.test("where no worker starts, or none may, nothing is done, which is logged once", async () => {
  const starts = [
    () => {
      throw new Error("no workers here");
    },
    () => new Worker("data:text/javascript,throw new Error('broken')", { type: "module" }),
    startMute,
  ];
  const patience = { ...PATIENCE, startMs: 300 };
  for (const startWorker of starts) {
    const { threads, started, logged } = createTestThreads(2, 0, { startWorker, patience });
    using _ = threads;
    assertEquals(await run(threads, { does: "ask", number: 1 }), null);
    assertEquals(await run(threads, { does: "ask", number: 1 }), null);
    assertEquals(started(), 1);
    assertEquals(logged.length, 1);
    assert(logged[0].startsWith("warn: thread not started: Error: "), logged[0]);
  }
  const { threads, started } = createTestThreads(0);
  assertEquals(await run(threads, { does: "ask", number: 1 }), null);
  assertEquals(started(), 0);
});

Deno.test("some time after a worker did not start, another one is tried", async () => {
  const starts = [
    () => {
      throw new Error("no room");
    },
    startTaskWorker,
  ];
  const { threads, started } = createTestThreads(1, 0, {
    startWorker: () => (starts.shift() ?? startMute)(),
    patience: { ...PATIENCE, retryMs: 0 },
  });
  assertEquals(await run(threads, { does: "ask", number: 1 }), null);
  assertEquals(await run(threads, { does: "ask", number: 1 }), { value: 2 });
  assertEquals(started(), 2);
});

Deno.test("a task that is aborted does not wait until its worker has started", async () => {
  const { threads, logged } = createTestThreads(1, 0, { startWorker: startMute });
  const aborter = new AbortController();
  const reason = new DOMException("cancelled", "AbortError");
  const starting = run(threads, { does: "ask", number: 1 }, aborter.signal);
  aborter.abort(reason);
  assert(await assertRejects(() => starting, DOMException) === reason);
  // Nobody knows whether it would have started.
  assertEquals(logged, []);
});

Deno.test("after they are disposed of, no worker starts", async () => {
  const { threads, started } = createTestThreads(1);
  threads[Symbol.dispose]();
  assertEquals(await run(threads, { does: "ask", number: 1 }), null);
  assertEquals(started(), 0);
});

Deno.test("a task with which a worker has died is not done the next time", async () => {
  const { threads, started } = createTestThreads(1, 600_000);
  using _ = threads;
  const again = (input: TestTask, id: string) => run(threads, input, never, undefined, id);
  const dying = [again({ does: "hang" }, "b"), again({ does: "die" }, "a")];
  await Promise.all(dying.map((one) => assertRejects(() => one, DeadWorkerError)));
  for (const id of ["a", "b"]) assertEquals(await again({ does: "ask", number: 1 }, id), null);
  assertEquals(started(), 1);
  for (const id of ["a", "b"]) {
    assertEquals(await again({ does: "ask", number: 1 }, id), { value: 2 });
  }
});

Deno.test("a death is the fault of a task that was alone or does not end, and shared by its neighbours", async () => {
  const { threads } = createTestThreads(1, 600_000, { patience: { ...PATIENCE, endMs: 1 } });
  using _ = threads;
  const faultOf = async (task: Promise<unknown>) =>
    (await assertRejects(() => task, DeadWorkerError)).isShared;
  assertEquals(await faultOf(run(threads, { does: "die" })), false);
  // Nobody knows which of the two it was.
  const two = [run(threads, { does: "hang" }), run(threads, { does: "die" })];
  assertEquals(await Promise.all(two.map(faultOf)), [true, true]);
  const aborter = new AbortController();
  const neighbour = run(threads, { does: "hang" });
  const hanging = run(threads, { does: "hang" }, aborter.signal, () => {
    aborter.abort();
    return Promise.resolve({ value: null });
  });
  assertEquals(await Promise.all([neighbour, hanging].map(faultOf)), [true, false]);
});

Deno.test("a worker that does not end an aborted task is stopped, long after it has confirmed the abort", async () => {
  const patience = { ...PATIENCE, abortMs: 600_000, endMs: 1 };
  const { threads } = createTestThreads(1, 600_000, { patience });
  using _ = threads;
  const aborter = new AbortController();
  const hanging = run(threads, { does: "hang" }, aborter.signal, () => {
    aborter.abort();
    return Promise.resolve({ value: null });
  });
  const error = await assertRejects(() => hanging, DeadWorkerError);
  assert(error.message.includes("does not end"), error.message);
});

for (const confirms of [true, false]) {
  const name = confirms ? "confirms an abort has a minute" : "does not confirm an abort has 5 s";
  Deno.test(`a worker that ${name} to end the task`, async () => {
    using time = new FakeTime();
    const worker = new FakeWorker();
    const { threads } = createTestThreads(1, 0, { startWorker: () => worker as unknown as Worker });
    const aborter = new AbortController();
    const ended = assertRejects(
      () => run(threads, { does: "wait" }, aborter.signal),
      DeadWorkerError,
    );
    worker.says({ kind: "ready" });
    await time.pass(0);
    aborter.abort(new DOMException("cancelled", "AbortError"));
    await time.pass(4_000);
    if (confirms) worker.says({ kind: "aborting", task: 1 });
    await time.pass(confirms ? 59_999 : 999);
    assertEquals(worker.isTerminated, false);
    await time.pass(1);
    assertEquals(worker.isTerminated, true);
    await ended;
  });
}

Deno.test("a worker that waits for an answer is not stopped when its task is aborted", async () => {
  using time = new FakeTime();
  const worker = new FakeWorker();
  const { threads } = createTestThreads(1, 0, { startWorker: () => worker as unknown as Worker });
  const aborter = new AbortController();
  const answer = Promise.withResolvers<{ value: unknown }>();
  const waiting = run(threads, { does: "wait" }, aborter.signal, () => answer.promise);
  worker.says({ kind: "ready" });
  await time.pass(0);
  worker.says({ kind: "call", task: 1, call: 1, name: "waiting", value: null });
  const reason = new DOMException("cancelled", "AbortError");
  aborter.abort(reason);
  await time.pass(60_000);
  assertEquals(worker.isTerminated, false);
  answer.resolve({ value: null });
  await time.pass(0);
  worker.says({
    kind: "failed",
    task: 1,
    error: { name: "", message: "", cause: null, coded: null },
    fault: null,
  });
  assert(await assertRejects(() => waiting, DOMException) === reason);
});

/** A worker whose side the test plays. */
class FakeWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  isTerminated = false;
  says(data: FromWorker): void {
    this.onmessage?.({ data });
  }
  postMessage(): void {}
  terminate(): void {
    this.isTerminated = true;
  }
}

Deno.test("an error that no message can carry fails the task with its code", async () => {
  const { threads } = createTestThreads(1, 600_000);
  using _ = threads;
  const thrown = await assertRejects(() => run(threads, { does: "throw a cycle" }), AppError);
  assertEquals([thrown.code, thrown.details], ["STORAGE_FULL", "It is full"]);
  // What an answer throws comes back as it is.
  const fault = cyclicError();
  const asked = run(threads, { does: "ask", number: 1 }, never, () => Promise.reject(fault));
  assert(await assertRejects(() => asked, AppError) === fault);
  // One that can be carried keeps some of its causes.
  const deep = new Error("deep");
  deep.cause = deep;
  let { cause } = receivedError(structuredClone(sentError(deep))), causes = 0;
  for (; cause instanceof Error; cause = cause.cause) causes++;
  assertEquals(causes, 5);
});
