/**
 * Workers for heavy work, so that the thread that serves stays free and other processors are used.
 *
 * | state of a worker | begins with | ends with |
 * |---|---|---|
 * | starting | a task, while every other worker has one and fewer than `count` run | `ready`, or it cannot start |
 * | working | `ready` | its last task ends, or it dies |
 * | idle | its last task ends | a task, or `keepMs` later it stops |
 *
 * A worker that dies fails its tasks, and nothing else: the next task starts another one. The caller does
 * the work on its own thread where workers cannot start, as on Deno Deploy, and if a task comes again
 * whose worker has died: it may be what kills workers, and would fail others with it.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { orAborted } from "./or_aborted.ts";
import {
  type FromWorker,
  postError,
  receivedError,
  type Sent,
  type SentError,
  type ToWorker,
} from "./thread_messages.ts";

/** Work for a worker. */
export interface ThreadTask {
  /** Names the work, also when it is tried again. */
  readonly id: string;
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
   * Runs a task to its end, and returns what it returned; null if nothing was done, as no worker can start,
   * a worker died with the task before, or all are disposed of. Throws what the task or an answer threw,
   * the reason of the signal, or {@link DeadWorkerError}.
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
  /** Where it is logged that a worker does not start. */
  readonly log: Log;
  /** How long a worker may take to start, and to end a task that is aborted; for tests. */
  readonly patience?: Patience;
}

/** What to wait for, milliseconds. */
export interface Patience {
  /** Until a worker is ready. Else it cannot start. */
  readonly startMs: number;
  /** Until an aborted task has ended, unless it waits for an answer. Else the worker is stopped. */
  readonly abortMs: number;
  /** After a worker did not start, until another one is tried. */
  readonly retryMs: number;
}

/** Thrown when a worker dies while it runs a task. */
export class DeadWorkerError extends Error {
  /** Creates it with what is known about the death. */
  constructor(reason: string) {
    super(`The worker died while it ran the task: ${reason}`);
    this.name = "DeadWorkerError";
  }
}

/** How long to wait by default. */
export const PATIENCE: Patience = { startMs: 10_000, abortMs: 5_000, retryMs: 60_000 };
/** The most tasks that are remembered because their worker has died. */
const DIED_MAX = 1_000;

/** A worker, and what it does. */
interface Thread {
  taskCount(): number;
  run(task: ThreadTask): Promise<{ readonly value: unknown } | null>;
  stop(reason: string): void;
}

/** For settings without workers. */
export const NO_THREADS: Threads = { run: () => Promise.resolve(null), [Symbol.dispose]() {} };

