/**
 * Measures many small concurrent exports.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { postExport, TEN_MINUTES_EXPORT, waitForExport } from "./export_client.ts";
import type { Figure } from "./figure.ts";
import { bareWrite, timeCommits } from "./limits.ts";
import { type Contestant, race, timed } from "./race.ts";
import { raceFigures } from "./ratio.ts";
import { startService } from "./service.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** How many exports are requested at once. */
const JOBS = 500;
/** Commits that an export takes at least: it is created, claimed and completed. */
const JOB_COMMITS = 3;
/** How many exports the service runs at the same time. */
const AT_ONCE = 4;
/** Pause between an answer and the next poll, milliseconds. */
const POLL_MS = 10;

/** Runs the measurement. */
export async function measureJobs(bench: Bench): Promise<Figure[]> {
  await using service = await startService(await bench.demoFolder("jobs"), { demoData: true });
  const acceptedMs: number[] = [];
  const name = `${JOBS} exports of 10 minutes, until all are completed`;
  const run = () => timed(async () => acceptedMs.push(await burst(service.url)));
  await using limit = await openJobsLimit(bench);
  const results = await race(
    [{ name, path: null, run }, ...(bench.alone ? [] : [limit.contestant])],
    bench.options,
  );
  const [all] = results;
  const accepted = {
    contestant: { ...all.contestant, name: "of these, until all are accepted" },
    runsMs: acceptedMs.slice(1),
  };
  bench.details(
    "\nSmall concurrent exports. One client waits for one after the other, so that polling costs\n" +
      "the service little.\n",
  );
  const rate = { unit: "jobs/s", perMs: JOBS * 1000 };
  bench.details(resultsTable([all, accepted, ...results.slice(1)], { rate }));
  return raceFigures(`${JOBS} small concurrent exports`, results, { rate });
}

/** Three bare commits and a synced file for each export, as many at the same time as the service runs. */
async function openJobsLimit(
  bench: Bench,
): Promise<{ contestant: Contestant } & AsyncDisposable> {
  const folder = await bench.folder("jobs_bare");
  const kv = await Deno.openKv(`${folder}/kv.sqlite3`);
  const target = TARGETS.jobsLimit;
  const worker = async (index: number) => {
    await Deno.mkdir(`${folder}/${index}`, { recursive: true });
    const file = bareWrite(`${folder}/${index}`, { sizeBytes: 1_000, target });
    for (let job = 0; job < JOBS / AT_ONCE; job++) {
      await timeCommits(kv, JOB_COMMITS);
      await file.run();
    }
  };
  return {
    contestant: {
      name: `${JOB_COMMITS} bare commits and a synced file for each`,
      path: null,
      target,
      as: "fast",
      run: () =>
        timed(() => Promise.all(Array.from({ length: AT_ONCE }, (_, index) => worker(index)))),
    },
    [Symbol.asyncDispose]: () => Promise.resolve(kv.close()),
  };
}

/** Requests all and waits for all. Returns how long it took until all were accepted, milliseconds. */
async function burst(url: string): Promise<number> {
  const startedMs = performance.now();
  const posts = Array.from({ length: JOBS }, () => postExport(url, TEN_MINUTES_EXPORT));
  const pending = await Promise.all(posts);
  const acceptedMs = performance.now() - startedMs;
  for (const one of pending) await waitForExport(one, POLL_MS);
  return acceptedMs;
}
