/**
 * Bounds for the memory and the processor time of a process: a control group of Linux, of version 2 or
 * 1. Where none can be made, only the peak of the resident memory is known.
 *
 * @module
 */

/** What a process may use. */
export interface Limits {
  /** The most memory, bytes; buffers of files count. */
  readonly memoryBytes: number;
  /** Of how many cores it may take the time, such as 0.5; all of them by default. */
  readonly cores?: number;
}

/** Bounds of a process. Disposing of it removes them; the process must have ended. */
export interface ControlGroup extends AsyncDisposable {
  /** What must stand before the command of the process; empty where no group can be made. */
  readonly prefix: readonly string[];
  /** Whether the system ends the process when it uses more memory. */
  readonly isEnforced: boolean;
  /** The folder of the group that bounds the memory, and where a container sees it; null without one. */
  readonly mount: { readonly folder: string; readonly target: string } | null;
  /** The most memory that the group used at once, bytes; null without one. */
  peakBytes(): Promise<number | null>;
  /** What the processes of the group hold now, without buffers of files, bytes; null without one. */
  heldBytes(): Promise<number | null>;
}

/** A hierarchy of groups: its folder and its files. */
interface Hierarchy {
  readonly folder: string;
  readonly limits: (limits: Limits) => Readonly<Record<string, string>>;
}

/** The period of version 1 and 2 in which the time of the processor is given out, microseconds. */
const PERIOD_US = 100_000;
const quotaUs = (cores: number) => String(Math.round(cores * PERIOD_US));
const V2: Hierarchy = {
  folder: "/sys/fs/cgroup",
  limits: ({ memoryBytes, cores }) => ({
    "memory.max": String(memoryBytes),
    ...cores === undefined ? {} : { "cpu.max": `${quotaUs(cores)} ${PERIOD_US}` },
  }),
};
const V1_MEMORY: Hierarchy = {
  folder: "/sys/fs/cgroup/memory",
  limits: ({ memoryBytes }) => ({ "memory.limit_in_bytes": String(memoryBytes) }),
};
const V1_CPU: Hierarchy = {
  folder: "/sys/fs/cgroup/cpu",
  limits: ({ cores }): Record<string, string> =>
    cores === undefined ? {} : { "cpu.cfs_quota_us": quotaUs(cores) },
};

/** Makes a group whose processes may use so much together. */
export async function limitProcess(limits: Limits): Promise<ControlGroup> {
  const v2 = await makeGroup(V2, limits);
  if (v2 !== null) return groupOf([v2], "memory.peak", "sys/fs/cgroup");
  const memory = await makeGroup(V1_MEMORY, limits);
  if (memory === null) {
    return {
      prefix: [],
      isEnforced: false,
      mount: null,
      peakBytes: () => Promise.resolve(null),
      heldBytes: () => Promise.resolve(null),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const cpu = limits.cores === undefined ? null : await makeGroup(V1_CPU, limits);
  const folders = cpu === null ? [memory] : [memory, cpu];
  return groupOf(folders, "memory.max_usage_in_bytes", "sys/fs/cgroup/memory");
}

function groupOf(folders: readonly string[], peak: string, target: string): ControlGroup {
  const entering = folders.map((folder) => `echo $$ > "${folder}/cgroup.procs" && `).join("");
  return {
    // The shell enters the groups, then becomes the process.
    prefix: ["sh", "-c", `${entering}exec "$@"`, "sh"],
    isEnforced: true,
    mount: { folder: folders[0], target },
    peakBytes: async () => Number(await Deno.readTextFile(`${folders[0]}/${peak}`)),
    async heldBytes() {
      const statistics = await Deno.readTextFile(`${folders[0]}/memory.stat`);
      return Number(/^(?:anon|rss) (\d+)$/m.exec(statistics)?.[1]);
    },
    async [Symbol.asyncDispose]() {
      for (const folder of folders) await removeGroup(folder);
    },
  };
}

/** Makes a group with its limits; null where this hierarchy does not exist or may not be changed. */
async function makeGroup({ folder, limits }: Hierarchy, wanted: Limits): Promise<string | null> {
  const group = `${folder}/openwatts-${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(group);
  } catch {
    return null;
  }
  try {
    for (const [file, value] of Object.entries(limits(wanted))) {
      // Where nothing is mounted, a group would be a folder like any other, and bound nothing.
      await Deno.writeTextFile(`${group}/${file}`, value, { create: false });
    }
    return group;
  } catch {
    await Deno.remove(group);
    return null;
  }
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
