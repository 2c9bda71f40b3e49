/**
 * Turns: accounts with jobs in line take turns, one job each, so that no account waits for all jobs
 * of another one.
 *
 * | from | to | when |
 * |---|---|---|
 * | not waiting | waiting | a job joins the line of the account: its turn is the one that was taken last, or its own next one if that is later |
 * | waiting | waiting | a job of the account starts: its next turn follows all that wait now |
 * | waiting | not waiting | the last job in line starts, or the line was found empty |
 *
 * A turn that ends (the account stops waiting) is remembered, so that an account that always has one
 * job in line does not overtake those with many.
 *
 * @module
 */

import type { Staging } from "../budget.ts";
import {
  type Account,
  readAccount,
  stageJoined,
  stagePlace,
  stageRound,
  stageWaiting,
  type Version,
} from "./accounts.ts";
import {
  type LinePlace,
  listLine,
  listLines,
  listTurns,
  stageTurn,
  stageTurnDelete,
  type Turn,
} from "./due.ts";

/** Something to add to a commit, and the versions under which it holds. */
export interface CheckedStage {
  /** What must not have changed. */
  readonly checks: readonly Version[];
  /** Adds the mutations. */
  stage(op: Staging): void;
}

/** Commits a stage alone. False if something that it checks has changed meanwhile. */
export async function commitChecked(
  kv: Pick<Deno.Kv, "atomic">,
  { checks, stage }: CheckedStage,
): Promise<boolean> {
  const op = kv.atomic().check(...checks);
  stage(op);
  return (await op.commit()).ok;
}

/** Whether something that a stage checks has changed. */
export async function hasChanged(
  kv: Pick<Deno.Kv, "get">,
  { checks }: CheckedStage,
): Promise<boolean> {
  for (const { key, versionstamp } of checks) {
    if ((await kv.get(key)).versionstamp !== versionstamp) return true;
  }
  return false;
}

/**
 * Makes sure that an account whose line a job joins has a turn. While it waits, starts of its other
 * jobs change its turn, but not that it waits, so they do not get in the way.
 */
export function waitForTurn(account: Account): CheckedStage {
  const { name, turn, isWaiting, round, place, waitingSince } = account;
  return {
    checks: isWaiting ? [waitingSince] : [place, waitingSince],
    stage(op) {
      stageJoined(op, name);
      if (isWaiting) return;
      const next = Math.max(round, turn);
      stagePlace(op, name, next);
      stageWaiting(op, name, true);
      stageTurn(op, { turn: next, account: name });
    },
  };
}

/**
 * Gives a turn to every account that has jobs in line and does not wait. No commit leaves one behind;
 * a race of two processes of an earlier release could. Returns how many there were.
 */
export async function giveMissingTurns(
  kv: Pick<Deno.Kv, "getMany" | "list" | "atomic">,
): Promise<number> {
  // The lines are read first: a job that joins later brings a turn with it.
  const names = new Set(await Array.fromAsync(listLines(kv)));
  for await (const { account } of listTurns(kv)) names.delete(account);
  let count = 0;
  for (const name of names) {
    const account = await readAccount(kv, name);
    if (account.isWaiting) continue;
    const { checks, stage } = waitForTurn(account);
    const op = kv.atomic().check(...checks);
    stage(op);
    if ((await op.commit()).ok) count++;
  }
  return count;
}

/** The turn of an account and the first jobs in its line. */
export interface TurnAhead {
  /** The account. */
  readonly account: Account;
  /** The first jobs in line: one more than can start, if there are so many. */
  readonly places: readonly LinePlace[];
}

/**
 * Reads whose turn it is, with the first `most` jobs in line and one more. The account is read before its
 * line, so that its versions are no newer.
 */
export async function readTurn(
  kv: Pick<Deno.Kv, "getMany" | "list">,
  { account: name }: Turn,
  most: number,
): Promise<TurnAhead> {
  const account = await readAccount(kv, name);
  return { account, places: await listLine(kv, name, most + 1) };
}

/** The turn that an account has after `count` that it takes. */
export function turnAfter({ turn, round }: Account, count: number): number {
  return Math.max(turn, round) + count;
}

/** Takes as many turns: the first `count` jobs in line start. */
export function takeTurns({ account, places }: TurnAhead, count: number): CheckedStage {
  const { name, turn, place, versions } = account;
  const hasMore = places.length > count;
  return {
    // A job that joins the line meanwhile relies on the turn of the account, so the last one checks
    // that none has joined (`waitForTurn`).
    checks: hasMore ? [place] : [place, versions.waiting],
    stage(op) {
      const next = turnAfter(account, count);
      stageRound(op, count === 1 ? turn : next - 1);
      stageTurnDelete(op, { turn, account: name });
      stagePlace(op, name, next);
      if (hasMore) stageTurn(op, { turn: next, account: name });
      else stageWaiting(op, name, false);
    },
  };
}

/** Ends the turn of an account whose line is empty, unless a job joins it meanwhile. */
export async function endTurn(
  kv: Pick<Deno.Kv, "atomic">,
  { name, turn, place, versions }: Account,
): Promise<void> {
  const op = kv.atomic().check(place, versions.waiting);
  // Also for a process that is taking this turn: it must see that the turn has ended.
  stagePlace(op, name, turn);
  stageWaiting(op, name, false);
  stageTurnDelete(op, { turn, account: name });
  await op.commit();
}

/** Deletes an entry of the due index that is not (or no longer) the turn of its account. */
export async function dropStaleTurn(
  kv: Pick<Deno.Kv, "atomic">,
  turn: Turn,
  { place, ...account }: Account,
): Promise<void> {
  if (account.isWaiting && account.turn === turn.turn) return;
  const op = kv.atomic().check(place);
  stageTurnDelete(op, turn);
  await op.commit();
}
