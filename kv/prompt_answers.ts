/**
 * Keeps the answers of a database over the network from being late.
 *
 * The client of KV Connect sends everything over one connection. While something that one end has
 * sent is not acknowledged, that end holds back what it sends next (Nagle's algorithm). The other end
 * waits 40 ms with an acknowledgement, unless it has something to send. So the second part of a long
 * request waits, as do the second of two answers and the rest of a long one: a commit of 20 entries
 * took 44 ms instead of 2.
 *
 * Whatever is sent carries an acknowledgement. So small reads are sent with the others: one before a
 * long request, whose answer acknowledges the first part of the request; and one when an answer is
 * outstanding, something else has arrived, or part of a long answer may have, and nothing was sent for a
 * moment.
 *
 * @module
 */

/** A key that has no entry. */
const PROMPT_KEY = ["prompt"];
/** From this many bytes on, estimated, a request has two parts. Measured with Deno 2.9: 1,024. */
const LONG_BYTES = 900;
/** How long nothing is sent before a read is, milliseconds; twice as long before each further one. */
const PROMPT_MS = 4;
/** Most reads without an answer to anything else: by then, acknowledgements have been sent. */
const PROMPTS_MAX = 4;
/** Most of them without an answer. A server that has much to do gets no more. */
const PROMPTS_AT_ONCE = 2;
/** A list with values of so many bytes probably has a long answer, and so has the next of its kind. */
const LONG_VALUE_BYTES = 1_024;
/** Entries per read of a list that does not say how many it wants: each read waits for its answer. */
const LIST_BATCH = 200;
/** How deep values are looked at. */
const DEPTH_MAX = 6;

/** What is known of a call before it has an answer. */
interface Expected {
  /** About how many bytes its request has. */
  readonly sizeBytes?: number;
  /** Whether its answer has several parts. */
  readonly isLong?: boolean;
}

/** Such a database. */
export interface PromptKv extends Deno.Kv {
  /** How many requests have no answer, small reads included. */
  outstanding(): number;
}

/** Makes a call, and sends small reads that its request or its answer needs. */
type Prompted = <T>(call: () => Promise<T>, expected?: Expected) => Promise<T>;

/** The same database, with answers that do not wait for acknowledgements. It gets methods of its own. */
export function withPromptAnswers(kv: Deno.Kv): PromptKv {
  const { close: closeDatabase } = kv;
  const readKey = kv.get.bind(kv);
  let waiting = 0, longWaiting = 0, reading = 0, sentMs = 0;
  /** Whether something has arrived that nothing has acknowledged since. */
  let hasArrived = false;
  let prompts = 0, unanswered = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  /** Sends a small read. A failure is that of the calls that wait, too. */
  function read(): Promise<void> {
    reading++;
    return readKey(PROMPT_KEY).then(() => {}, () => {}).finally(() => reading--);
  }

  function noteSent(): void {
    sentMs = performance.now();
    hasArrived = false;
  }

  function look(): void {
    timer = undefined;
    if (!isPromptNeeded()) return;
    if (performance.now() - sentMs >= pauseMs()) {
      prompts++;
      unanswered++;
      noteSent();
      read().finally(() => {
        unanswered--;
        hasArrived = true;
        plan();
      });
    }
    plan();
  }

  function isPromptNeeded(): boolean {
    const mayWait = longWaiting > 0 || waiting > 0 && hasArrived;
    return mayWait && prompts < PROMPTS_MAX && unanswered < PROMPTS_AT_ONCE && !isClosed;
  }

  function pauseMs(): number {
    return PROMPT_MS * 2 ** prompts;
  }

  function plan(): void {
    if (isPromptNeeded()) timer ??= setTimeout(look, pauseMs());
  }

  const prompted: Prompted = async (call, { sizeBytes = 0, isLong = false } = {}) => {
    // What was held back is sent with the answer to this one, and acknowledges it.
    if (sizeBytes >= LONG_BYTES) read();
    waiting++;
    if (isLong) longWaiting++;
    noteSent();
    plan();
    try {
      const answer = await call();
      prompts = 0;
      return answer;
    } finally {
      waiting--;
      if (isLong) longWaiting--;
      hasArrived = true;
      plan();
    }
  };

  function close(): void {
    isClosed = true;
    clearTimeout(timer);
    closeDatabase.apply(kv);
  }

  /** First parts of keys whose lists have long answers. */
  const long = new Set<Deno.KvKeyPart>();

  function promptedList<T>(entries: Deno.KvListIterator<T>, selector: Deno.KvListSelector) {
    const [space = ""] = "prefix" in selector ? selector.prefix : selector.start;
    const next = entries.next.bind(entries);
    return Object.assign(entries, {
      async next() {
        const result = await prompted(next, { isLong: long.has(space) });
        const value: unknown = result.value?.value;
        if (value instanceof Uint8Array && value.length >= LONG_VALUE_BYTES) long.add(space);
        return result;
      },
    });
  }

  const { get, getMany, set, delete: remove, atomic, list } = kv;
  const own = {
    get: (...args: Parameters<typeof get>) => prompted(() => get.apply(kv, args)),
    getMany: (...args: Parameters<typeof getMany>) =>
      prompted(() => getMany.apply(kv, args), { sizeBytes: sum(args[0].map(keyBytes)) }),
    set: (...args: Parameters<typeof set>) =>
      prompted(() => set.apply(kv, args), { sizeBytes: keyBytes(args[0]) + valueBytes(args[1]) }),
    delete: (...args: Parameters<typeof remove>) => prompted(() => remove.apply(kv, args)),
    atomic: () => promptedOperation(atomic.apply(kv), prompted),
    list: (...[selector, options]: Parameters<typeof list>) => {
      // Else as many as its limit are read at once, or 100.
      const wanted = options?.limit === undefined ? { batchSize: LIST_BATCH, ...options } : options;
      return promptedList(list.apply(kv, [selector, wanted]), selector);
    },
    close,
    [Symbol.dispose]: close,
    outstanding: () => waiting + reading,
  };
  return Object.assign(kv, own);
}

