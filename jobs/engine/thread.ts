/**
 * One worker, and the tasks that it runs at once.
 *
 * @module
 */

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
  /** What kind of work it is: the module of workers has the code of each kind. */
  readonly kind: string;
  /** Names the work, also when it is tried again. */
  readonly id: string;
  /** What the worker must know: a value that a message can carry. */
  readonly input: unknown;
  /** The memory in the input that moves to the worker; none by default. */
  readonly moves?: Transferable[];
  /** Aborts it. The task has ended only when the worker says so, or is dead. */
  readonly signal: AbortSignal;
  /** Answers what the worker asks. */
  answer(name: string, value: unknown): Promise<Sent>;
}

/** What a task returned. */
export interface ThreadResult {
  /** The value. */
  readonly value: unknown;
}

/** What to wait for, milliseconds. */
export interface Patience {
  /** Until a worker is ready. Else it cannot start. */
  readonly startMs: number;
  /** Until a worker confirms that it has got an abort. Else it hangs, and is stopped. */
  readonly abortMs: number;
  /**
   * From then on, until the task has ended, unless it waits for an answer. Else the worker is stopped. It is
   * long, as a task waits for the disk, and the other tasks of the worker would fail with it.
   */
  readonly endMs: number;
  /** After a worker did not start, until another one is tried. */
  readonly retryMs: number;
}

/** What becomes known of a worker, and how long things may take. */
export interface ThreadWatch {
  /** How long it waits for the next task, milliseconds. */
  readonly keepMs: number;
  /** How long it may take. */
  readonly patience: Patience;
  /** It cannot start. */
  onUnready(error: Error): void;
  /** It has died with a task. */
  onDeath(id: string): void;
  /** It is not there any more. */
  onEnd(): void;
}

/** A worker. */
export interface Thread {
  /** How many tasks it has, also those that wait until it is ready. */
  taskCount(): number;
  /** Runs a task to its end; null if the worker cannot start. */
  run(task: ThreadTask): Promise<ThreadResult | null>;
  /** Stops it. Its tasks fail. */
  stop(reason: string): void;
}

/** Thrown when a worker dies while it runs a task. */
export class DeadWorkerError extends Error {
  /**
   * Whether the worker had other tasks, and this one is not known to be what killed it. Then the caller may do
   * the work on its own thread at once, and so loses no attempt through the fault of another task.
   */
  readonly isShared: boolean;

  /** Creates it with what is known about the death. */
  constructor(reason: string, { isShared = false }: { isShared?: boolean } = {}) {
    super(`The worker died while it ran the task: ${reason}`);
    this.name = "DeadWorkerError";
    this.isShared = isShared;
  }
}

/** Watches a worker that was just started. */
export function startThread(worker: Worker, watch: ThreadWatch): Thread {
  const { keepMs, patience, onUnready, onDeath, onEnd } = watch;
  const ready = Promise.withResolvers<boolean>();
  const tasks = createTasks((message, moves = []) => {
    if (isAlive) worker.postMessage(message, moves);
  });
  let users = 0, isAlive = true, isReady = false;
  let stopping: ReturnType<typeof setTimeout> | undefined;
  const starting = setTimeout(() => die("it does not start"), patience.startMs);

  function stop(reason: string, isShared: (task: ThreadTask) => boolean = () => false): void {
    if (!isAlive) return;
    isAlive = false;
    clearTimeout(starting);
    clearTimeout(stopping);
    worker.terminate();
    onEnd();
    ready.resolve(false);
    tasks.failAll(reason, isShared);
  }

  function die(reason: string, culprit: ThreadTask | null = null): void {
    if (!isAlive) return;
    if (!isReady) onUnready(new Error(reason));
    const ids = tasks.ids();
    ids.forEach(onDeath);
    stop(reason, (task) => ids.length > 1 && task !== culprit);
  }

  function rest(): void {
    if (!isAlive || users > 0) return;
    if (keepMs === 0) stop("it is idle");
    else stopping = setTimeout(() => stop("it is idle"), keepMs);
  }

  listen(worker, {
    die,
    onMessage(message) {
      if (message.kind !== "ready") return tasks.receive(message);
      clearTimeout(starting);
      isReady = true;
      ready.resolve(true);
    },
  });

  return {
    taskCount: () => users,
    async run(task) {
      users++;
      clearTimeout(stopping);
      try {
        if (!await orAborted(ready.promise, task.signal) || !isAlive) return null;
        return await tasks.run(task, {
          patience,
          onHang: () => die("it does not end a task", task),
        });
      } finally {
        users--;
        rest();
      }
    },
    stop: (reason) => stop(reason),
  };
}

