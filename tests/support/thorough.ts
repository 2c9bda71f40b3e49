/**
 * How much the longest tests do: a smaller amount in `deno task test`, the whole proof in `.ci/run`,
 * which sets `THOROUGH`.
 *
 * @module
 */

/** Whether the whole proof runs. */
export const isThorough: boolean = Deno.env.has("THOROUGH");

/** How often a test kills a service: once, or 20 times in `.ci/run`. `KILL_ROUNDS` overrides it. */
export const KILL_ROUNDS: number = Number(Deno.env.get("KILL_ROUNDS") ?? (isThorough ? 20 : 1));

/** The same where several tests or many steps prove one thing, or few users depend on it: a third. */
export const FEWER_KILL_ROUNDS: number = Math.ceil(KILL_ROUNDS / 3);

/** How many more rounds there are until a test has met what it is about. */
const MORE_ROUNDS = 20;

/** A round of a test that kills a service. */
export interface KillRound {
  /** Its number, from 1. */
  readonly round: number;
  /** When it kills, like {@link killDelayMs}. */
  readonly delayMs: (mostMs: number) => number;
}

/**
 * The rounds of a test that kills a service: `rounds`, and then more, each longer than the one before, until
 * `hasMet` says that the test has met what it is about. A busy machine may get nothing done in a round.
 */
export function* killRounds(rounds: number, hasMet: () => boolean): Generator<KillRound> {
  for (let round = 1; round <= rounds + MORE_ROUNDS; round++) {
    const more = Math.max(0, round - rounds);
    if (more > 0 && hasMet()) return;
    // As late as the first.
    const like = more > 0 ? 1 : round;
    yield { round, delayMs: (mostMs) => killDelayMs(like, mostMs * (1 + more)) };
  }
}

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
