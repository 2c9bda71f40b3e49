/**
 * Exports that need much memory, of which few are written at the same time.
 *
 * @module
 */

import type { FormatName } from "../../data/encoders/encoder.ts";
import { createGate } from "../engine/gate.ts";
import type { Threads } from "../engine/threads.ts";
import type { ThreadExport } from "./thread_contract.ts";

/** Formats whose rows are long, so that files of them take several times the memory of others. */
const LARGE_FORMATS: readonly FormatName[] = ["xml", "xlsx"];
/** How many files of those a worker writes at once. A second one works while the first waits for the disk. */
const LARGE_AT_ONCE = 2;

/**
 * Workers whose exports in large formats wait for each other, before a worker is chosen: one that waited in a
 * worker would not be written while another is idle.
 */
export function limitLarge(threads: Threads): Threads {
  const gate = createGate(LARGE_AT_ONCE * Math.max(1, threads.count));
  return {
    ...threads,
    run: (task) => {
      // This is what exports send.
      const { spec: { format } } = task.input as ThreadExport;
      const run = () => threads.run(task);
      return LARGE_FORMATS.includes(format) ? gate.enter(run, task.signal) : run();
    },
  };
}
