/**
 * A worker for tests of workers: a task says what it does.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { serveTasks, type TaskContext } from "../../jobs/engine/serve_tasks.ts";
import type { Sent } from "../../jobs/engine/thread_messages.ts";
import { cyclicError } from "./cyclic_error.ts";

/** What a task does. */
export type TestTask =
  /** Asks for the double of a number. */
  | { readonly does: "ask"; readonly number: number }
  /** Throws an error with a code. */
  | { readonly does: "throw" }
  /** Waits until it is aborted, and asks once more then. */
  | { readonly does: "wait" }
  /** Dies of an error that nothing catches. */
  | { readonly does: "die" }
  /** Never ends. */
  | { readonly does: "hang" }
  /** Throws an error that is its own cause, with a value that no message can carry. */
  | { readonly does: "throw a cycle" }
  /** Returns bytes. */
  | { readonly does: "bytes" };

async function runTest(input: unknown, { signal, ask }: TaskContext): Promise<Sent> {
  // Tests send these.
  const task = input as TestTask;
  if (task.does === "ask") return { value: await ask("double", { value: task.number }) };
  if (task.does === "throw") {
    throw new AppError("STORAGE_FULL", "The file store has no room left", {
      details: "It is full",
      cause: new RangeError("ENOSPC"),
    });
  }
  if (task.does === "throw a cycle") throw cyclicError();
  if (task.does === "hang") await ask("hanging", { value: null }).then(() => new Promise(() => {}));
  if (task.does === "bytes") {
    const bytes = new Uint8Array(8).fill(7);
    return { value: bytes, moves: [bytes.buffer] };
  }
  if (task.does === "die") {
    setTimeout(() => {
      throw new Error("out of luck");
    });
    await new Promise(() => {});
  }
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
  await ask("waiting", { value: null });
  await aborted;
  await ask("cleaned up", { value: null });
  throw signal.reason;
}

serveTasks(new Map([["test", () => Promise.resolve(runTest)]]));
