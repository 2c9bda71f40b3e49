/**
 * Finding out whether a read waits for its client, by turns of the event loop.
 *
 * @module
 */

import { clearImmediate, setImmediate } from "node:timers";

/**
 * Turns after which a read waits. In the first one Deno asks the socket, in the second one it hands
 * over what came; the third is for reads that it put off because it had many.
 */
const WAIT_TURNS = 3;

/** Counts the turns of the event loop. */
export interface TurnClock extends Disposable {
  /**
   * True as soon as a read waits, false once it is done. Never throws. One call at a time.
   */
  isWaiting(reading: Promise<unknown>): Promise<boolean>;
}

/** A clock that stands still while nobody asks. */
export function createTurnClock(): TurnClock {
  let turns = 0;
  let onWait = () => {};
  let timer: ReturnType<typeof setImmediate> | null = null;

  function turn(): void {
    timer = ++turns < WAIT_TURNS ? setImmediate(turn) : null;
    if (timer === null) onWait();
  }

  return {
    isWaiting(reading) {
      turns = 0;
      timer ??= setImmediate(turn);
      return new Promise((resolve) => {
        onWait = () => resolve(true);
        const settle = () => resolve(false);
        reading.then(settle, settle);
      });
    },
    [Symbol.dispose]() {
      if (timer !== null) clearImmediate(timer);
    },
  };
}
