/**
 * The duty that has the database's journal write what is old.
 *
 * @module
 */

import { UPKEEP, type Upkeep } from "../../data/upkeep.ts";
import type { OpenedKv } from "../../kv/opened_kv.ts";
import type { Duty } from "../engine/duty_loop.ts";

/** What it needs. */
export interface SettleDeps extends Pick<OpenedKv, "settle"> {
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** How often it looks. */
  readonly upkeep?: Pick<Upkeep, "everyMs">;
}

/** The duty. */
export function settleDuty({ settle, now, upkeep: { everyMs } = UPKEEP }: SettleDeps): Duty {
  return { name: "settle", everyMs, round: ({ signal }) => settle(now(), signal) };
}
