/**
 * How much heap the JavaScript engine may use where a control group of Linux limits the memory, as in
 * a container. V8 sizes its heap by the machine and does not see such limits: with 512 MiB of 24 GiB
 * it collects garbage so late that the system kills the process.
 *
 * @module
 */

/** A limit above this stands for none: version 1 writes a huge number. */
const NO_LIMIT_BYTES = 2 ** 60;
/**
 * The share of the memory for the heap. The rest is for buffers, SQLite, threads and code. Of 512 MiB, half
 * is too little for 50,000 devices that send in bursts (`deno task bench containers`).
 */
const HEAP_SHARE = 0.625;
/** The heap that V8 takes at most without a limit (64 bits, 16 GiB or more), MiB. */
const HEAP_MAX_MB = 4096;
/** The least heap that the service works with, MiB. */
const HEAP_MIN_MB = 64;
/**
 * By how much the old heap may grow until V8 collects it. By default, V8 lets it become up to four times as
 * large as what is in use.
 */
const GROWTH_PERCENT = 40;
const MB_BYTES = 2 ** 20;

/**
 * The files that may hold a limit of the current process, from the content of `/proc/self/cgroup`:
 * those of its group and of all groups around it, of version 2 (cgroups(7), "memory.max") and of
 * version 1. In a container the path may be of the outside, so the root counts always.
 */
export function limitFiles(processGroups: string): string[] {
  const files: string[] = [];
  const [, v2] = /^0::(\/.*)$/m.exec(processGroups) ?? [];
  const [, v1] = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(processGroups) ?? [];
  for (const path of around(v2 ?? "/")) files.push(`/sys/fs/cgroup${path}memory.max`);
  for (const path of around(v1 ?? "/")) {
    files.push(`/sys/fs/cgroup/memory${path}memory.limit_in_bytes`);
  }
  return files;
}

/** The smallest limit in these contents of files, bytes; null if there is none. */
export function smallestLimit(contents: readonly string[]): number | null {
  const limits = contents.map((text) => text.trim()).filter((text) => /^\d+$/.test(text))
    .map(Number).filter((bytes) => bytes > 0 && bytes < NO_LIMIT_BYTES);
  return limits.length === 0 ? null : Math.min(...limits);
}

/** The flags of V8 for a limit of the memory, or for none. */
export function heapFlags(limitBytes: number | null): string[] {
  // Little garbage waits: docs/decisions/0007.
  const flags = ["--max-semi-space-size=4", `--heap-growing-percent=${GROWTH_PERCENT}`];
  if (limitBytes === null) return flags;
  const heapMb = Math.floor((limitBytes * HEAP_SHARE) / MB_BYTES);
  const boundMb = Math.min(HEAP_MAX_MB, Math.max(HEAP_MIN_MB, heapMb));
  return [...flags, `--max-old-space-size=${boundMb}`];
}

/** A folder and all folders around it, each with a slash at its end. */
function around(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from(
    { length: parts.length + 1 },
    (_, left) => `/${parts.slice(0, left).map((part) => `${part}/`).join("")}`,
  );
}
