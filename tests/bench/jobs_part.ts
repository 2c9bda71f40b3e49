/**
 * Measures many small concurrent exports.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { postExport, TEN_MINUTES_EXPORT, waitForExport } from "./export_client.ts";
import type { Figure } from "./figure.ts";
import { race, timed } from "./race.ts";
import { startService } from "./service.ts";
import { median } from "./spread.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** How many exports are requested at once. */
const JOBS = 500;
/** Pause between an answer and the next poll, milliseconds. */
const POLL_MS = 10;

/** Runs the measurement. */
export async function measureJobs(bench: Bench): Promise<Figure[]> {
  await using service = await startService(await bench.demoFolder("jobs"), { demoData: true });
  const acceptedMs: number[] = [];
  const name = `${JOBS} exports of 10 minutes, until all are completed`;
  const run = () => timed(async () => acceptedMs.push(await burst(service.url)));
  const [all] = await race([{ name, path: null, run }], bench.options);
  const accepted = {
    contestant: { ...all.contestant, name: "of these, until all are accepted" },
    runsMs: acceptedMs.slice(1),
  };
  console.log(
    "\nSmall concurrent exports. One client waits for one after the other, so that polling costs\n" +
      "the service little.\n",
  );
  const rate = { unit: "jobs/s", perMs: JOBS * 1000 };
  console.log(resultsTable([all, accepted], { rate }));
  const value = rate.perMs / median(all.runsMs);
  return [{
    what: `${JOBS} small concurrent exports`,
    value,
    unit: "jobs/s",
    target: TARGETS.jobsRate,
  }];
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
