/**
 * Starts jobs that wait in line, also while other processes do the same.
 *
 * While only one account waits, and it has taken its turn since the last of any other one, its turn stays
 * as it is. So processes that start jobs of its line meet only if they want the same one. A process that
 * has lost a job to another one looks further behind in the line, as far as it takes.
 *
 * With the jobs that start now, it reads those that follow in line. They start in the commits that end
 * jobs: then a job costs a commit and a scan less. An account that begins to wait meanwhile waits for these
 * few jobs at most.
 *
 * @module
 */

import { type LinePlace, listLine, type Turn } from "../../kv/jobs/due.ts";
import {
  dropStalePlace,
  getJob,
  getJobEntries,
  isOwnPlace,
  type JobEntry,
} from "../../kv/jobs/jobs.ts";
import { commitStarts, readStartable, type Starts, startWith } from "../../kv/jobs/starts.ts";
import {
  type CheckedStage,
  dropStaleTurn,
  endTurn,
  readTurn,
  turnAfter,
} from "../../kv/jobs/turns.ts";
import type { JobKind } from "./job_kind.ts";
import { claimed, isClaimOf } from "./transitions.ts";

/**
 * How many jobs of an account one commit starts if no other account waits. Each is a check of the commit,
 * which has up to three more.
 */
const STARTS_MAX = 6;
/** How far behind in line a process looks at most that meets others. */
const SPREAD_MAX = 16;
/** How many jobs are read with those that start: with them, and the last turn, one read has most of ten keys. */
const READ_MAX = 8;
/** For how long what was read of jobs that follow in line is used, milliseconds. */
const AHEAD_MS = 1_000;

/** What came of an attempt to start the first jobs of an account. */
export interface StartAttempt {
  /** Whether jobs started here, none starts, or another process changed something meanwhile. */
  readonly outcome: "started" | "none" | "lost";
  /** The turn at which to look at the account again in this scan; null if not. */
  readonly next: number | null;
  /** How many jobs started; 0 if absent. */
  readonly started?: number;
}

/** What starting jobs needs. */
export interface StarterDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** This running process. */
  readonly owner: string;
  /** Every kind of job. */
  readonly kinds: readonly JobKind[];
  /** How many jobs of an account may run at the same time; null for any number. */
  readonly runningMax?: ((account: string) => Promise<number | null>) | undefined;
  /** Whether this process still runs, or ends, a job. */
  readonly isRunning: (jobId: string) => boolean;
  /** The kind of a pending job. Null if it must not run; then it was moved. */
  readonly runnableKind: (entry: JobEntry) => Promise<JobKind | null>;
  /** Runs a job that was claimed. */
  readonly run: (claimed: JobEntry, kind: JobKind, account: string) => void;
}

/**
 * A job that can start in a commit that ends another one. Until it is known what came of the commit, nothing
 * else here starts the job.
 */
export interface NextStart {
  /** Its id. */
  readonly jobId: string;
  /** What goes with the commit. */
  readonly stage: CheckedStage;
  /** Runs the job: the commit was made, as this version. */
  started(versionstamp: string): void;
  /**
   * The commit was refused, or its answer was lost. Runs the job if its record, which was read since, says
   * that it has started. The record is null if there is none, or it could not be read. Does nothing after
   * {@link NextStart.started}.
   */
  settle(record: JobEntry | null): void;
}

/** Starts jobs. */
export interface Starter {
  /**
   * Starts the first jobs of an account, at most `most`. `isAlone`: whether no other account waits; then
   * it may be several, and those behind the first if other processes start jobs of the same line.
   */
  start(turn: Turn, limits: { most: number; isAlone: boolean }): Promise<StartAttempt>;
  /** A job that can start in place of one that ends; null if none is known. `onStart` is called if it does. */
  next(onStart: () => void): NextStart | null;
}

/** A job that can start. */
interface Start {
  /** Its record. */
  readonly from: JobEntry;
  /** Its kind. */
  readonly kind: JobKind;
}

