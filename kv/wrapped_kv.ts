/**
 * Databases and operations that behave like another one but for some methods.
 *
 * An operation stays the same object, so that what is known of it stays known (`journal/group_operations.ts`).
 *
 * @module
 */

/** Commits an operation. */
export type Commit = Deno.AtomicOperation["commit"];

/** The same database, some of whose methods are others. Without a `close` among them, closing it closes both. */
export function wrapKv(kv: Deno.Kv, own: Partial<Deno.Kv>): Deno.Kv {
  const close = own.close ?? (() => kv.close());
  return {
    get: own.get ?? ((key, options) => kv.get(key, options)),
    getMany: own.getMany ?? ((keys, options) => kv.getMany(keys, options)),
    list: own.list ?? ((selector, options) => kv.list(selector, options)),
    set: own.set ?? ((key, value, options) => kv.set(key, value, options)),
    delete: own.delete ?? ((key) => kv.delete(key)),
    atomic: own.atomic ?? (() => kv.atomic()),
    enqueue: own.enqueue ?? ((value, options) => kv.enqueue(value, options)),
    listenQueue: own.listenQueue ?? ((handler) => kv.listenQueue(handler)),
    watch: own.watch ?? ((keys, options) => kv.watch(keys, options)),
    commitVersionstamp: own.commitVersionstamp ?? (() => kv.commitVersionstamp()),
    close,
    [Symbol.dispose]: close,
  };
}

/** Has an operation committed by a function, which gets what commits it otherwise. */
export function wrapCommit(
  op: Deno.AtomicOperation,
  by: (commit: Commit) => ReturnType<Commit>,
): Deno.AtomicOperation {
  const commit = op.commit.bind(op);
  op.commit = () => by(commit);
  return op;
}

/** Reports the key of each mutation that is added to an operation. */
export function noteKeys(
  op: Deno.AtomicOperation,
  note: (key: Deno.KvKey) => void,
): Deno.AtomicOperation {
  const { set, delete: remove, sum, min, max, mutate } = op;
  op.set = (key, value, options) => (note(key), set.call(op, key, value, options));
  op.delete = (key) => (note(key), remove.call(op, key));
  op.sum = (key, n) => (note(key), sum.call(op, key, n));
  op.min = (key, n) => (note(key), min.call(op, key, n));
  op.max = (key, n) => (note(key), max.call(op, key, n));
  op.mutate = (...list) => {
    for (const { key } of list) note(key);
    return mutate.apply(op, list);
  };
  return op;
}
