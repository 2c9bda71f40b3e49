/**
 * The duty that has the database's journal write what is old.
 *
 * @module
 */

import type { OpenedKv } from "../kv/opened_kv.ts";
import type { Duty } from "./duty_loop.ts";

/** What it needs. */
export interface SettleDeps extends Pick<OpenedKv, "settle"> {
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The duty. */
export function settleDuty({ settle, now }: SettleDeps): Duty {
  return { name: "settle", everyMs: 2_000, round: () => settle(now()) };
}
