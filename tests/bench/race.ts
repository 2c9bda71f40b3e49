/**
 * Measuring one thing, or several ways to do the same thing, side by side.
 *
 * @module
 */

import type { Comparison, Target } from "./figure.ts";

/** One way to do it. */
export interface Contestant {
  /** Its name in the table. */
  readonly name: string;
  /** The file that a run writes, or null. */
  readonly path: string | null;
  /** Target for the ratio of the first contestant to this one, if there is one. */
  readonly target?: Target;
  /** How the first contestant is compared with it. */
  readonly as?: Comparison;
  /** Runs it once. Returns milliseconds, without the preparation of the run. */
  run(): Promise<number>;
}

/** The measurements of one way. */
export interface RaceResult {
  /** The way. */
  readonly contestant: Contestant;
  /** One entry per counted run, milliseconds. */
  readonly runsMs: readonly number[];
}

/** How a race is run. */
export interface RaceOptions {
  /** Counted runs of each way. One more run before them warms up and is not counted. */
  readonly repeats: number;
  /** After this time no further round begins, once three have been counted, milliseconds. */
  readonly budgetMs: number;
  /** Aborts the race between two runs. */
  readonly signal: AbortSignal;
  /** Called with a way that failed. It is left out from then on. */
  readonly onDropped: (name: string, error: unknown) => void;
}

/** Rounds that are counted, however long they take. */
const LEAST_ROUNDS = 3;

/**
 * Runs all ways in turn (A B C, A B C, …), so that a noisy moment affects all of them. A way that
 * fails is dropped. If the first one fails, which is ours in a race against others, the race throws.
 */
export async function race(
  contestants: readonly Contestant[],
  { repeats, budgetMs, signal, onDropped }: RaceOptions,
): Promise<RaceResult[]> {
  const runs = new Map<Contestant, number[]>();
  for (const contestant of contestants) runs.set(contestant, []);
  const endMs = performance.now() + budgetMs;
  for (let round = 0; round <= repeats; round++) {
    if (round > LEAST_ROUNDS && performance.now() > endMs) break;
    for (const [contestant, runsMs] of runs) {
      signal.throwIfAborted();
      try {
        const ms = await contestant.run();
        if (round > 0) runsMs.push(ms);
        if (contestant.path !== null) await settle(contestant.path);
      } catch (error) {
        if (contestant === contestants[0]) throw error;
        runs.delete(contestant);
        onDropped(contestant.name, error);
      }
    }
  }
  return [...runs].map(([contestant, runsMs]) => ({ contestant, runsMs }));
}

/** How long an action takes, milliseconds. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}

/** Syncs a file to the disk, uncounted, so that the sync of the next run does not pay for it. */
async function settle(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}
