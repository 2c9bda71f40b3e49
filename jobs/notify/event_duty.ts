/**
 * The duty that turns events into deliveries: fan-out of what waits in the outbox, and jobs for targets
 * whose wakes are due. It is poked when a job ends; otherwise it looks once a second.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { nextCrowdMs } from "../../kv/jobs/due.ts";
import type { Duty } from "../engine/duty_loop.ts";
import type { Pokes } from "../engine/poke.ts";
import { type FanOutDeps, fanOutOnce } from "./fan_out.ts";
import { type TargetWakeDeps, wakeTargets } from "./target_wakes.ts";

/** The name of the duty. */
export const EVENTS = "events";
/** How many commits of fan-out are made before targets are woken, so that the first do not wait. */
const COMMITS_AT_ONCE = 50;

/** What the duty needs. */
export interface EventDutyDeps extends FanOutDeps, TargetWakeDeps {
  /** The database. */
  readonly kv: FanOutDeps["kv"] & TargetWakeDeps["kv"];
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** Reports that there may be work. */
  readonly pokes: Pokes;
  /** Wakes the lane of deliveries of this process. */
  readonly pokeDeliveries: () => void;
}

/** The duty. */
export function eventDuty(deps: EventDutyDeps): Duty {
  // An event that cannot be read stays, and is logged once a process.
  const logged = new Set<string>();
  const fanOut: FanOutDeps = {
    ...deps,
    onUnreadable(key, error) {
      const eventId = String(key[2]);
      if (!logged.has(eventId)) deps.log("error", "event unreadable", { eventId, error });
      logged.add(eventId);
    },
  };
  let roundMs = -Infinity;
  return {
    name: EVENTS,
    everyMs: 1_000,
    pokes: deps.pokes,
    untilNextMs: async () =>
      (await nextCrowdMs(deps.kv, "delivery_wake", roundMs) ?? Infinity) - deps.now(),
    async round({ signal }) {
      // All wakes of a round stand at one time: a target has one, however many events it gets.
      const nowMs = deps.now();
      roundMs = nowMs;
      let commits = 0;
      try {
        while (commits < COMMITS_AT_ONCE && !signal.aborted && await fanOutOnce(fanOut, nowMs)) {
          commits++;
        }
      } finally {
        // What is stored already is delivered, whatever keeps new events from it.
        if (await wakeTargets(deps, deps.now()) > 0) deps.pokeDeliveries();
      }
      if (commits === COMMITS_AT_ONCE) deps.pokes.poke();
    },
  };
}
