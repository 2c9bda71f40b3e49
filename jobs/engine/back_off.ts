/**
 * Waiting longer and longer between attempts at what keeps failing.
 *
 * @module
 */

/** The first wait, milliseconds; each further one is twice as long … */
const FIRST_MS = 1_000;
/** … up to this. */
const LONGEST_MS = 60_000;

/** Remembers what failed, by name, and until when it is left alone. */
export interface BackOff {
  /** Whether something is to be left alone now. */
  isWaiting(name: string): boolean;
  /** Notes a failure. Of several within one wait the first counts. */
  fail(name: string): void;
  /** Notes that it works. */
  clear(name: string): void;
}

/** A memory without failures. `random` gives 0 to 1 and spreads the waits over half to all of them. */
export function createBackOff(
  { now, random }: { now: () => number; random: () => number },
): BackOff {
  const failures = new Map<string, { count: number; untilMs: number }>();
  const isWaiting = (name: string) => (failures.get(name)?.untilMs ?? -Infinity) > now();
  return {
    isWaiting,
    fail(name) {
      if (isWaiting(name)) return;
      const count = (failures.get(name)?.count ?? 0) + 1;
      const waitMs = Math.min(FIRST_MS * 2 ** (count - 1), LONGEST_MS);
      failures.set(name, { count, untilMs: now() + waitMs * (1 + random()) / 2 });
    },
    clear: (name) => void failures.delete(name),
  };
}