/** An operation that knows about how long its request will be. */
function promptedOperation(
  op: Deno.AtomicOperation,
  prompted: Prompted,
): Deno.AtomicOperation {
  let sizeBytes = 0;
  const { check, set, delete: remove, sum: add, min, max, mutate } = op;
  const commit = op.commit.bind(op);

  /** Counts, unless it is known already that the request is long. */
  function count(size: () => number): void {
    if (sizeBytes < LONG_BYTES) sizeBytes += size();
  }

  const own = {
    check: (
      ...args: Parameters<typeof check>
    ) => (count(() => sum(args.map(({ key }) => keyBytes(key) + 14))), check.apply(op, args)),
    set: (
      ...args: Parameters<typeof set>
    ) => (count(() => keyBytes(args[0]) + valueBytes(args[1])), set.apply(op, args)),
    delete: (
      ...args: Parameters<typeof remove>
    ) => (count(() => keyBytes(args[0])), remove.apply(op, args)),
    sum: (
      ...args: Parameters<typeof add>
    ) => (count(() => keyBytes(args[0]) + 10), add.apply(op, args)),
    min: (
      ...args: Parameters<typeof min>
    ) => (count(() => keyBytes(args[0]) + 10), min.apply(op, args)),
    max: (
      ...args: Parameters<typeof max>
    ) => (count(() => keyBytes(args[0]) + 10), max.apply(op, args)),
    mutate: (
      ...args: Parameters<typeof mutate>
    ) => (count(() => LONG_BYTES), mutate.apply(op, args)),
    commit: () => prompted(commit, { sizeBytes }),
  };
  return Object.assign(op, own);
}

/** About how many bytes a key and what goes with it in a request have. */
function keyBytes(key: Deno.KvKey): number {
  return 12 + sum(key.map((part) => 2 + valueBytes(part)));
}

/** About how many bytes a value has in a request. */
function valueBytes(value: unknown, depth = 0): number {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  if (typeof value === "boolean" || value === null || value === undefined) return 1;
  if (typeof value !== "object" || value instanceof Deno.KvU64 || depth === DEPTH_MAX) return 9;
  return sum(
    Object.entries(value).map(([name, one]) => 4 + name.length + valueBytes(one, depth + 1)),
  );
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
