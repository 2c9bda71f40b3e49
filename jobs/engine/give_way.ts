/**
 * The priority of the threads that do heavy work.
 *
 * @module
 */

import { getPriority, setPriority } from "node:os";

/** How far such a thread gives way to the others: it gets a tenth of the time of one that wants it, too. */
const STEPS = 10;

/** The lowest priority of Linux. */
const LAST = 19;

/**
 * Lets this thread give way to the one that serves: where processors are short, requests would wait for heavy
 * work. On Linux, a priority is that of a thread; elsewhere of the whole process, so nothing happens there.
 */
export function giveWay(): void {
  if (Deno.build.os !== "linux") return;
  try {
    setPriority(0, Math.min(getPriority(0) + STEPS, LAST));
  } catch {
    // Without the permission, requests wait longer.
  }
}