function listen(
  worker: Worker,
  { die, onMessage }: {
    die: (reason: string) => void;
    onMessage: (message: FromWorker) => void;
  },
): void {
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => onMessage(data);
  worker.onerror = (event) => {
    // An error that is not handled here would end the process.
    event.preventDefault();
    die(event.message);
  };
  worker.onmessageerror = () => die("a message could not be read");
}

/** A task that runs. */
interface Running {
  readonly task: ThreadTask;
  readonly ended: PromiseWithResolvers<ThreadResult>;
  /** What went wrong with answers. */
  readonly faults: Map<number, unknown>;
  /** How many calls are not answered yet. */
  unanswered: number;
  /** Once it is aborted. */
  watch: EndWatch | null;
}

/** Watches that an aborted task ends. */
interface EndWatch {
  /** The worker has got the abort. */
  confirm(): void;
  /** The task has ended. */
  end(): void;
}

type EndPatience = Pick<Patience, "abortMs" | "endMs">;

/** The tasks of a worker. */
interface Tasks {
  /** Runs a task to its end. Calls `onHang` if one that is aborted does not end in time. */
  run(
    task: ThreadTask,
    watch: { patience: EndPatience; onHang: () => void },
  ): Promise<ThreadResult>;
  /** Takes what the worker says. */
  receive(message: Exclude<FromWorker, { kind: "ready" }>): void;
  /** The names of those that run. */
  ids(): string[];
  /** The worker is not there any more, for a reason that some tasks share. */
  failAll(reason: string, isShared: (task: ThreadTask) => boolean): void;
}

function createTasks(post: (message: ToWorker, moves?: Transferable[]) => void): Tasks {
  const tasks = new Map<number, Running>();
  let lastTask = 0;
  return {
    async run(task, { patience, onHang }) {
      const id = ++lastTask;
      const running: Running = {
        task,
        ended: Promise.withResolvers(),
        faults: new Map(),
        unanswered: 0,
        watch: null,
      };
      const abort = () => {
        post({ kind: "abort", task: id });
        running.watch = watchEnd(running, patience, onHang);
      };
      post({ kind: "begin", task: id, work: task.kind, input: task.input }, task.moves);
      tasks.set(id, running);
      task.signal.addEventListener("abort", abort);
      if (task.signal.aborted) abort();
      try {
        return await running.ended.promise;
      } finally {
        task.signal.removeEventListener("abort", abort);
        running.watch?.end();
      }
    },
    receive(message) {
      const running = tasks.get(message.task);
      if (running === undefined) return;
      if (message.kind === "call") return void answer(running, message, post);
      if (message.kind === "aborting") return running.watch?.confirm();
      tasks.delete(message.task);
      if (message.kind === "done") running.ended.resolve({ value: message.value });
      else fail(running, message.error, message.fault);
    },
    ids: () => [...tasks.values()].map(({ task }) => task.id),
    failAll(reason, isShared) {
      for (const { task, ended } of tasks.values()) {
        ended.reject(new DeadWorkerError(reason, { isShared: isShared(task) }));
      }
      tasks.clear();
    },
  };
}

/** Answers what a task asks. */
async function answer(
  running: Running,
  { task, call, name, value: asked }: FromWorker & { kind: "call" },
  post: (message: ToWorker, moves?: Transferable[]) => void,
): Promise<void> {
  running.unanswered++;
  try {
    const { value, moves } = await running.task.answer(name, asked);
    post({ kind: "answer", task, call, value }, moves);
  } catch (error) {
    running.faults.set(call, error);
    postError(error, (sent) => post({ kind: "fault", task, call, error: sent }));
  } finally {
    running.unanswered--;
  }
}

function fail(running: Running, error: SentError, fault: number | null): void {
  const { task: { signal }, ended, faults } = running;
  if (signal.aborted) ended.reject(signal.reason);
  // The error itself, not what became of it on its way there and back.
  else if (fault !== null && faults.has(fault)) ended.reject(faults.get(fault));
  else ended.reject(receivedError(error));
}

/** Calls `onHang` if a worker has not confirmed the abort of a task, or not ended it, in time. */
function watchEnd(
  running: Running,
  { abortMs, endMs }: EndPatience,
  onHang: () => void,
): EndWatch {
  let timer = setTimeout(check, abortMs, abortMs);
  function check(ms: number): void {
    // While it waits for this thread, it is not the worker that hangs.
    if (running.unanswered > 0) timer = setTimeout(check, ms, ms);
    else onHang();
  }
  return {
    confirm() {
      clearTimeout(timer);
      timer = setTimeout(check, endMs, endMs);
    },
    end: () => clearTimeout(timer),
  };
}
