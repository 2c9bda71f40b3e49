/**
 * Which refused keys are worth a line in the log. Anyone can send wrong keys, so the lines must not
 * grow with them.
 *
 * @module
 */

import { MINUTE_MS } from "../limits.ts";
import { addressAccount } from "./client_address.ts";

/** The most lines for one address in a minute. */
const ADDRESS_LINES = 10;
/** The most lines in a minute, and so the most that is kept. */
const ALL_LINES = 1_000;

/** Says which refusals are written. */
export interface RefusalLines {
  /** Whether to write that a key was refused: at most once a minute for a key and an address. */
  isDue(keyId: string, address: string, nowMs: number): boolean;
}

/** Nothing is written yet. */
export function createRefusalLines(): RefusalLines {
  /** The ids by the account of the address, of the minute. */
  const written = new Map<string, Set<string>>();
  let minute = -1;
  let lines = 0;
  return {
    isDue(keyId, address, nowMs) {
      const current = Math.floor(nowMs / MINUTE_MS);
      if (current !== minute) {
        written.clear();
        lines = 0;
        minute = current;
      }
      const account = addressAccount(address);
      const ids = written.get(account) ?? new Set();
      if (ids.has(keyId) || ids.size >= ADDRESS_LINES || lines >= ALL_LINES) return false;
      written.set(account, ids.add(keyId));
      lines++;
      return true;
    },
  };
}
