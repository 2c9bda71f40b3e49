/**
 * The planned times of timings, kept for those that are asked again: to read an expression costs more
 * than to find its next time.
 *
 * @module
 */

import { createRunTimes, type RunTimes, type Timing } from "../../data/schedules/run_times.ts";

/** How many timings are kept. */
const KEPT = 1_000;

/** Finds the planned times of a timing. */
export type FindTimes = (timing: Timing) => RunTimes;

/** Creates a memory without timings. */
export function createTimesCache(): FindTimes {
  const known = new Map<string, RunTimes>();
  return (timing) => {
    const key = JSON.stringify(timing);
    const found = known.get(key) ?? createRunTimes(timing);
    known.delete(key);
    known.set(key, found);
    if (known.size > KEPT) known.delete(known.keys().next().value ?? "");
    return found;
  };
}
