/**
 * Duties: work that never ends, which one process at a time does under a named lease.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { type Activity, ALWAYS_ACTIVE } from "../../kv/activity.ts";
import {
  giveUpLease,
  type Lease,
  renewLease,
  takeWrittenLease,
  type WrittenLease,
} from "../../kv/jobs/leases.ts";
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
  /**
   * How long until time alone brings work, milliseconds: `Infinity` if only writes do. Asked while
   * nobody writes. Without it, the pauses grow with the time since the last write.
   */
  readonly untilNextMs?: () => Promise<number>;
  /**
   * Whether some process holds the lease even while nobody writes, because others look at it; by default
   * it may expire.
   */
  readonly keepsLease?: boolean;
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
  /** Whether anybody writes; by default, no loop ever rests. */
  readonly activity?: Activity;
}

/** Running duties. */
export interface Duties {
  /** How many rounds are running. */
  running(): number;
  /** Ends the loops; settles when the running rounds have ended. */
  stop(): Promise<void>;
}

/** Runs duties until stopped, each in its own loop. A round that throws is logged. */
export function startDuties(deps: DutyLoopDeps, duties: readonly Duty[]): Duties {
  const controller = new AbortController();
  let running = 0;
  const onRound = (change: 1 | -1) => running += change;
  const loops = duties.map((duty) =>
    runDuty({ ...deps, onRound, signal: controller.signal }, duty)
  );
  return {
    running: () => running,
    async stop() {
      controller.abort();
      await Promise.all(loops);
    },
  };
}

/** What a loop needs. */
interface LoopDeps extends DutyLoopDeps {
  readonly onRound: (change: 1 | -1) => void;
  readonly signal: AbortSignal;
}

async function runDuty(deps: LoopDeps, duty: Duty): Promise<void> {
  const { kv, now, log, owner, isExclusive, activity = ALWAYS_ACTIVE, signal } = deps;
  const { name, everyMs } = duty;
  let held: WrittenLease | null = null;
  let nextRoundMs = -Infinity;
  let takenMs = now();
  while (!signal.aborted) {
    let hasFailed = false;
    try {
      // Renewed after half its time, so that an idle duty writes only a few times a minute.
      if (held === null || held.lease.untilMs - now() < DUTY_LEASE_MS / 2) {
        // During a long rest, it has expired: others could have taken it.
        if (held === null || held.lease.untilMs < now()) takenMs = now();
        held = await hold(deps, name, held);
      }
      // Taken also without the lease, or the next wait would return at once, again and again.
      const isPoked = duty.pokes?.take() === true;
      if (held !== null && (isPoked || now() >= nextRoundMs)) {
        nextRoundMs = now() + everyMs;
        await runRound(deps, duty, held.lease);
      }
      if (held !== null && !isExclusive && now() - takenMs >= (duty.holdMs ?? Infinity)) {
        // While nobody writes, nobody wants it.
        if (activity.isQuiet(everyMs)) takenMs = now();
        else {
          await giveUpLease(kv, name, owner);
          held = null;
          // Other processes try to take the lease meanwhile; the least busy one comes first.
          await pause(everyMs * 3, signal);
        }
      }
    } catch (error) {
      if (!signal.aborted) log("error", "duty round failed", { duty: name, error });
      held = null;
      hasFailed = true;
    }
    await waitForRound(deps, duty, { isHeld: held !== null, hasFailed });
  }
  try {
    // Others rest longer than the lease would hold. Now they look at once.
    if (await giveUpLease(kv, name, owner)) activity.note();
  } catch (error) {
    log("warn", "lease not released", { duty: name, error });
  }
}

/** Takes or renews the lease. Null if another process holds it. */
async function hold(
  { kv, now, owner, isExclusive }: LoopDeps,
  name: string,
  held: WrittenLease | null,
): Promise<WrittenLease | null> {
  const nowMs = now(), untilMs = nowMs + DUTY_LEASE_MS;
  const renewed = held === null ? null : await renewLease(kv, { name, untilMs }, held);
  return renewed ?? await takeWrittenLease(kv, { name, owner, nowMs, untilMs, isExclusive });
}

async function runRound(
  { onRound, signal }: LoopDeps,
  duty: Duty,
  lease: Lease,
): Promise<void> {
  onRound(1);
  try {
    await duty.round({ signal, lease });
  } finally {
    onRound(-1);
  }
}

/** Waits for the next round: longer while nobody writes. */
async function waitForRound(
  { activity = ALWAYS_ACTIVE, signal }: LoopDeps,
  { everyMs, pokes, untilNextMs, keepsLease }: Duty,
  { isHeld, hasFailed }: { isHeld: boolean; hasFailed: boolean },
): Promise<void> {
  // A duty with long pauses still renews its lease during them.
  const waitMs = Math.min(everyMs, DUTY_LEASE_MS / 3);
  const rest = (signal: AbortSignal) => {
    // Without the lease too: its holder may die without a word.
    if (hasFailed || keepsLease === true) return pause(waitMs, signal);
    // Another process has the duty. If it dies now, nothing is lost but time.
    return activity.rest(waitMs, signal, isHeld ? untilNextMs : () => Promise.resolve(Infinity));
  };
  await (pokes?.wait(rest, signal) ?? rest(signal));
}