/** Starts without others in the way. */
export function createStarter(deps: StarterDeps): Starter {
  const { kv, owner, now } = deps;
  /** How far behind in line this process looks: 0 while it meets no others. */
  let spread = 0;
  /** Jobs that follow those that have started. */
  let ahead:
    | { readonly account: string; readonly readMs: number; readonly starts: Start[] }
    | null = null;
  /** Jobs that start in a commit that has not been answered. */
  const starting = new Set<string>();

  /** Whether a job runs here, or may do so soon. */
  function isTaken(id: string): boolean {
    return starting.has(id) || deps.isRunning(id);
  }

  async function start(
    turn: Turn,
    { most, isAlone }: { most: number; isAlone: boolean },
  ): Promise<StartAttempt> {
    const runningMax = await deps.runningMax?.(turn.account) ?? null;
    const count = isAlone ? Math.min(most, STARTS_MAX) : 1;
    const inTurn = { turn, runningMax, count: runningMax === null ? count : 1 };
    return isAlone && runningMax === null
      ? await startAlone(turn, count) ?? await startInTurn(inTurn)
      : await startInTurn(inTurn);
  }

  /**
   * Starts jobs of the only account that waits. Null if too few wait, the account has not taken its turn,
   * or the first one cannot start.
   */
  async function startAlone(turn: Turn, most: number): Promise<StartAttempt | null> {
    ahead = null;
    const readMs = now();
    const line = await listLine(kv, turn.account, READ_MAX + 1 + spread + starting.size);
    const places = line.filter(({ id }) => !isTaken(id));
    // Whoever starts the last one ends the turn.
    const count = Math.min(most, places.length - 1);
    if (count < 1) return null;
    const room = Math.min(READ_MAX, places.length - 1);
    const from = Math.floor(Math.random() * (Math.min(spread, places.length - 1 - room) + 1));
    const { found, round } = await look(places.slice(from, from + room));
    if (turn.turn <= round || from === 0 && found[0] === "odd") return null;
    const all = found.filter((one) => typeof one !== "string");
    const starts = all.slice(0, count);
    const isClaimed = starts.length > 0 &&
      await claim(turn.account, { starts, turn: null, checks: [] });
    noteMeeting(isClaimed);
    if (!isClaimed) return { outcome: "lost", next: turn.turn };
    ahead = { account: turn.account, readMs, starts: all.slice(count) };
    return { outcome: "started", started: starts.length, next: turn.turn };
  }

  /** Remembers whether another process was faster. */
  function noteMeeting(hasStarted: boolean): void {
    spread = hasStarted ? Math.max(0, spread - 1) : Math.min(SPREAD_MAX, 2 * spread + 1);
    if (!hasStarted) ahead = null;
  }

  function next(onStart: () => void): NextStart | null {
    if (ahead === null || now() - ahead.readMs >= AHEAD_MS || now() < ahead.readMs) return null;
    const read = ahead;
    const first = read.starts.shift();
    if (first === undefined || isTaken(first.from.value.id)) return null;
    const { from, kind } = first, jobId = from.value.id;
    const to = claimed(from.value, owner, now());
    starting.add(jobId);

    function run(entry: JobEntry): void {
      noteMeeting(true);
      onStart();
      deps.run(entry, kind, read.account);
    }

    return {
      jobId,
      stage: startWith({ from, to }),
      started(versionstamp) {
        if (starting.delete(jobId)) run({ key: from.key, value: to, versionstamp });
      },
      settle(record) {
        if (!starting.delete(jobId) || record === null) return;
        if (isClaimOf(record.value, { id: jobId, owner, epoch: to.epoch })) run(record);
        else if (record.value.epoch > from.value.epoch) noteMeeting(false);
        // Then it was not what the commit was refused for.
        else if (record.versionstamp === from.versionstamp && ahead === read) {
          read.starts.unshift(first);
        }
      },
    };
  }

  /** Starts the first jobs in line and moves the turn of the account. */
  async function startInTurn(
    { turn, count, runningMax }: { turn: Turn; count: number; runningMax: number | null },
  ): Promise<StartAttempt> {
    const ahead = await readTurn(kv, turn, count);
    const { account, places: [first, ...others] } = ahead;
    if (!account.isWaiting || account.turn !== turn.turn) {
      await dropStaleTurn(kv, turn, account);
      // Another process has taken this turn.
      return { outcome: "none", next: account.isWaiting ? account.turn : null };
    }
    const again = { outcome: "none", next: turn.turn } as const;
    if (first === undefined) {
      await endTurn(kv, account);
      return again;
    }
    // This process may still be ending an earlier run of the job.
    if (isTaken(first.id) || runningMax !== null && account.running >= runningMax) {
      return { outcome: "none", next: null };
    }
    const entry = await getJob(kv, first.id);
    if (entry === null || !isOwnPlace(entry.value, first)) {
      await dropStalePlace(kv, first, entry);
      return again;
    }
    const kind = await deps.runnableKind(entry);
    if (kind === null) return again;
    const { found } = await look(others.slice(0, count - 1));
    const end = found.findIndex((one) => typeof one === "string");
    const more = found.slice(0, end < 0 ? found.length : end);
    const starts = [{ from: entry, kind }, ...more.filter((one) => typeof one !== "string")];
    const checks = runningMax === null ? [] : [account.versions.running];
    if (!await claim(account.name, { starts, turn: ahead, checks })) {
      return { outcome: "lost", next: turn.turn };
    }
    const started = starts.length, hasMore = ahead.places.length > started;
    return { outcome: "started", started, next: hasMore ? turnAfter(account, started) : null };
  }

  /** Which jobs at these places can start. Whatever is odd about one is dealt with when it is the first. */
  async function look(
    places: readonly LinePlace[],
  ): Promise<{ found: (Start | "taken" | "odd")[]; round: number }> {
    if (places.length === 0) return { found: [], round: 0 };
    const { jobs, round } = await readStartable(kv, places.map(({ id }) => id));
    const found = jobs.map((from, index) => {
      if (from === null) return "odd";
      const { id, isCancelRequested, kind: name } = from.value;
      if (!isOwnPlace(from.value, places[index]) || isTaken(id)) return "taken";
      const kind = deps.kinds.find((known) => known.name === name);
      return kind === undefined || isCancelRequested ? "odd" : { from, kind };
    });
    return { found, round };
  }

  /** Claims jobs and runs them. False if anything has changed meanwhile. */
  async function claim(
    account: string,
    { starts, turn, checks }: Omit<Starts, "starts"> & { starts: readonly Start[] },
  ): Promise<boolean> {
    const moves = starts.map(({ from }) => ({ from, to: claimed(from.value, owner, now()) }));
    for (const { from } of moves) starting.add(from.value.id);
    try {
      const entries = await commitClaims({ starts: moves, turn, checks });
      if (entries === null) return false;
      entries.forEach((entry, index) => entry && deps.run(entry, starts[index].kind, account));
      return true;
    } finally {
      for (const { from } of moves) starting.delete(from.value.id);
    }
  }

  /** Commits starts. If the answer is lost, the records say whether they were made. */
  async function commitClaims(all: Starts): Promise<readonly (JobEntry | null)[] | null> {
    try {
      return await commitStarts(kv, all);
    } catch (error) {
      const entries = await getJobEntries(kv, all.starts.map(({ to }) => to.id));
      const made = entries.map((entry, index) => {
        const { id, epoch } = all.starts[index].to;
        return entry !== null && isClaimOf(entry.value, { id, owner, epoch }) ? entry : null;
      });
      if (made.every((entry) => entry === null)) throw error;
      return made;
    }
  }

  return { start, next };
}
