/**
 * Watches how long a database takes to answer.
 *
 * A database that is away does not fail: its client tries again until it is back, so that background work
 * only pauses. Requests must not wait that long, so they ask here.
 *
 * @module
 */

/** A database that is watched. */
export interface WatchedKv {
  /** The same database. */
  readonly kv: Deno.Kv;
  /**
   * How long calls have waited while no other call had an answer, milliseconds; 0 if none waits. One
   * that gets no answer by itself does not count.
   */
  waitingMs(): number;
}

/** Watches a database. Calls that wait for events, such as `watch()`, do not count. */
export function watchAnswers(
  kv: Deno.Kv,
  elapsedMs: () => number = () => performance.now(),
): WatchedKv {
  /** When each call began, in order. */
  const waiting = new Map<symbol, number>();
  let answeredMs = elapsedMs();

  async function timed<T>(call: () => Promise<T>): Promise<T> {
    const id = Symbol();
    waiting.set(id, elapsedMs());
    try {
      const answer = await call();
      answeredMs = elapsedMs();
      return answer;
    } finally {
      waiting.delete(id);
    }
  }

  function timedOperation(op: Deno.AtomicOperation): Deno.AtomicOperation {
    const commit = op.commit.bind(op);
    return Object.assign(op, { commit: () => timed(commit) });
  }

  function timedList<T>(list: Deno.KvListIterator<T>): Deno.KvListIterator<T> {
    const next = list.next.bind(list);
    return Object.assign(list, { next: () => timed(next) });
  }

  // Own methods hide those of the class, whose private fields a copy would not have.
  const { get, getMany, set, delete: remove, atomic, list, enqueue } = Deno.Kv.prototype;
  const own = {
    get: (...args: Parameters<typeof get>) => timed(() => get.apply(kv, args)),
    getMany: (...args: Parameters<typeof getMany>) => timed(() => getMany.apply(kv, args)),
    set: (...args: Parameters<typeof set>) => timed(() => set.apply(kv, args)),
    delete: (...args: Parameters<typeof remove>) => timed(() => remove.apply(kv, args)),
    enqueue: (...args: Parameters<typeof enqueue>) => timed(() => enqueue.apply(kv, args)),
    atomic: () => timedOperation(atomic.apply(kv)),
    list: (...args: Parameters<typeof list>) => timedList(list.apply(kv, args)),
  };
  return {
    kv: Object.assign(kv, own),
    waitingMs() {
      const [first] = waiting.values();
      return first === undefined ? 0 : elapsedMs() - Math.max(first, answeredMs);
    },
  };
}
