/**
 * The flags with which the service starts.
 *
 * @module
 */

import { heapFlags } from "../../data/heap_limit.ts";

/** The V8 flags of a service without a memory limit, for `deno run`. */
export const START_FLAGS: readonly string[] = [`--v8-flags=${heapFlags(null).join(",")}`];
