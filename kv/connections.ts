/**
 * Several connections to a database over the network, used as one.
 *
 * On one connection, an answer may wait for the acknowledgement of another one (`prompt_answers.ts`). Small
 * reads bring it, but their own answers have to be acknowledged, too. A process that asked for one thing
 * after the other could stay in that: each commit of 1.5 ms took 8 ms. So each call goes over a connection
 * on which nothing is outstanding, if there is one.
 *
 * @module
 */

import type { PromptKv } from "./prompt_answers.ts";
import { wrapKv } from "./wrapped_kv.ts";

/**
 * The same database, over all of these connections. Each call takes the first of those with the fewest
 * requests that have no answer. Closing it closes all.
 */
export function withConnections(kvs: readonly [PromptKv, ...PromptKv[]]): Deno.Kv {
  const [first, ...others] = kvs;

  /** An operation and a list stay with theirs. */
  function idlest(): PromptKv {
    let best = first, least = first.outstanding();
    for (const kv of others) {
      if (least === 0) break;
      const outstanding = kv.outstanding();
      if (outstanding < least) [best, least] = [kv, outstanding];
    }
    return best;
  }

  function close(): void {
    for (const kv of kvs) kv.close();
  }

  return wrapKv(first, {
    get: (key, options) => idlest().get(key, options),
    getMany: (keys, options) => idlest().getMany(keys, options),
    list: (selector, options) => idlest().list(selector, options),
    set: (key, value, options) => idlest().set(key, value, options),
    delete: (key) => idlest().delete(key),
    atomic: () => idlest().atomic(),
    close,
  });
}
