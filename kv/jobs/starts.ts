/**
 * Starting jobs that wait in the line of their account.
 *
 * @module
 */

import type { Version } from "./accounts.ts";
import { type JobMove, stageMove } from "./jobs.ts";
import { takeTurns, type TurnAhead } from "./turns.ts";

/**
 * Starts the first jobs in line, at most 6: writes their next records and moves the turn of their account
 * on. `checks` names what else must not have changed. False if anything has.
 */
export async function commitTurns(
  kv: Pick<Deno.Kv, "atomic">,
  { starts, turn, checks }: {
    starts: readonly JobMove[];
    turn: TurnAhead;
    checks: readonly Version[];
  },
): Promise<boolean> {
  const taken = takeTurns(turn, starts.length);
  const op = kv.atomic().check(...starts.map(({ from }) => from), ...taken.checks, ...checks);
  for (const start of starts) stageMove(op, start);
  taken.stage(op);
  return (await op.commit()).ok;
}
