/**
 * The order in which a scan looks at accounts that wait: the lowest turn first. Turns are read only as
 * far as they are needed, since very many accounts may wait.
 *
 * @module
 */

import type { Turn } from "../../kv/jobs/due.ts";

/** Reads the next turn, the lowest first; null if there are no more. */
export type NextTurn = () => Promise<Turn | null>;

/** The accounts ahead of a scan. */
export interface TurnOrder {
  /** Whose turn it is; null if nobody is left. */
  next(): Promise<Turn | null>;
  /** Whether nobody waits but who had the last turn. Reads one turn more. */
  isLast(): Promise<boolean>;
  /** Looks at an account once more, after others with the same turn. */
  again(turn: Turn): void;
}

/** Creates the order of a scan, which has read nothing yet. */
export function createTurnOrder(nextTurn: NextTurn): TurnOrder {
  const repeated: Turn[] = [];
  const seen = new Set<string>();
  let unseen: Turn | null = null;
  let isEnd = false;

  async function readUnseen(): Promise<void> {
    while (unseen === null && !isEnd) {
      const turn = await nextTurn();
      if (turn === null) isEnd = true;
      // A start of this scan moved the turn to where the scan had not read yet.
      else if (!seen.has(turn.account)) unseen = turn;
    }
  }

  return {
    async next() {
      await readUnseen();
      if (repeated.length > 0 && (unseen === null || repeated[0].turn < unseen.turn)) {
        return repeated.shift() ?? null;
      }
      const turn = unseen;
      unseen = null;
      if (turn !== null) seen.add(turn.account);
      return turn;
    },
    async isLast() {
      await readUnseen();
      return unseen === null && repeated.length === 0;
    },
    again(turn) {
      const at = repeated.findIndex((other) => other.turn > turn.turn);
      repeated.splice(at === -1 ? repeated.length : at, 0, turn);
    },
  };
}
