/**
 * Exponential back-off: longer and longer waits between attempts that keep failing.
 *
 * @module
 */

/** The first wait, milliseconds. Each later wait is twice as long … */
const FIRST_MS = 1_000;
/** … up to this one. */
const LONGEST_MS = 60_000;

/** Remembers what failed, by name, and when to try it again. */
export interface BackOff {
  /** Whether it is too early to try this again. */
  isWaiting(name: string): boolean;
  /** Whether something has failed and not succeeded since. */
  hasFailures(): boolean;
  /** Records a failure. During a wait, further failures do not count. */
  fail(name: string): void;
  /** Records a success. */
  clear(name: string): void;
}

/** Starts without failures. `random` returns 0 to 1 and spreads each wait over its second half. */
export function createBackOff(
  { now, random }: { now: () => number; random: () => number },
): BackOff {
  const failures = new Map<string, { count: number; untilMs: number }>();
  const isWaiting = (name: string) => (failures.get(name)?.untilMs ?? -Infinity) > now();
  return {
    isWaiting,
    hasFailures: () => failures.size > 0,
    fail(name) {
      if (isWaiting(name)) return;
      const count = (failures.get(name)?.count ?? 0) + 1;
      const waitMs = Math.min(FIRST_MS * 2 ** (count - 1), LONGEST_MS);
      failures.set(name, { count, untilMs: now() + waitMs * (1 + random()) / 2 });
    },
    clear: (name) => void failures.delete(name),
  };
}
