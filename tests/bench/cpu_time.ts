/**
 * The processor time of processes.
 *
 * @module
 */

/** Ticks of the clock of Linux per second (`getconf CLK_TCK`), on all machines that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** The processor time that a process has used so far, seconds; null without /proc. */
export async function readCpuSeconds(pid: number): Promise<number | null> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
  return stat === null ? null : cpuSecondsOf(stat);
}

/** The same, from the text of `/proc/PID/stat` (proc_pid_stat(5)): utime and stime, fields 14 and 15. */
export function cpuSecondsOf(stat: string): number {
  // The second field is a name in parentheses, which may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** How many cores some processes used while something ran; null without /proc. */
export async function coresUsed(
  pids: readonly number[],
  act: () => Promise<void>,
): Promise<number | null> {
  const sum = async () => {
    const all = await Promise.all(pids.map(readCpuSeconds));
    return all.reduce<number | null>(
      (total, one) => total === null || one === null ? null : total + one,
      0,
    );
  };
  const before = await sum(), startedMs = performance.now();
  await act();
  const after = await sum(), seconds = (performance.now() - startedMs) / 1_000;
  return before === null || after === null ? null : (after - before) / seconds;
}