/** Workers that start when there is something to do. */
export function createThreads(
  { count, startWorker, keepMs = 0, log, patience = PATIENCE }: ThreadOptions,
): Threads {
  const threads = new Set<Thread>();
  /** The tasks with which workers have died, and which have not come again. */
  const died = new Set<string>();
  let retryMs = -Infinity;
  let isDisposed = false;

  /** The worker with the fewest tasks, or a new one if all have some. */
  function choose(): Thread | null {
    const [best] = [...threads].sort((a, b) => a.taskCount() - b.taskCount());
    if (best !== undefined && (best.taskCount() === 0 || threads.size >= count)) return best;
    return start() ?? best ?? null;
  }

  function start(): Thread | null {
    if (performance.now() < retryMs) return null;
    try {
      const thread = startThread(startWorker(), {
        keepMs,
        patience,
        onUnready: unstarted,
        onEnd: () => threads.delete(thread),
        onDeath(id) {
          died.add(id);
          // Those that never come again are forgotten, the oldest first.
          const [oldest] = died;
          if (died.size > DIED_MAX) died.delete(oldest);
        },
      });
      threads.add(thread);
      return thread;
    } catch (error) {
      unstarted(error);
      return null;
    }
  }

  function unstarted(error: unknown): void {
    const nowMs = performance.now();
    // Workers that start together fail together.
    if (nowMs >= retryMs) log("warn", "thread not started", { error });
    retryMs = nowMs + patience.retryMs;
  }

  return {
    async run(task) {
      task.signal.throwIfAborted();
      if (count === 0 || isDisposed || died.delete(task.id)) return null;
      return await choose()?.run(task) ?? null;
    },
    [Symbol.dispose]() {
      isDisposed = true;
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
  /** How many calls are not answered yet. */
  unanswered: number;
}

function fail(running: Running, error: SentError, fault: number | null): void {
  const { task: { signal }, ended, faults } = running;
  if (signal.aborted) ended.reject(signal.reason);
  // The error itself, not what became of it on its way there and back.
  else if (fault !== null && faults.has(fault)) ended.reject(faults.get(fault));
  else ended.reject(receivedError(error));
}

/** Calls `onHang` if a task has not ended in time. Returns what ends the watch. */
function watchEnd(running: Running, ms: number, onHang: () => void): () => void {
  let timer = setTimeout(check, ms);
  function check(): void {
    // While it waits for this thread, it is not the worker that hangs.
    if (running.unanswered > 0) timer = setTimeout(check, ms);
    else onHang();
  }
  return () => clearTimeout(timer);
}

/** What becomes known of a worker, and how long things may take. */
interface ThreadWatch {
  readonly keepMs: number;
  readonly patience: Patience;
  /** It cannot start. */
  onUnready(error: Error): void;
  /** It has died with a task. */
  onDeath(id: string): void;
  /** It is not there any more. */
  onEnd(): void;
}

function startThread(
  worker: Worker,
  { keepMs, patience, onUnready, onDeath, onEnd }: ThreadWatch,
): Thread {
  const tasks = new Map<number, Running>();
  const ready = Promise.withResolvers<boolean>();
  let lastTask = 0, users = 0, isAlive = true, isReady = false;
  let stopping: ReturnType<typeof setTimeout> | undefined;
  const starting = setTimeout(() => die("it does not start"), patience.startMs);

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

  function die(reason: string): void {
    if (!isAlive) return;
    if (!isReady) onUnready(new Error(reason));
    for (const { task } of tasks.values()) onDeath(task.id);
    stop(reason);
  }

  function rest(): void {
    if (!isAlive || users > 0) return;
    if (keepMs === 0) stop("it is idle");
    else stopping = setTimeout(() => stop("it is idle"), keepMs);
  }

  async function answer(running: Running, call: FromWorker & { kind: "call" }) {
    const { task, faults } = running;
    const at = { task: call.task, call: call.call };
    running.unanswered++;
    try {
      const { value, moves } = await task.answer(call.name, call.value);
      post({ kind: "answer", ...at, value }, moves);
    } catch (error) {
      faults.set(call.call, error);
      postError(error, (sent) => post({ kind: "fault", ...at, error: sent }));
    } finally {
      running.unanswered--;
    }
  }

  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === "ready") {
      clearTimeout(starting);
      isReady = true;
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
    die(event.message);
  };
  worker.onmessageerror = () => die("a message could not be read");

  async function runHere(task: ThreadTask): Promise<{ readonly value: unknown }> {
    const id = ++lastTask;
    const running: Running = {
      task,
      ended: Promise.withResolvers(),
      faults: new Map(),
      unanswered: 0,
    };
    let unwatch = () => {};
    const abort = () => {
      post({ kind: "abort", task: id });
      unwatch = watchEnd(running, patience.abortMs, () => die("it does not end a task"));
    };
    post({ kind: "begin", task: id, input: task.input });
    tasks.set(id, running);
    task.signal.addEventListener("abort", abort);
    if (task.signal.aborted) abort();
    try {
      return await running.ended.promise;
    } finally {
      task.signal.removeEventListener("abort", abort);
      unwatch();
    }
  }

  return {
    taskCount: () => users,
    async run(task) {
      users++;
      clearTimeout(stopping);
      try {
        return await orAborted(ready.promise, task.signal) && isAlive ? await runHere(task) : null;
      } finally {
        users--;
        rest();
      }
    },
    stop,
  };
}
