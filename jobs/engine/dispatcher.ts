/**
 * The dispatcher: claims due jobs and runs them, up to the concurrency limit; makes abandoned jobs
 * pending again; deletes files and records after their retention time.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { NO_RECORDER } from "../../data/metrics/recorder.ts";
import { type Due, listDue } from "../../kv/jobs/due.ts";
import {
  accountOf,
  commitJob,
  deleteJob,
  dropStaleDue,
  getJob,
  isOwnDue,
  type JobEntry,
  type JobRecord,
  lineUpJob,
} from "../../kv/jobs/jobs.ts";
import { deliveryPlace, type Lane, laneOf } from "../../kv/jobs/lanes.ts";
import { noteEnd } from "./job_figures.ts";
import { type JobKind, removeArtifact } from "./job_kind.ts";
import { createRunRecords } from "./run_records.ts";
import { endOf } from "./run_outcome.ts";
import { type Run, type RunnerDeps, startRun } from "./runner.ts";
import { createStarter, type NextStart } from "./starter.ts";
import { createTurnOrder, type NextTurn } from "./turn_order.ts";
import {
  cancelled,
  expired,
  isEnded,
  LEASE_MS,
  postponed,
  requeued,
  rescheduled,
} from "./transitions.ts";

/** When a job of an unknown kind is due again. A downgrade to an older release leaves such jobs. */
const UNKNOWN_KIND_MS = 60_000;
/** After so many lost starts, a scan leaves an account to the next one. */
const MAX_LOST_STARTS = 5;
/**
 * How many idle runs do not count. Further ones do, because each costs memory and reads. A run that is
 * idle no more counts again, so that for a moment more may run than the limit says.
 */
const IDLE_MAX = 100;
/**
 * How many jobs of each kind of target run at the same time: most of their time they wait for answers.
 * No kind takes places of another one, and targets whose last attempt failed take half of them at most.
 */
const DELIVERY_PLACES: Readonly<Record<string, number>> = { webhook: 32, email: 8, place: 16 };
/** How long the status of an expired job stays readable at least, milliseconds: a day. */
const EXPIRED_KEPT_MS = 86_400_000;

/** What the dispatcher needs. */
export interface DispatcherDeps extends RunnerDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** The log. */
  readonly log: Log;
  /** This running process, unlike any other that ever was. */
  readonly owner: string;
  /** Every kind of job. */
  readonly kinds: readonly JobKind[];
  /** How many jobs run at the same time, besides up to {@link IDLE_MAX} that only wait. */
  readonly concurrency: number;
  /** How many jobs of an account may run at the same time; null for any number. */
  readonly runningMax?: (account: string) => Promise<number | null>;
  /** Called when another job of a lane may start: a run has ended, or a job has joined a line. */
  readonly onRoom: (lane: Lane) => void;
}

/** Handles the due entries of jobs. */
export interface Dispatcher {
  /** Whether another job of the lane `main` can start. */
  hasRoom(): boolean;
  /** Starts jobs of accounts that wait, one of each at a time, the lowest turn first; of the lane `main` by default. */
  onTurns(nextTurn: NextTurn, lane?: Lane): Promise<void>;
  /** Puts a pending job that is due into the line of its account. */
  onWaiting(due: Due): Promise<void>;
  /** Handles a running job whose lease may have expired. */
  onLease(due: Due): Promise<void>;
  /** Handles an ended job whose file or record may have expired. */
  onKept(due: Due): Promise<void>;
  /** Aborts the run of a job whose record says that it is to be cancelled, if it runs here. */
  cancel(jobId: string): void;
  /** How many jobs run here. */
  running(): number;
  /** Makes the running jobs of all other owners pending; call it only if all of those are dead. */
  requeueOthers(): Promise<number>;
  /** Starts no more jobs, gives the running ones `graceMs` to end, then makes the rest pending. */
  stop(graceMs: number): Promise<void>;
}

/** A run, and where it counts. */
interface DispatchedRun extends Run {
  readonly lane: Lane;
  readonly account: string;
  /** Whether another job has started in its place, as its outcome is written. */
  isReplaced: boolean;
}

