/**
 * Measuring one thing, or several ways to do the same thing side by side.
 *
 * @module
 */

import type { Target } from "./figure.ts";

/** One way to do it. */
export interface Contestant {
  /** What the table calls it. */
  readonly name: string;
  /** The file that a run leaves; null where it leaves none. */
  readonly path: string | null;
  /** What its time should be as a multiple of the first one's; none where nobody said. */
  readonly target?: Target;
  /** Does it once; milliseconds, without what has to be tidied before. */
  run(): Promise<number>;
}

/** What was measured of one way. */
export interface Standing {
  /** The way. */
  readonly contestant: Contestant;
  /** One entry a counted run, milliseconds. */
  readonly runsMs: readonly number[];
}

/** How it is measured. */
export interface RaceOptions {
  /** Counted runs of each; one more before them warms up and is not counted. */
  readonly repeats: number;
  /** After so long no further round begins once three were counted, milliseconds. */
  readonly budgetMs: number;
  /** Ends the race between two runs. */
  readonly signal: AbortSignal;
  /** Told of a way that failed and is left out from then on. */
  readonly onDropped: (name: string, error: unknown) => void;
}

/** Rounds that are counted however long they take. */
const LEAST_ROUNDS = 3;

/**
 * Runs all ways in turn (A B C, A B C, …), so that a noisy moment hits all alike. A way that fails
 * is dropped, but for the first one, which is ours where there are others': its failure is thrown.
 */
export async function race(
  contestants: readonly Contestant[],
  { repeats, budgetMs, signal, onDropped }: RaceOptions,
): Promise<Standing[]> {
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

/** Milliseconds that something takes. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}

/** Brings a file to the disk, uncounted, so that the next one's sync does not pay for it. */
async function settle(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}
