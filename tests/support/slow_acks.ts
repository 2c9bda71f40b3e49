/**
 * A database behind a connection of which both ends wait for each other: each holds back what it has to
 * send while the other one has not acknowledged what it sent before (Nagle's algorithm, RFC 896). An
 * acknowledgement is sent with data, or 40 ms after what it acknowledges (delayed, RFC 1122, 4.2.3.2).
 *
 * All calls share the connection. Whatever waits in it was held back by something that arrived before, so
 * the timers of one process fire in the same order however busy the machine is.
 *
 * @module
 */

import { keyBytes, valueBytes } from "./kv_sizes.ts";

/** The delay of an acknowledgement. */
const DELAY_MS = 40;
/** Deno 2.9 sends a request of more bytes in two parts. */
const PART_BYTES = 1_024;

/** What a check or a mutation has besides its key and its value, about: a version or a number, and lengths. */
const ENTRY_BYTES = 20;

/** Such a database. Dispose of it when the database is closed. */
export interface SlowAcks extends Disposable {
  /** The database. */
  readonly kv: Deno.Kv;
  /** How many times something was sent only because the delay of an acknowledgement was over. */
  holds(): number;
}

/** One end of the connection. */
interface End {
  /** Whether what it sent last is not acknowledged. */
  isUnacknowledged: boolean;
  /** What it holds back: each function delivers one part. */
  held: (() => void)[];
  /** The acknowledgement that it owes. */
  owed: ReturnType<typeof setTimeout> | undefined;
}

/** Puts a database behind such a connection. It gets methods of its own. */
export function withSlowAcks(kv: Deno.Kv): SlowAcks {
  const client: End = { isUnacknowledged: false, held: [], owed: undefined };
  const server: End = { isUnacknowledged: false, held: [], owed: undefined };
  let holds = 0;

  function transmit(from: End, parts: readonly (() => void)[]): void {
    const to = from === client ? server : client;
    from.isUnacknowledged = true;
    to.owed ??= setTimeout(() => {
      if (from.held.length > 0) holds++;
      acknowledge(to);
    }, DELAY_MS);
    // Data carries the acknowledgement of all that has arrived, and what was held back for that, that of the data.
    acknowledge(from);
    parts.forEach((deliver) => deliver());
  }

  /** Acknowledges what has arrived at an end. The other one sends all that it held back, together. */
  function acknowledge(at: End): void {
    if (at.owed === undefined) return;
    clearTimeout(at.owed);
    at.owed = undefined;
    const other = at === client ? server : client;
    other.isUnacknowledged = false;
    const held = other.held.splice(0);
    if (held.length > 0) transmit(other, held);
  }

  function send(from: End): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (from.isUnacknowledged) from.held.push(resolve);
    else transmit(from, [resolve]);
    return promise;
  }

  async function call<T>(sizeBytes: number, answer: () => Promise<T>): Promise<T> {
    const parts = sizeBytes > PART_BYTES ? 2 : 1;
    await Promise.all(Array.from({ length: parts }, () => send(client)));
    const result = await answer();
    await send(server);
    return result;
  }

  const { get, getMany, list, set, atomic } = kv;
  const own = {
    get: (...args: Parameters<typeof get>) => call(0, () => get.apply(kv, args)),
    getMany: (...args: Parameters<typeof getMany>) =>
      call(sum(args[0].map(keyBytes)), () => getMany.apply(kv, args)),
    set: (...args: Parameters<typeof set>) =>
      call(keyBytes(args[0]) + valueBytes(args[1]), () => set.apply(kv, args)),
    list(...args: Parameters<typeof list>) {
      const entries = list.apply(kv, args);
      const next = entries.next.bind(entries);
      const size = args[1]?.batchSize ?? args[1]?.limit ?? 100;
      let asked = 0;
      return Object.assign(entries, {
        next: () => asked++ % size === 0 ? call(0, next) : next(),
      });
    },
    atomic() {
      const op = atomic.apply(kv);
      const { check, set: put, delete: remove, sum: add, max } = op;
      const commit = op.commit.bind(op);
      let sizeBytes = 0;
      const count = (key: Deno.KvKey, value: number) =>
        sizeBytes += ENTRY_BYTES + keyBytes(key) + value;
      return Object.assign(op, {
        check(...args: Parameters<typeof check>) {
          args.forEach(({ key }) => count(key, 0));
          return check.apply(op, args);
        },
        set(...args: Parameters<typeof put>) {
          count(args[0], valueBytes(args[1]));
          return put.apply(op, args);
        },
        delete(...args: Parameters<typeof remove>) {
          count(args[0], 0);
          return remove.apply(op, args);
        },
        sum(...args: Parameters<typeof add>) {
          count(args[0], 0);
          return add.apply(op, args);
        },
        max(...args: Parameters<typeof max>) {
          count(args[0], 0);
          return max.apply(op, args);
        },
        commit: () => call(sizeBytes, commit),
      });
    },
  };
  return {
    kv: Object.assign(kv, own),
    holds: () => holds,
    [Symbol.dispose]() {
      clearTimeout(client.owed);
      clearTimeout(server.owed);
    },
  };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
