/**
 * The peak memory of a process.
 *
 * @module
 */

/** The peak of a process's resident memory so far, MB (10^6); null without /proc. */
export async function readPeakMb(pid: number | "self"): Promise<number | null> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(status);
  return found === null ? null : Number(found[1]) * 1024 / 1e6;
}
