/**
 * The duty that deletes readings which are older than they are kept: whole UTC days, from the first
 * one on.
 *
 * A sweep goes over all series of all profiles that have a limit, every quarter of an hour. So readings
 * that are uploaded although they are too old are gone after the next one. It is interrupted every few
 * seconds, so that the lease is renewed, and continues in the next round. Another process that takes it
 * over begins a new sweep.
 *
 * Every commit deletes some days of one series and leaves it consistent
 * (`kv/series/remove_span.ts`), so a sweep can end at any moment.
 *
 * @module
 */

import { SERVICE_ACTOR } from "../../data/audit/event.ts";
import { DAY_MS, MINUTE_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { type Profile, PROFILES } from "../../data/readings/profile.ts";
import {
  keptFromMs,
  retentionDays,
  type RetentionSettings,
} from "../../data/retention_settings.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { Audit, StartedAudit } from "../../kv/audit/audit.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import { listHeads } from "../../kv/series/heads.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { Duty } from "../engine/duty_loop.ts";
import { pause } from "../engine/pause.ts";

/** The time between the ends and starts of sweeps, milliseconds. */
const SWEEP_EVERY_MS = 15 * MINUTE_MS;
/** How long a round may take, milliseconds: much less than the lease of the duty. */
const ROUND_MS = 5_000;
/** Series that are looked at between two pauses. */
const BATCH = 200;

/** What the duty needs. */
export interface RetentionDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "removeSpan">;
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "list" | "refresh">;
  /** How long readings are kept. */
  readonly retention: RetentionSettings;
  /** Up to which time readings of a series may be deleted now, at most the time that is wanted. */
  readonly gate: (ref: SeriesRef, wantedMs: number) => Promise<number>;
  /** Records what was deleted. */
  readonly audit: Pick<Audit, "begin">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** A profile whose old readings are deleted. */
interface Limited {
  readonly profile: string;
  /** Readings before this time are deleted, epoch milliseconds. */
  readonly untilMs: number;
}

/** What a sweep has deleted of a profile, and what it has left alone. */
interface Tally {
  series: number;
  readings: number;
  /** Series whose old readings are not exported yet. */
  waiting: number;
  started: StartedAudit | null;
}

/** Where a sweep is. */
interface Sweep {
  readonly left: Limited[];
  afterId: string;
  tally: Tally;
}

/** Creates the duty. A series that cannot be trimmed is logged and does not stop the others. */
export function retentionDuty(deps: RetentionDeps): Duty {
  const { now, log } = deps;
  let sweep: Sweep | null = null;
  let endedMs = -Infinity;
  let lastEpoch: number | null = null;
  /** By profile, how many series waited in the last sweep. */
  const waitingOf = new Map<string, number>();

  /** Whether a sweep is due; a clock that was set back does not delay it forever. */
  function isDue(): boolean {
    return now() - endedMs >= SWEEP_EVERY_MS || now() < endedMs;
  }

  function logTally(profile: string, { series, readings, waiting }: Tally): void {
    if (readings > 0) log("info", "readings expired", { profile, series, readings });
    // A device whose export is paused may wait for long.
    const isNews = waiting !== (waitingOf.get(profile) ?? 0);
    waitingOf.set(profile, waiting);
    if (isNews) log("info", "readings wait for their export", { profile, waiting });
  }

  return {
    name: "retention",
    everyMs: 2_000,
    async round({ signal, lease }) {
      if (lease.epoch !== lastEpoch) {
        // Another process had the duty meanwhile.
        if (sweep !== null) await finishTally(sweep.tally);
        sweep = null;
        lastEpoch = lease.epoch;
      }
      if (sweep === null && !isDue()) return;
      sweep ??= { left: await limitedProfiles(deps), afterId: "", tally: emptyTally() };
      const endsAt = performance.now() + ROUND_MS;
      const isTimeUp = () => signal.aborted || performance.now() > endsAt;
      while (sweep.left.length > 0) {
        const [limited] = sweep.left;
        if (!await sweepProfile(deps, sweep, limited, { signal, isTimeUp })) break;
        await finishTally(sweep.tally);
        logTally(limited.profile, sweep.tally);
        sweep.left.shift();
        sweep.afterId = "";
        sweep.tally = emptyTally();
      }
      if (signal.aborted) await finishTally(sweep.tally);
      if (sweep.left.length > 0) return;
      sweep = null;
      endedMs = now();
    },
  };
}

/** The profiles that have a limit, with the time up to which it reaches. */
async function limitedProfiles(
  { profiles, retention, now }: RetentionDeps,
): Promise<Limited[]> {
  await profiles.refresh();
  const all: readonly Profile[] = [...profiles.list(), PROFILES.site];
  return all.flatMap((profile) => {
    const days = retentionDays(retention, profile);
    return days === null
      ? []
      : [{ profile: profile.name, untilMs: Math.max(0, keptFromMs(now(), days)) }];
  });
}

/** Trims the series of a profile from where the sweep is. False if time was up before the last one. */
async function sweepProfile(
  deps: RetentionDeps,
  sweep: Sweep,
  { profile, untilMs }: Limited,
  limits: { signal: AbortSignal; isTimeUp: () => boolean },
): Promise<boolean> {
  for (;;) {
    const { found, lastId } = await nextSeries(deps.kv, profile, { ...sweep, untilMs });
    for (const { id, firstMs } of found) {
      if (limits.isTimeUp()) return false;
      const old = { ref: { profile, id }, firstMs, untilMs, signal: limits.signal };
      await trim(deps, sweep.tally, old);
      if (limits.signal.aborted) return false;
      sweep.afterId = id;
    }
    if (lastId === null) return true;
    sweep.afterId = lastId;
    if (limits.isTimeUp()) return false;
    // A list that is in memory would not let timers run.
    await pause(0, limits.signal);
  }
}

/** Of the next series, those with readings before a time. `lastId` is null after the last series. */
async function nextSeries(
  kv: RetentionDeps["kv"],
  profile: string,
  { afterId, untilMs }: { afterId: string; untilMs: number },
): Promise<{ found: { id: string; firstMs: number }[]; lastId: string | null }> {
  const found: { id: string; firstMs: number }[] = [];
  let looked = 0;
  for await (const { id, head } of listHeads(kv, profile, afterId)) {
    if (head.state === "live" && head.firstMs < untilMs) {
      found.push({ id, firstMs: head.firstMs });
    }
    if (++looked === BATCH) return { found, lastId: id };
  }
  return { found, lastId: null };
}

/** Deletes the days of a series that are over for too long, as far as they may go. */
async function trim(
  { series, gate, audit, log }: RetentionDeps,
  tally: Tally,
  { ref, firstMs, untilMs, signal }: {
    ref: SeriesRef;
    firstMs: number;
    untilMs: number;
    signal: AbortSignal;
  },
): Promise<void> {
  try {
    const toMs = await gate(ref, untilMs);
    // The last day always waits a little (`jobs/continuous/expiry_gate.ts`).
    if (toMs < untilMs - DAY_MS && firstMs < untilMs - DAY_MS) tally.waiting++;
    if (toMs <= firstMs) return;
    // Before the first reading of the profile goes, so that nothing is deleted without an entry.
    tally.started ??= await audit.begin({
      caller: { actor: SERVICE_ACTOR },
      address: null,
      action: "retention.drop",
      subject: { kind: "profile", id: ref.profile },
      details: { before: instantText(untilMs) },
    });
    let count = 0;
    const options = { signal, areExpired: true, onRemoved: (removed: number) => count += removed };
    try {
      await series.removeSpan(ref, { fromMs: 0, toMs }, options);
    } finally {
      tally.readings += count;
      if (count > 0) tally.series++;
    }
  } catch (error) {
    if (!signal.aborted) log("error", "readings not expired", { ...ref, error });
  }
}

function emptyTally(): Tally {
  return { series: 0, readings: 0, waiting: 0, started: null };
}

/** Stores what was deleted in the audit trail. Nothing of a profile of which nothing was deleted. */
async function finishTally(tally: Tally): Promise<void> {
  const { started, series, readings } = tally;
  tally.started = null;
  await started?.end({ outcome: "done", details: { series, readings } });
}
