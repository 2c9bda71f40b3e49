/**
 * Reading the values of many keys.
 *
 * @module
 */

/** Most keys of one read. */
const READ_KEYS = 10;

/** The entries of keys, in their order. Reads are on their way together, so they see no one moment. */
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
