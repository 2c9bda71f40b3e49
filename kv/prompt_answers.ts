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
 * long request, whose answer acknowledges the first part of the request; and one while an answer is
 * outstanding and nothing else was sent for a moment.
 *
 * @module
 */

/** A key that has no entry. */
const PROMPT_KEY = ["prompt"];
/** From this many bytes on, estimated, a request has two parts. Measured with Deno 2.9: 1,024. */
const LONG_BYTES = 900;
/** How long nothing is sent before a read is, milliseconds. */
const PROMPT_MS = 2;
/** Most reads without an answer to anything else: a database that is away gets no more. */
const PROMPTS_MAX = 8;
/** How deep values are looked at. */
const DEPTH_MAX = 6;

/** The same database, with answers that do not wait for acknowledgements. It gets methods of its own. */
export function withPromptAnswers(kv: Deno.Kv): Deno.Kv {
  const read = kv.get.bind(kv);
  let waiting = 0, sentMs = 0, left = PROMPTS_MAX;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  function prompt(): void {
    sentMs = performance.now();
    // A failure is that of the calls that wait, too.
    read(PROMPT_KEY).catch(() => {});
  }

  function look(): void {
    timer = undefined;
    if (waiting === 0 || left === 0 || isClosed) return;
    if (performance.now() - sentMs >= PROMPT_MS) {
      left--;
      prompt();
    }
    timer = setTimeout(look, PROMPT_MS);
  }

  async function prompted<T>(call: () => Promise<T>, sizeBytes = 0): Promise<T> {
    if (sizeBytes >= LONG_BYTES) prompt();
    waiting++;
    sentMs = performance.now();
    if (left > 0) timer ??= setTimeout(look, PROMPT_MS);
    try {
      const answer = await call();
      left = PROMPTS_MAX;
      return answer;
    } finally {
      waiting--;
      if (waiting > 0 && left > 0 && !isClosed) timer ??= setTimeout(look, PROMPT_MS);
    }
  }

  function close(): void {
    isClosed = true;
    clearTimeout(timer);
    Deno.Kv.prototype.close.apply(kv);
  }

  const { get, getMany, set, delete: remove, atomic, list } = kv;
  const own = {
    get: (...args: Parameters<typeof get>) => prompted(() => get.apply(kv, args)),
    getMany: (...args: Parameters<typeof getMany>) =>
      prompted(() => getMany.apply(kv, args), sum(args[0].map(keyBytes))),
    set: (...args: Parameters<typeof set>) =>
      prompted(() => set.apply(kv, args), keyBytes(args[0]) + valueBytes(args[1])),
    delete: (...args: Parameters<typeof remove>) => prompted(() => remove.apply(kv, args)),
    atomic: () => promptedOperation(atomic.apply(kv), prompted),
    list: (...args: Parameters<typeof list>) => {
      const entries = list.apply(kv, args);
      const next = entries.next.bind(entries);
      return Object.assign(entries, { next: () => prompted(next) });
    },
    close,
    [Symbol.dispose]: close,
  };
  return Object.assign(kv, own);
}

/** An operation that knows about how long its request will be. */
function promptedOperation(
  op: Deno.AtomicOperation,
  prompted: <T>(call: () => Promise<T>, sizeBytes: number) => Promise<T>,
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
    commit: () => prompted(commit, sizeBytes),
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
