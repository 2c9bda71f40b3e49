/**
 * Which planned times of a schedule have run: stretches of them, so that no time runs twice, even if the
 * clock is set forward for a while and then back.
 *
 * @module
 */

/** Stretches of planned times, both ends inclusive, epoch milliseconds, in order. */
export type Handled = readonly (readonly [fromMs: number, toMs: number])[];

/** How many stretches are kept apart. Beyond, the time between the two earliest counts as handled. */
const STRETCHES_MAX = 20;

/** Whether a planned time has run. */
export function isHandled(handled: Handled, timeMs: number): boolean {
  return handled.some(([fromMs, toMs]) => fromMs <= timeMs && timeMs <= toMs);
}

/**
 * The stretches with one more time. `previousMs` is the planned time before it; the time joins the
 * stretch that ends there.
 */
export function withHandled(
  handled: Handled,
  timeMs: number,
  previousMs: number | null,
): Handled {
  if (isHandled(handled, timeMs)) return handled;
  const joined = handled.map(([fromMs, toMs]) =>
    [fromMs, toMs === previousMs ? timeMs : toMs] as const
  );
  if (joined.some(([, toMs]) => toMs === timeMs)) return joined;
  const all = [...handled, [timeMs, timeMs] as const].toSorted(([one], [other]) => one - other);
  if (all.length <= STRETCHES_MAX) return all;
  const [[fromMs], [, toMs], ...rest] = all;
  return [[fromMs, toMs], ...rest];
}
