/**
 * The duty that writes the objects that all devices of a profile share for a day. One process at a time
 * has its lease and renews it while it writes, as an object of thousands of devices takes longer than
 * the lease holds.
 *
 * An object is written again as a whole when any of its members changes. So changes are collected: it is
 * written when none came for twice as long as late readings of a device may take to be found, two
 * minutes, and at the latest after ten minutes. With windows shorter than a minute it is less.
 *
 * @module
 */

import { MINUTE_MS } from "../../data/limits.ts";
import { startDeadline } from "../../data/files/deadline.ts";
import type { Log } from "../../data/log.ts";
import { type DirtyDay, listDirtyDays } from "../../kv/continuous/profile_days.ts";
import { type Lease, takeLease } from "../../kv/jobs/leases.ts";
import { createBackOff } from "../engine/back_off.ts";
import type { Duty } from "../engine/duty_loop.ts";
import { pause } from "../engine/pause.ts";
import { type ProfileDayDeps, writeProfileDay } from "./profile_day_writer.ts";

/** How often late readings of a device are looked for at least, milliseconds (`due_devices.ts`). */
const LOOK_MS = MINUTE_MS;
/** How long a renewed lease holds, milliseconds. */
const LEASE_MS = 30_000;
/** How often it is renewed, milliseconds. */
const RENEW_MS = 8_000;
/** How long before the end of the lease writing is cut off, milliseconds. */
const LEASE_MARGIN_MS = 2_000;
/** The name of the duty and its lease. */
const NAME = "lake-profile-days";

/** What the duty needs. */
export interface ProfileDayDutyDeps extends ProfileDayDeps {
  /** Length of a window, milliseconds. */
  readonly intervalMs: number;
  /** The log. */
  readonly log: Log;
}

/** Writes outdated objects. It runs whatever the settings are, as days that are shared stay so. */
export function profileDayDuty(deps: ProfileDayDutyDeps): Duty {
  const { kv, now, log } = deps;
  const quietMs = 2 * Math.min(deps.intervalMs, LOOK_MS), longestMs = 5 * quietMs;
  const backOff = createBackOff({ now, random: Math.random });
  /** When this process first found a day outdated, by its name. */
  const foundMs = new Map<string, number>();
  const isDue = ({ atMs }: DirtyDay, name: string) => {
    const sinceMs = foundMs.get(name) ?? now();
    // A clock that was set back must not delay an object forever.
    const isQuiet = now() - atMs >= quietMs || now() < atMs - quietMs;
    return !backOff.isWaiting(name) && (isQuiet || now() - sinceMs >= longestMs);
  };
  return {
    name: NAME,
    everyMs: 2_000,
    async round({ signal, lease }) {
      const days = await listDirtyDays(kv);
      const names = new Set(days.map(nameOf));
      for (const name of foundMs.keys()) if (!names.has(name)) foundMs.delete(name);
      for (const name of names) if (!foundMs.has(name)) foundMs.set(name, now());
      for (const day of days) {
        const name = nameOf(day);
        if (!isDue(day, name)) continue;
        const isHeld = await withLease({ kv, now, signal, lease }, async (held) => {
          try {
            if (!await writeProfileDay(deps, day, held)) {
              const { profile, dayMs } = day;
              log("warn", "day of a profile not written again", { profile, dayMs });
            }
            foundMs.delete(name);
            backOff.clear(name);
          } catch (error) {
            if (held.aborted) throw error;
            backOff.fail(name);
            const { profile, dayMs } = day;
            log("error", "day of a profile not exported", { profile, dayMs, error });
          }
        });
        if (!isHeld) return;
      }
    },
  };
}

function nameOf({ profile, dayMs }: DirtyDay): string {
  return `${profile}/${dayMs}`;
}

/**
 * Runs work while the lease is renewed again and again. The signal of the work aborts when another
 * process has the lease, or when it could not be renewed in time. Returns whether the work may go on.
 */
async function withLease(
  { kv, now, signal, lease: { owner } }: {
    kv: Pick<Deno.Kv, "get" | "atomic">;
    now: () => number;
    signal: AbortSignal;
    lease: Lease;
  },
  work: (held: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const lost = new AbortController();
  const stop = () => lost.abort(signal.reason);
  if (signal.aborted) stop();
  // Not AbortSignal.any(): Deno up to 2.7 keeps a reference to each signal made of a lasting one.
  signal.addEventListener("abort", stop);
  const deadline = startDeadline(lost.signal, LEASE_MS - LEASE_MARGIN_MS);
  const renew = async () => {
    const nowMs = now();
    const untilMs = nowMs + LEASE_MS;
    const lease = await takeLease(kv, { name: NAME, owner, nowMs, untilMs, isExclusive: false });
    if (lease === null) lost.abort(new Error("Another process writes the days of profiles"));
    else deadline.restart();
  };
  const ended = new AbortController();
  const renewAgain = async () => {
    for (;;) {
      await pause(RENEW_MS, ended.signal);
      if (ended.signal.aborted) return;
      // A renewal that fails for another reason is tried again, until the deadline is over.
      await renew().catch(() => {});
    }
  };
  const renewing = renewAgain();
  try {
    await renew();
    if (!deadline.signal.aborted) await work(deadline.signal);
  } catch (error) {
    if (!deadline.signal.aborted) throw error;
  } finally {
    ended.abort();
    deadline.clear();
    signal.removeEventListener("abort", stop);
    await renewing;
  }
  return !deadline.signal.aborted;
}
