/**
 * Leaving the database to others between the commits of a flush, so that requests rarely wait for one.
 *
 * @module
 */

/** Longest pause, milliseconds. After a commit that waited for a disk that stood still, no time is lost. */
const PAUSE_MAX_MS = 100;

/** How long work takes, milliseconds. */
export async function elapsedMs(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** Waits for as long as the last commit took. */
export function pauseAfter(tookMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(tookMs, PAUSE_MAX_MS)));
}
