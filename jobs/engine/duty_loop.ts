/**
 * Duties: work that never ends, done by one process at a time under a named lease.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { giveUpLease, type Lease, takeLease } from "../../kv/jobs/leases.ts";
import { pause } from "./pause.ts";

/** How long a duty's lease holds without being renewed, milliseconds. */
const DUTY_LEASE_MS = 30_000;

/** A duty. */
export interface Duty {
  /** Its name, also that of its lease. */
  readonly name: string;
  /** How long to wait between two rounds, milliseconds. */
  readonly everyMs: number;
  /**
   * How long the duty is kept in a row where other processes may want it, milliseconds; for good by
   * default. After that it is given up for a moment, so that several processes share many duties.
   */
  readonly holdMs?: number;
  /** Does one round: a bounded piece of work that may be cut off and done again. */
  round(context: { signal: AbortSignal; lease: Lease }): Promise<void>;
}

/** What the loops need. */
export interface DutyLoopDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** This running process, unlike any other that ever was. */
  readonly owner: string;
  /** Whether every other owner is known to be dead. */
  readonly isExclusive: boolean;
}

/** Does duties until stopped, each in a loop of its own. A round that throws is logged. */
export function startDuties(
  deps: DutyLoopDeps,
  duties: readonly Duty[],
): { stop(): Promise<void> } {
  const controller = new AbortController();
  const loops = duties.map((duty) => runDuty(deps, duty, controller.signal));
  return {
    async stop() {
      controller.abort();
      await Promise.all(loops);
    },
  };
}

async function runDuty(deps: DutyLoopDeps, duty: Duty, signal: AbortSignal): Promise<void> {
  const { kv, now, log, owner, isExclusive } = deps;
  const { name, everyMs } = duty;
  let lease: Lease | null = null;
  let nextRoundMs = -Infinity;
  let takenMs = now();
  while (!signal.aborted) {
    try {
      // Renewed when half of it is gone, so that an idle duty writes a few times a minute.
      if (lease === null || lease.untilMs - now() < DUTY_LEASE_MS / 2) {
        if (lease === null) takenMs = now();
        const untilMs = now() + DUTY_LEASE_MS;
        lease = await takeLease(kv, { name, owner, nowMs: now(), untilMs, isExclusive });
      }
      if (lease !== null && now() >= nextRoundMs) {
        nextRoundMs = now() + everyMs;
        await duty.round({ signal, lease });
      }
      if (lease !== null && !isExclusive && now() - takenMs >= (duty.holdMs ?? Infinity)) {
        await giveUpLease(kv, name, owner);
        lease = null;
        // Whoever else wants it has looked in between; who has least to do comes first.
        await pause(everyMs * 3, signal);
      }
    } catch (error) {
      if (!signal.aborted) log("error", "duty round failed", { duty: name, error });
      lease = null;
    }
    // A duty with long pauses still renews its lease within them.
    await pause(Math.min(everyMs, DUTY_LEASE_MS / 3), signal);
  }
  await giveUpLease(kv, name, owner)
    .catch((error) => log("warn", "lease not given up", { duty: name, error }));
}