/** Creates a dispatcher that runs nothing yet. */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { kv, now, log, owner, record = NO_RECORDER } = deps;
  const runs = new Map<string, DispatchedRun>();
  const records = createRunRecords(kv);
  let isStopping = false;
  const starter = createStarter({
    ...deps,
    isRunning: (id) => runs.has(id),
    runnableKind,
    run: runClaimed,
  });

  /** The job of a due entry. Null for a stale entry, which is deleted. */
  async function jobOf(due: Due): Promise<JobEntry | null> {
    const entry = await getJob(kv, due.id);
    if (entry !== null && isOwnDue(entry.value, due)) return entry;
    await dropStaleDue(kv, due, entry);
    return null;
  }

  async function commit(entry: JobEntry, next: JobRecord): Promise<boolean> {
    if (!await commitJob(kv, entry, next, endOf(deps, next))) return false;
    noteEnd(record, next);
    if (isEnded(next)) deps.onEnded(next.id);
    return true;
  }

  function room(lane: Lane): number {
    const inLane = runs.values().filter((run) => run.lane === lane && !run.isReplaced).toArray();
    const idle = inLane.filter((run) => run.isIdle()).length;
    const concurrency = lane === "main"
      ? deps.concurrency
      : Object.values(DELIVERY_PLACES).reduce((sum, places) => sum + places);
    return isStopping ? 0 : concurrency - (inLane.length - Math.min(idle, IDLE_MAX));
  }

  /** Whether a job of an account can start if its lane has room. */
  function hasPlace(account: string): boolean {
    if (laneOf(account) === "main") return true;
    const { channel, isFailing } = deliveryPlace(account);
    const max = DELIVERY_PLACES[channel] ?? 1;
    const same = runs.values().filter((run) => run.lane === "delivery")
      .map((run) => deliveryPlace(run.account))
      .filter((place) => place.channel === channel).toArray();
    const failing = same.filter((place) => place.isFailing).length;
    return same.length < max && (!isFailing || failing < max / 2);
  }

  async function onTurns(nextTurn: NextTurn, lane: Lane = "main"): Promise<void> {
    const order = createTurnOrder(nextTurn);
    const lostStarts = new Map<string, number>();
    // Every run that ends asks for a new scan, so this one need not notice who joins meanwhile.
    for (let left = room(lane); left > 0 && room(lane) > 0;) {
      const turn = await order.next();
      if (turn === null) return;
      if (!hasPlace(turn.account)) continue;
      try {
        const isAlone = lane === "main" && await order.isLast();
        // Places may have been taken since: by runs that are idle no more, or that followed others.
        const most = Math.min(left, room(lane));
        if (most < 1) return;
        const { outcome, next, started = 0 } = await starter.start(turn, { most, isAlone });
        const lost = (lostStarts.get(turn.account) ?? 0) + (outcome === "lost" ? 1 : 0);
        lostStarts.set(turn.account, outcome === "started" ? 0 : lost);
        left -= started;
        if (next !== null && lost < MAX_LOST_STARTS) order.again({ ...turn, turn: next });
      } catch (error) {
        log("error", "due entry not handled", { due: turn, error });
      }
    }
  }

  /** Runs a job that was claimed. */
  function runClaimed(entry: JobEntry, kind: JobKind, account: string): void {
    const { id } = entry.value, lane = laneOf(account);
    const onRoom = () => isStopping || deps.onRoom(lane);
    const run = startRun({ ...deps, records, onIdle: onRoom, nextStart }, entry, kind);
    const dispatched = { ...run, lane, account, isReplaced: false };
    runs.set(id, dispatched);

    function nextStart(): NextStart | null {
      // The place of this run counts until its outcome is written.
      return lane === "main" && !isStopping && room(lane) >= 0
        ? starter.next(() => dispatched.isReplaced = true)
        : null;
    }

    run.ended.finally(() => {
      runs.delete(id);
      onRoom();
    });
  }

  /** The kind of a pending job. Null if it must not run: it is cancelled, or postponed. */
  async function runnableKind(entry: JobEntry): Promise<JobKind | null> {
    if (entry.value.isCancelRequested) {
      await commit(entry, cancelled(entry.value, now(), now() + deps.jobRetentionMs));
      return null;
    }
    const kind = deps.kinds.find(({ name }) => name === entry.value.kind);
    if (kind !== undefined) return kind;
    log("error", "job of unknown kind", { jobId: entry.value.id, kind: entry.value.kind });
    await commitJob(kv, entry, postponed(entry.value, now() + UNKNOWN_KIND_MS));
    return null;
  }

  async function onWaiting(due: Due): Promise<void> {
    const entry = await jobOf(due);
    if (entry === null || isStopping || runs.has(due.id)) return;
    if (await runnableKind(entry) === null) return;
    if (await lineUpJob(kv, entry)) deps.onRoom(laneOf(accountOf(entry.value)));
  }

  async function onLease(due: Due): Promise<void> {
    const entry = await jobOf(due);
    if (entry === null) return;
    const { lease } = entry.value;
    if (lease !== null && lease.untilMs > now()) {
      await commitJob(kv, entry, rescheduled(entry.value));
    } else await requeue(entry, "lease ran out");
  }

  async function requeue(entry: JobEntry, reason: string): Promise<boolean> {
    const job = requeued(entry.value, now(), now() + deps.jobRetentionMs);
    const { id, epoch, state, abandoned } = job;
    log("warn", "job abandoned", { jobId: id, epoch, state, abandoned, reason });
    record.add("openwatts_jobs_abandoned_total", [job.kind]);
    return await commit(entry, job);
  }

  async function onKept(due: Due): Promise<void> {
    const entry = await jobOf(due);
    if (entry === null) return;
    const { id, state, artifact, fileExpiresMs, endedMs } = entry.value;
    const keptUntilMs = Math.max(
      (endedMs ?? 0) + deps.jobRetentionMs,
      (fileExpiresMs ?? 0) + EXPIRED_KEPT_MS,
    );
    if (state === "completed" && artifact !== null) {
      // The record changes first, so that it never names a file that is gone.
      if (!await commitJob(kv, entry, expired(entry.value, now(), keptUntilMs))) return;
      log("info", "job file expired", { jobId: id });
    } else if (await deleteJob(kv, entry)) log("info", "job record deleted", { jobId: id });
    if (artifact !== null) await removeArtifact(deps.files, artifact);
  }

  return {
    hasRoom: () => room("main") > 0,
    onTurns,
    onWaiting,
    onLease,
    onKept,
    cancel: (jobId) => runs.get(jobId)?.cancel(),
    running: () => runs.size,
    async requeueOthers() {
      let count = 0;
      for await (const due of listDue(kv, { upToMs: now() + 2 * LEASE_MS })) {
        if (due.kind !== "job_lease") continue;
        try {
          const entry = await jobOf(due);
          if (entry === null || entry.value.lease?.owner === owner) continue;
          if (await requeue(entry, "owner dead")) count++;
        } catch (error) {
          log("error", "job not requeued", { jobId: due.id, error });
        }
      }
      return count;
    },
    async stop(graceMs) {
      isStopping = true;
      const ended = Promise.all([...runs.values()].map((run) => run.ended));
      const timer = setTimeout(() => runs.forEach((run) => run.stop()), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}
