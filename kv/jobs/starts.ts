/**
 * Starting jobs that wait in the line of their account.
 *
 * @module
 */

import { getByKeys } from "../get_by_keys.ts";
import { ROUND_KEY, roundOf, type Version } from "./accounts.ts";
import { type JobEntry, jobEntryOf, jobKey, type JobMove, stageMove } from "./jobs.ts";
import { type CheckedStage, takeTurns, type TurnAhead } from "./turns.ts";

/** Jobs that start. */
export interface Starts {
  /** The jobs, at most 6. */
  readonly starts: readonly JobMove[];
  /**
   * The turns that they take, as the first in line. Null if their account keeps its turn: no other one may
   * wait, the turn must be later than the last that was taken, so that others come before it, and jobs
   * must be left in line. Then several processes can start jobs of one line at the same time.
   */
  readonly turn: TurnAhead | null;
  /** What else must not have changed. */
  readonly checks: readonly Version[];
}

/** Jobs to start, in the order of their ids; null for one that is not there or damaged. */
export interface Startable {
  /** The last turn that any account took. */
  readonly round: number;
  /** The jobs. */
  readonly jobs: readonly (JobEntry | null)[];
}

/** Reads jobs to start, and the last turn that was taken. One read for up to 9 jobs. */
export async function readStartable(
  kv: Pick<Deno.Kv, "getMany">,
  ids: readonly string[],
): Promise<Startable> {
  const [round, ...entries] = await getByKeys(kv, [ROUND_KEY, ...ids.map(jobKey)]);
  return { round: roundOf(round), jobs: entries.map(jobEntryOf) };
}

/**
 * Starts jobs: writes their next records. Returns them as they were written; null if anything has changed
 * meanwhile.
 */
export async function commitStarts(
  kv: Pick<Deno.Kv, "atomic">,
  { starts, turn, checks }: Starts,
): Promise<JobEntry[] | null> {
  const taken = turn === null ? null : takeTurns(turn, starts.length);
  const op = kv.atomic().check(
    ...starts.map(({ from }) => from),
    ...taken?.checks ?? [],
    ...checks,
  );
  for (const start of starts) stageMove(op, start);
  taken?.stage(op);
  const result = await op.commit();
  if (!result.ok) return null;
  const { versionstamp } = result;
  return starts.map(({ from: { key }, to }) => ({ key, value: to, versionstamp }));
}

/** The start of a job in another commit: under the conditions of a start without a turn. */
export function startWith(start: JobMove): CheckedStage {
  return { checks: [start.from], stage: (op) => stageMove(op, start) };
}
