/**
 * The headers that the service gave, without what older runtimes add.
 *
 * @module
 */

import { compressesAnswers } from "../../routes/http/no_compression.ts";

/** A copy of headers without what runtimes that compress add, or is added for them. */
export function ownHeaders(all: Headers): Headers {
  const headers = new Headers(all);
  if (!compressesAnswers(Deno.version.deno)) return headers;
  for (
    const [name, added] of [["vary", /^Accept-Encoding(, |$)/], ["cache-control", ADDED]] as const
  ) {
    const value = headers.get(name)?.replace(added, "");
    if (value === "") headers.delete(name);
    else if (value !== undefined) headers.set(name, value);
  }
  return headers;
}

/** What `no_compression.ts` adds. */
const ADDED = /(^|, )no-transform$/;
