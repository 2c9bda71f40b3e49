/**
 * Watches how long a database takes to answer.
 *
 * A database that is away does not fail: its client tries again until it is back, so that background work
 * only pauses. Requests must not wait that long, so they ask here. A stop must not either, so it has calls
 * fail.
 *
 * @module
 */

import { AppError } from "../data/app_error.ts";
import { wrapCommit } from "./wrapped_kv.ts";

/** A database that is away has not answered for so long, milliseconds. */
const AWAY_MS = 1_000;
/** How much earlier than asked calls fail: a share, and at most, milliseconds. Parts stop meanwhile. */
const EARLIER_SHARE = 1 / 8, EARLIER_MAX_MS = 500;
/** How often it is looked whether the database is away, milliseconds. */
const LOOK_MS = 50;

/** A database that is watched. Disposing of it ends the wait of {@link WatchedKv.giveUpAfter}. */
export interface WatchedKv extends Disposable {
  /** The same database. */
  readonly kv: Deno.Kv;
  /**
   * How long calls have waited while no other call over the same connection had an answer, milliseconds;
   * 0 if none waits. The longest wait of all connections counts, as one may be dead while others work. A
   * call that gets no answer by itself does not count.
   */
  waitingMs(): number;
  /**
   * Shortly before `ms` have passed, or later, as soon as the database is away: makes all calls that have
   * no answer fail with `DATABASE_UNAVAILABLE`, and each later one at once.
   */
  giveUpAfter(ms: number): void;
  /** Watches another connection to the same database as well. It gets methods of its own. */
  also<Kv extends Deno.Kv>(kv: Kv): Kv;
}

/** A call without an answer. */
interface Waiting {
  readonly sinceMs: number;
  /** Makes it fail. What it asked for may be done all the same. */
  readonly fail: (error: AppError) => void;
}

/** The calls over one connection. */
interface Line {
  /** Those without an answer, in the order of their begin. */
  readonly waiting: Set<Waiting>;
  /** When one had an answer last. */
  answeredMs: number;
}

/** Watches a database. Calls that wait for events, such as `watch()`, do not count. */
export function watchAnswers(
  kv: Deno.Kv,
  elapsedMs: () => number = () => performance.now(),
): WatchedKv {
  const lines: Line[] = [];
  let hasGivenUp = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function timed<T>(line: Line, call: () => Promise<T>): Promise<T> {
    if (hasGivenUp) throw unavailable();
    const { promise: failed, reject: fail } = Promise.withResolvers<never>();
    const one = { sinceMs: elapsedMs(), fail };
    line.waiting.add(one);
    try {
      const answer = await Promise.race([call(), failed]);
      line.answeredMs = elapsedMs();
      return answer;
    } finally {
      line.waiting.delete(one);
    }
  }

  function waitingMs(): number {
    const nowMs = elapsedMs();
    return Math.max(...lines.map(({ waiting, answeredMs }) => {
      const [first] = waiting;
      return first === undefined ? 0 : nowMs - Math.max(first.sinceMs, answeredMs);
    }));
  }

  function giveUpIfAway(awayMs: number): void {
    hasGivenUp = waitingMs() >= awayMs;
    if (!hasGivenUp) timer = setTimeout(giveUpIfAway, LOOK_MS, awayMs);
    else for (const { waiting } of lines) for (const { fail } of waiting) fail(unavailable());
  }

  function watch<Kv extends Deno.Kv>(kv: Kv): Kv {
    const line: Line = { waiting: new Set(), answeredMs: elapsedMs() };
    lines.push(line);
    return withCalls(kv, (call) => timed(line, call));
  }

  return {
    kv: watch(kv),
    also: watch,
    waitingMs,
    giveUpAfter(ms) {
      clearTimeout(timer);
      const earlierMs = Math.min(ms * EARLIER_SHARE, EARLIER_MAX_MS);
      timer = setTimeout(giveUpIfAway, ms - earlierMs, Math.min(ms / 2, AWAY_MS));
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** The same database, whose calls are made by `timed`. It gets methods of its own. */
function withCalls<Kv extends Deno.Kv>(
  kv: Kv,
  timed: <T>(call: () => Promise<T>) => Promise<T>,
): Kv {
  // Own methods hide those of before, as a copy would not have the private fields of the class.
  const { get, getMany, set, delete: remove, atomic, list, enqueue } = kv;
  const timedList = <T>(list: Deno.KvListIterator<T>) => {
    const next = list.next.bind(list);
    return Object.assign(list, { next: () => timed(next) });
  };
  const own = {
    get: (...args: Parameters<typeof get>) => timed(() => get.apply(kv, args)),
    getMany: (...args: Parameters<typeof getMany>) => timed(() => getMany.apply(kv, args)),
    set: (...args: Parameters<typeof set>) => timed(() => set.apply(kv, args)),
    delete: (...args: Parameters<typeof remove>) => timed(() => remove.apply(kv, args)),
    enqueue: (...args: Parameters<typeof enqueue>) => timed(() => enqueue.apply(kv, args)),
    atomic: () => wrapCommit(atomic.apply(kv), timed),
    list: (...args: Parameters<typeof list>) => timedList(list.apply(kv, args)),
  };
  return Object.assign(kv, own);
}

function unavailable(): AppError {
  return new AppError("DATABASE_UNAVAILABLE", "The database does not answer");
}
