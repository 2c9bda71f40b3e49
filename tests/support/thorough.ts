/**
 * How much the longest tests do: a smaller amount in `deno task test`, the whole proof in `.ci/run`,
 * which sets `THOROUGH`.
 *
 * @module
 */

/** Whether the whole proof runs. */
export const isThorough: boolean = Deno.env.has("THOROUGH");

/** How often a test kills a service: once, or 30 times in `.ci/run`. `KILL_ROUNDS` overrides it. */
export const KILL_ROUNDS: number = Number(Deno.env.get("KILL_ROUNDS") ?? (isThorough ? 30 : 1));

/** The same where several tests or many steps prove one thing, or few users depend on it: a third. */
export const FEWER_KILL_ROUNDS: number = Math.ceil(KILL_ROUNDS / 3);

/** The amount for this run. */
export function amount({ quick, thorough }: { quick: number; thorough: number }): number {
  return isThorough ? thorough : quick;
}

/**
 * When a round kills the service, milliseconds after its first request: at any time up to `mostMs`,
 * but late in the first round, so that at least one round has work that was accepted.
 */
export function killDelayMs(round: number, mostMs: number): number {
  const leastMs = round === 1 ? mostMs * 3 / 4 : 0;
  return Math.floor(leastMs + Math.random() * (mostMs - leastMs));
}
