import { AppError } from "../../../data/app_error.ts";
import { createThreads, DeadWorkerError, type Threads } from "../../../jobs/engine/threads.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import type { TestTask } from "../../support/task_worker.ts";

/** Workers for tests, and how many have started. */
function createTestThreads(
  count: number,
  keepMs?: number,
): { threads: Threads; started: () => number } {
  let started = 0;
  const threads = createThreads({
    count,
    keepMs,
    startWorker() {
      started++;
      return new Worker(new URL("../../support/task_worker.ts", import.meta.url), {
        type: "module",
      });
    },
  });
  return { threads, started: () => started };
}

const double = (number: unknown) => Promise.resolve({ value: 2 * Number(number) });

function run(
  threads: Threads,
  input: TestTask,
  signal: AbortSignal = never,
  answer: (name: string, value: unknown) => Promise<{ value: unknown }> = (_, value) =>
    double(value),
) {
  return threads.run({ input, signal, answer });
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

Deno.test("where no worker starts, or none may, nothing is done", async () => {
  const starts = [
    () => {
      throw new Error("no workers here");
    },
    () => new Worker("data:text/javascript,throw new Error('broken')", { type: "module" }),
  ];
  for (const startWorker of starts) {
    using threads = createThreads({ count: 2, startWorker });
    assertEquals(await run(threads, { does: "ask", number: 1 }), null);
  }
  const { threads, started } = createTestThreads(0);
  assertEquals(await run(threads, { does: "ask", number: 1 }), null);
  assertEquals(started(), 0);
});
