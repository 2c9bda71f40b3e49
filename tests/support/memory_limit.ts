/**
 * A bound for the memory of a process: a control group of Linux, of version 2 or 1. Where none can be
 * made, only the peak of the resident memory is known.
 *
 * @module
 */

/** A bound for the memory of a process. Disposing of it removes it; the process must have ended. */
export interface MemoryLimit extends AsyncDisposable {
  /** What must stand before the command of the process; empty where no group can be made. */
  readonly prefix: readonly string[];
  /** Whether the system ends the process when it uses more. */
  readonly isEnforced: boolean;
}

/** The groups of version 2, and those of version 1 for memory: where they are, and the file of the limit. */
const PLACES = [
  { folder: "/sys/fs/cgroup", limit: "memory.max" },
  { folder: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes" },
];

/** Makes a group whose processes may use so many bytes together. */
export async function limitMemory(bytes: number): Promise<MemoryLimit> {
  for (const { folder, limit } of PLACES) {
    const group = `${folder}/openwatts-${crypto.randomUUID()}`;
    try {
      await Deno.mkdir(group);
    } catch {
      continue;
    }
    try {
      await Deno.writeTextFile(`${group}/${limit}`, String(bytes));
    } catch {
      await Deno.remove(group);
      continue;
    }
    // The shell enters the group, then becomes the process.
    const enter = `echo $$ > "${group}/cgroup.procs" && exec "$@"`;
    return {
      prefix: ["sh", "-c", enter, "sh"],
      isEnforced: true,
      [Symbol.asyncDispose]: () => removeGroup(group),
    };
  }
  return { prefix: [], isEnforced: false, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Removes a group, which may take a moment to be empty. */
async function removeGroup(group: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      return await Deno.remove(group);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
