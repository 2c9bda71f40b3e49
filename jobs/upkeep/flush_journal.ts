/**
 * The duty that flushes old entries of the journal into the database (`kv/journal/journal.ts`).
 *
 * @module
 */

import { UPKEEP, type Upkeep } from "../../data/upkeep.ts";
import type { OpenedKv } from "../../kv/opened_kv.ts";
import type { Duty } from "../engine/duty_loop.ts";

/** What the duty needs. */
export interface FlushJournalDeps extends Pick<OpenedKv, "flush"> {
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** How often it runs. */
  readonly upkeep?: Pick<Upkeep, "everyMs">;
}

/** The duty. Its lease is stored under the name "settle", so the name stays. */
export function flushJournalDuty(
  { flush, now, upkeep: { everyMs } = UPKEEP }: FlushJournalDeps,
): Duty {
  return { name: "settle", everyMs, round: ({ signal }) => flush(now(), signal) };
}
