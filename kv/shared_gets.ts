/**
 * Reads of single keys that several callers ask for at the same time, as reads of several keys.
 *
 * @module
 */

import { getByKeys } from "./get_by_keys.ts";
import { createTogether } from "./together.ts";

/** Groups of reads that are in progress at most. What comes meanwhile is in the next one. */
const READS_AT_ONCE = 2;

type Kv = Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;

/**
 * The same database, whose `get` reads what many callers ask for in groups. Each entry is one of a moment
 * after it was asked for. Alone, a `get` waits a little longer; with others, it costs a third.
 */
export function withSharedGets(kv: Kv): Kv {
  const read = createTogether(async (keys: readonly Deno.KvKey[]) => {
    const entries = await getByKeys(kv, keys);
    return entries.map((value) => ({ status: "fulfilled", value }) as const);
  }, READS_AT_ONCE);
  return {
    get: <T>(key: Deno.KvKey, options?: { consistency?: Deno.KvConsistencyLevel }) =>
      options === undefined
        // The reader of a key says what type it holds, as with any database.
        ? read(key) as Promise<Deno.KvEntryMaybe<T>>
        : kv.get<T>(key, options),
    getMany: (keys, options) => kv.getMany(keys, options),
    list: (selector, options) => kv.list(selector, options),
    atomic: () => kv.atomic(),
  };
}
