/**
 * Counts the calls of a database that jobs make in a service.
 *
 * Calls of loops that only look for work depend on the time. They are left out, so that the counts
 * do not depend on how busy the machine is.
 *
 * @module
 */

import { z } from "zod";
import type { ServiceProcess } from "./service.ts";

const callsSchema = z.object({ reads: z.int(), commits: z.int(), refused: z.int() });

/**
 * The calls so far. `reads`: of one or more keys, or of a batch of a list. `commits`: those that write
 * jobs. `refused`: how many of them were refused, as something had changed meanwhile.
 */
export type KvCalls = z.infer<typeof callsSchema>;

/** The module that a service must load first. It writes the calls to this file in `FILE_STORE` on `SIGUSR2`. */
export const COUNTING = new URL("count_kv_calls.ts", import.meta.url).pathname;
/** The name of the file. */
export const CALLS_FILE = "kv_calls.json";
/** How often it is looked for the file, milliseconds. */
const LOOK_MS = 10;

/** The key spaces that a job, or the request for it, reads. */
const SPACES = ["job", "job_account", "series", "segment", "block", "revision", "meter"];
/** Those of the due index. */
const DUE_SPACES = ["job_line", "job_turn"];
/** How many entries of a list one read returns, unless the list says more. */
const BATCH = 100;

function isOfJobs(key: Deno.KvKey): boolean {
  const [space, kind] = key.map(String);
  return space === "due" ? DUE_SPACES.includes(kind) : SPACES.includes(space);
}

/** Counts the calls of this process from now on. */
export function countCalls(): KvCalls {
  const calls = { reads: 0, commits: 0, refused: 0 };
  const { get, getMany, list, atomic } = Deno.Kv.prototype;
  Object.assign(Deno.Kv.prototype, {
    get(this: Deno.Kv, ...args: Parameters<typeof get>) {
      if (isOfJobs(args[0])) calls.reads++;
      return get.apply(this, args);
    },
    getMany(this: Deno.Kv, ...args: Parameters<typeof getMany>) {
      if (args[0].some(isOfJobs)) calls.reads++;
      return getMany.apply(this, args);
    },
    list(this: Deno.Kv, ...args: Parameters<typeof list>) {
      const [selector, options] = args;
      const entries = list.apply(this, args);
      if (!isOfJobs("prefix" in selector ? selector.prefix : selector.start)) return entries;
      const next = entries.next.bind(entries);
      const size = options?.batchSize ?? options?.limit ?? BATCH;
      let asked = 0;
      return Object.assign(entries, {
        next() {
          if (asked++ % size === 0) calls.reads++;
          return next();
        },
      });
    },
    atomic(this: Deno.Kv) {
      const op = atomic.apply(this);
      const set = op.set.bind(op), commit = op.commit.bind(op);
      let isOfJob = false;
      return Object.assign(op, {
        set(...args: Parameters<typeof set>) {
          isOfJob ||= args[0][0] === "job";
          return set(...args);
        },
        async commit() {
          if (isOfJob) calls.commits++;
          const result = await commit();
          if (isOfJob && !result.ok) calls.refused++;
          return result;
        },
      });
    },
  });
  return calls;
}

/** The calls of services that have loaded {@link COUNTING}, together. `files` is the folder of their files. */
export async function readCalls(
  services: readonly Pick<ServiceProcess, "pid">[],
  files: string,
): Promise<KvCalls> {
  const sum = { reads: 0, commits: 0, refused: 0 };
  const path = `${files}/${CALLS_FILE}`;
  for (const { pid } of services) {
    await Deno.remove(path).catch(() => {});
    Deno.kill(pid, "SIGUSR2");
    let text: string | null = null;
    while (text === null) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      text = await Deno.readTextFile(path).catch(() => null);
    }
    const calls = callsSchema.parse(JSON.parse(text));
    sum.reads += calls.reads;
    sum.commits += calls.commits;
    sum.refused += calls.refused;
  }
  return sum;
}
