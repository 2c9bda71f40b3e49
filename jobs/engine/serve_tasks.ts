/**
 * The side of a worker: it runs tasks, several at a time, and asks the thread that began them for what
 * only that thread has.
 *
 * @module
 */

import {
  type FromWorker,
  postError,
  receivedError,
  type Sent,
  type ToWorker,
} from "./thread_messages.ts";

/** What a task may use. */
export interface TaskContext {
  /** Aborts the task. */
  readonly signal: AbortSignal;
  /** Asks the thread that began the task. Throws what goes wrong there. */
  ask(name: string, sent: Sent): Promise<unknown>;
}

/** Runs one task. */
export type RunTask = (input: unknown, context: TaskContext) => Promise<Sent>;

/** What a thread has that no window has. */
interface Thread {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  onmessageerror: (() => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
}

/** A task that runs. */
interface Running {
  readonly aborter: AbortController;
  /** The calls that are not answered yet. */
  readonly calls: Map<number, PromiseWithResolvers<unknown>>;
}

/** Loads the code of each kind of work, once, when its first task comes. */
export type TaskLoaders = ReadonlyMap<string, () => Promise<RunTask>>;

/** Serves tasks from now on. To be called once, by the module of a worker. */
export function serveTasks(loaders: TaskLoaders): void {
  // The types know only windows; this runs in a worker.
  const thread = self as unknown as Thread;
  const tasks = new Map<number, Running>();
  /** Errors that came from the other thread, and the calls that they answer. */
  const faults = new WeakMap<Error, number>();
  const loaded = new Map<string, Promise<RunTask>>();
  let lastCall = 0;

  function load(work: string): Promise<RunTask> {
    const known = loaded.get(work);
    if (known !== undefined) return known;
    const loader = loaders.get(work);
    if (loader === undefined) throw new TypeError(`Cannot do work of an unknown kind: ${work}`);
    const run = loader();
    loaded.set(work, run);
    // The next task tries again.
    run.catch(() => loaded.delete(work));
    return run;
  }

  async function begin({ task, work, input }: ToWorker & { kind: "begin" }): Promise<void> {
    const aborter = new AbortController();
    const calls: Running["calls"] = new Map();
    tasks.set(task, { aborter, calls });
    const ask: TaskContext["ask"] = (name, { value, moves = [] }) => {
      const call = ++lastCall;
      const answer = Promise.withResolvers<unknown>();
      calls.set(call, answer);
      thread.postMessage({ kind: "call", task, call, name, value }, moves);
      return answer.promise;
    };
    try {
      const run = await load(work);
      const { value, moves = [] } = await run(input, { signal: aborter.signal, ask });
      thread.postMessage({ kind: "done", task, value }, moves);
    } catch (error) {
      const fault = error instanceof Error ? faults.get(error) ?? null : null;
      postError(error, (sent) => {
        thread.postMessage({ kind: "failed", task, error: sent, fault }, []);
      });
    }
    tasks.delete(task);
  }

  thread.onmessage = ({ data }) => {
    if (data.kind === "begin") {
      begin(data);
      return;
    }
    const running = tasks.get(data.task);
    if (running === undefined) return;
    if (data.kind === "abort") {
      // Cleaning up may wait for the disk. So the other thread learns at once that this one does not hang.
      thread.postMessage({ kind: "aborting", task: data.task }, []);
      running.aborter.abort(new DOMException("The task is aborted", "AbortError"));
      return;
    }
    const answer = running.calls.get(data.call);
    running.calls.delete(data.call);
    if (data.kind === "answer") answer?.resolve(data.value);
    else {
      const error = receivedError(data.error);
      faults.set(error, data.call);
      answer?.reject(error);
    }
  };
  thread.onmessageerror = () => {
    // The task would wait for ever. So the worker dies, which the other thread notices.
    throw new TypeError("Cannot read a message");
  };
  thread.postMessage({ kind: "ready" }, []);
}
