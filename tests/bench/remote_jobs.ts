/**
 * Measures exports of a month that one, two and three processes share over one KV Connect server.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { MONTH_EXPORT, type PendingExport, postExport, waitForExport } from "./export_client.ts";
import type { Figure } from "./figure.ts";
import { COUNTING, type KvCalls, readCalls } from "./kv_calls.ts";
import { timed } from "./race.ts";
import { startRemote } from "./remote_rig.ts";
import { type ServiceProcess, startService } from "./service.ts";
import { TARGETS } from "./targets.ts";

/** How many exports are requested. */
const JOBS = 300;
/** How many requests are on their way at the same time. */
const AT_ONCE = 16;
/** Pause between an answer and the next poll, milliseconds. */
const POLL_MS = 20;
/** Most processes that are measured. */
const MOST_PROCESSES = 3;
/** Processors that processes, the database server and the client can use without waiting. */
const PROCESSORS_LEFT = MOST_PROCESSES + 1;

/** Runs the measurements: a database file, then one process more after the other over one server. */
export async function measureRemoteJobs(bench: Bench): Promise<Figure[]> {
  const what = (processes: string) => `${JOBS} exports of a month, ${processes}`;
  const rate = { unit: "jobs/s", as: "fast" } as const;
  const fileRate = await jobsOverFile(bench, JOBS);
  const figures: Figure[] = [
    { ...rate, what: what("a database file"), ours: fileRate, other: null, target: null },
  ];
  await using rig = await startRemote(bench, "remote_jobs");
  const services: ServiceProcess[] = [];
  const calls: Figure[] = [];
  for (let count = 1; count <= MOST_PROCESSES; count++) {
    services.push(await rig.start({ demoData: count === 1, preload: COUNTING }));
    const before = await readCalls(services, rig.files);
    const urls = services.map(({ url }) => url);
    const ours = await jobsPerSecond(urls, JOBS, bench.options.signal);
    calls.push(...callFigures(count, { before, after: await readCalls(services, rig.files) }));
    const one = figures[1]?.ours ?? NaN;
    const hasMore = count === MOST_PROCESSES && navigator.hardwareConcurrency >= PROCESSORS_LEFT;
    figures.push({
      ...rate,
      what: what(`${count} ${count === 1 ? "process" : "processes"} over KV Connect`),
      ours,
      other: count === 1
        ? { name: "a database file", value: fileRate }
        : { name: "1 process", value: one },
      target: count === 1 ? null : hasMore ? TARGETS.threeProcesses : TARGETS.moreProcesses,
    });
  }
  return [...figures, ...calls];
}

/** How often the database was called for each job, the warm-up included. */
function callFigures(
  processes: number,
  { before, after }: { before: KvCalls; after: KvCalls },
): Figure[] {
  const jobs = JOBS + AT_ONCE;
  const each = (what: string, name: keyof KvCalls): Figure => ({
    what: `${what} per month export over KV Connect, ${processes} at work`,
    ours: (after[name] - before[name]) / jobs,
    unit: "calls",
    as: "absolute",
    other: null,
    target: null,
  });
  return [
    each("reads", "reads"),
    each("commits", "commits"),
    each("refused commits", "refused"),
  ];
}

/** Jobs a second of one process over a database file. */
export async function jobsOverFile(bench: Bench, jobs: number): Promise<number> {
  const folder = await bench.demoFolder("file_jobs");
  await using service = await startService(folder, { demoData: true });
  return await jobsPerSecond([service.url], jobs, bench.options.signal);
}

/** Requests exports of a month from all processes in turn and waits for all. */
export async function jobsPerSecond(
  urls: readonly string[],
  jobs: number,
  signal: AbortSignal,
): Promise<number> {
  // The first ones warm up.
  await exportMonths(urls, AT_ONCE, signal);
  const tookMs = await timed(() => exportMonths(urls, jobs, signal));
  return jobs * 1_000 / tookMs;
}

async function exportMonths(
  urls: readonly string[],
  jobs: number,
  signal: AbortSignal,
): Promise<void> {
  const pending: PendingExport[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < jobs) {
      signal.throwIfAborted();
      const url = urls[next++ % urls.length];
      pending.push(await postExport(url, MONTH_EXPORT));
    }
  }));
  for (const one of pending) await waitForExport(one, POLL_MS);
}
