/**
 * Workers for heavy work, so that the thread that serves stays free and other processors are used.
 *
 * | state of a worker | begins with | ends with |
 * |---|---|---|
 * | starting | a task, while every other worker has one and fewer than `count` run | `ready`, or it cannot start |
 * | working | `ready` | its last task ends, or it dies |
 * | idle | its last task ends | a task, or `keepMs` later it stops |
 *
 * A worker that dies fails its tasks, and nothing else: the next task starts another one. Where workers
 * cannot start, as on Deno Deploy, the caller does the work on its own thread.
 *
 * @module
 */

import {
  type FromWorker,
  receivedError,
  type Sent,
  type SentError,
  sentError,
  type ToWorker,
} from "./thread_messages.ts";

/** Work for a worker. */
export interface ThreadTask {
  /** What the worker must know: a value that a message can carry. */
  readonly input: unknown;
  /** Aborts it. The task has ended only when the worker says so, or is dead. */
  readonly signal: AbortSignal;
  /** Answers what the worker asks. */
  answer(name: string, value: unknown): Promise<Sent>;
}

/** Runs tasks in workers. Disposing of it stops them; tasks that still run fail. */
export interface Threads extends Disposable {
  /**
   * Runs a task to its end, and returns what it returned; null if no worker can start, and nothing was
   * done. Throws what the task or an answer threw, the reason of the signal, or {@link DeadWorkerError}.
   */
  run(task: ThreadTask): Promise<{ readonly value: unknown } | null>;
}

/** How workers run. */
export interface ThreadOptions {
  /** How many workers run at most. */
  readonly count: number;
  /** Starts one; it may throw where there are none. Its module calls `serveTasks()`. */
  readonly startWorker: () => Worker;
  /** How long a worker waits for the next task, milliseconds. By default it stops at once. */
  readonly keepMs?: number;
}

/** Thrown when a worker dies while it runs a task. */
export class DeadWorkerError extends Error {
  /** Creates it with what is known about the death. */
  constructor(reason: string) {
    super(`The worker died while it ran the task: ${reason}`);
    this.name = "DeadWorkerError";
  }
}

/** A worker that is not ready after so long cannot start, milliseconds. */
const START_MS = 10_000;

/** A worker, and what it does. */
interface Thread {
  taskCount(): number;
  run(task: ThreadTask): Promise<{ readonly value: unknown } | null>;
  stop(reason: string): void;
}

/** For settings without workers. */
export const NO_THREADS: Threads = { run: () => Promise.resolve(null), [Symbol.dispose]() {} };

/** Workers that start when there is something to do. */
export function createThreads({ count, startWorker, keepMs = 0 }: ThreadOptions): Threads {
  const threads = new Set<Thread>();

  /** The worker with the fewest tasks, or a new one if all have some. */
  function choose(): Thread | null {
    const [best] = [...threads].sort((a, b) => a.taskCount() - b.taskCount());
    if (best !== undefined && (best.taskCount() === 0 || threads.size >= count)) return best;
    return start();
  }

  function start(): Thread | null {
    try {
      const thread = startThread(startWorker(), { keepMs, onEnd: () => threads.delete(thread) });
      threads.add(thread);
      return thread;
    } catch {
      return null;
    }
  }

  return {
    async run(task) {
      if (count === 0) return null;
      return await choose()?.run(task) ?? null;
    },
    [Symbol.dispose]() {
      for (const thread of threads) thread.stop("it was stopped");
    },
  };
}

/** A task that runs. */
interface Running {
  readonly task: ThreadTask;
  readonly ended: PromiseWithResolvers<{ readonly value: unknown }>;
  /** What went wrong with answers. */
  readonly faults: Map<number, unknown>;
}

function startThread(
  worker: Worker,
  { keepMs, onEnd }: { keepMs: number; onEnd: () => void },
): Thread {
  const tasks = new Map<number, Running>();
  const ready = Promise.withResolvers<boolean>();
  let lastTask = 0, users = 0, isAlive = true;
  let stopping: ReturnType<typeof setTimeout> | undefined;
  const starting = setTimeout(() => stop("it does not start"), START_MS);

  function post(message: ToWorker, moves: Transferable[] = []): void {
    if (isAlive) worker.postMessage(message, moves);
  }

  function stop(reason: string): void {
    if (!isAlive) return;
    isAlive = false;
    clearTimeout(starting);
    clearTimeout(stopping);
    worker.terminate();
    onEnd();
    ready.resolve(false);
    for (const { ended } of tasks.values()) ended.reject(new DeadWorkerError(reason));
    tasks.clear();
  }

  function rest(): void {
    if (!isAlive || users > 0) return;
    if (keepMs === 0) stop("it is idle");
    else stopping = setTimeout(() => stop("it is idle"), keepMs);
  }

  async function answer({ task, faults }: Running, call: FromWorker & { kind: "call" }) {
    const at = { task: call.task, call: call.call };
    try {
      const { value, moves } = await task.answer(call.name, call.value);
      post({ kind: "answer", ...at, value }, moves);
    } catch (error) {
      faults.set(call.call, error);
      post({ kind: "fault", ...at, error: sentError(error) });
    }
  }

  function fail(running: Running, error: SentError, fault: number | null): void {
    const { task: { signal }, ended, faults } = running;
    if (signal.aborted) ended.reject(signal.reason);
    // The error itself, not what became of it on its way there and back.
    else if (fault !== null && faults.has(fault)) ended.reject(faults.get(fault));
    else ended.reject(receivedError(error));
  }

  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === "ready") {
      clearTimeout(starting);
      return ready.resolve(true);
    }
    const running = tasks.get(data.task);
    if (running === undefined) return;
    if (data.kind === "call") return void answer(running, data);
    tasks.delete(data.task);
    if (data.kind === "done") running.ended.resolve({ value: data.value });
    else fail(running, data.error, data.fault);
  };
  worker.onerror = (event) => {
    // An error that is not handled here would end the process.
    event.preventDefault();
    stop(event.message);
  };
  worker.onmessageerror = () => stop("a message could not be read");

  async function runHere(task: ThreadTask): Promise<{ readonly value: unknown }> {
    const id = ++lastTask;
    const running: Running = { task, ended: Promise.withResolvers(), faults: new Map() };
    const abort = () => post({ kind: "abort", task: id });
    post({ kind: "begin", task: id, input: task.input });
    tasks.set(id, running);
    task.signal.addEventListener("abort", abort);
    if (task.signal.aborted) abort();
    try {
      return await running.ended.promise;
    } finally {
      task.signal.removeEventListener("abort", abort);
    }
  }

  return {
    taskCount: () => users,
    async run(task) {
      users++;
      clearTimeout(stopping);
      try {
        return await ready.promise && isAlive ? await runHere(task) : null;
      } finally {
        users--;
        rest();
      }
    },
    stop,
  };
}
