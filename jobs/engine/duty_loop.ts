/**
 * Duties: work that never ends, which one process at a time does under a named lease.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { giveUpLease, type Lease, takeLease } from "../../kv/jobs/leases.ts";
import { pause } from "./pause.ts";
import type { Pokes } from "./poke.ts";

/** How long the lease of a duty holds unless it is renewed, milliseconds. */
const DUTY_LEASE_MS = 30_000;

/** A duty. */
export interface Duty {
  /** Its name, which is also the name of its lease. */
  readonly name: string;
  /** The time between two rounds, milliseconds. */
  readonly everyMs: number;
  /**
   * How long one process keeps the duty at a time if others may take it over, milliseconds; forever
   * by default. Then it releases the lease for a moment, so that processes share many duties.
   */
  readonly holdMs?: number;
  /** Reports that there may be work before the time between two rounds is over. */
  readonly pokes?: Pokes;
  /** Does one round: a bounded piece of work that can be interrupted and repeated. */
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
  /** The unique id of this running process. */
  readonly owner: string;
  /** Whether every other owner is known to be dead. */
  readonly isExclusive: boolean;
}

/** Runs duties until stopped, each in its own loop. A round that throws is logged. */
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
      // Renewed after half its time, so that an idle duty writes only a few times a minute.
      if (lease === null || lease.untilMs - now() < DUTY_LEASE_MS / 2) {
        if (lease === null) takenMs = now();
        const untilMs = now() + DUTY_LEASE_MS;
        lease = await takeLease(kv, { name, owner, nowMs: now(), untilMs, isExclusive });
      }
      // Taken also without the lease, or the next wait would return at once, again and again.
      const isPoked = duty.pokes?.take() === true;
      if (lease !== null && (isPoked || now() >= nextRoundMs)) {
        nextRoundMs = now() + everyMs;
        await duty.round({ signal, lease });
      }
      if (lease !== null && !isExclusive && now() - takenMs >= (duty.holdMs ?? Infinity)) {
        await giveUpLease(kv, name, owner);
        lease = null;
        // Other processes try to take the lease meanwhile; the least busy one comes first.
        await pause(everyMs * 3, signal);
      }
    } catch (error) {
      if (!signal.aborted) log("error", "duty round failed", { duty: name, error });
      lease = null;
    }
    // A duty with long pauses still renews its lease during them.
    const waitMs = Math.min(everyMs, DUTY_LEASE_MS / 3);
    await (duty.pokes?.wait(waitMs, signal) ?? pause(waitMs, signal));
  }
  await giveUpLease(kv, name, owner)
    .catch((error) => log("warn", "lease not released", { duty: name, error }));
}
