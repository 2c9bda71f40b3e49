/**
 * Reading the values of many keys.
 *
 * @module
 */

/** Most keys of one `getMany`, a limit of Deno KV. */
const READ_KEYS = 10;

/** The entries of keys, in their order. The reads run concurrently and are not one snapshot. */
export async function getByKeys(
  kv: Pick<Deno.Kv, "getMany">,
  keys: readonly Deno.KvKey[],
): Promise<Deno.KvEntryMaybe<unknown>[]> {
  const reads: Promise<Deno.KvEntryMaybe<unknown>[]>[] = [];
  for (let at = 0; at < keys.length; at += READ_KEYS) {
    reads.push(kv.getMany<unknown[]>(keys.slice(at, at + READ_KEYS)));
  }
  return (await Promise.all(reads)).flat();
}
