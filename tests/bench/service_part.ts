/**
 * Measures how long a client waits for an export, from POST to `completed`.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import {
  type ExportRequest,
  exportToEnd,
  TEN_MINUTES_EXPORT,
  YEAR_EXPORT,
} from "./export_client.ts";
import type { Figure } from "./figure.ts";
import { bareWrite, timeCommits } from "./limits.ts";
import { type Contestant, race, timed } from "./race.ts";
import { startService } from "./service.ts";
import { raceFigures } from "./ratio.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** Pause between an answer and the next poll, milliseconds. */
const POLL_MS = 2;
/** How many times more often the small export is repeated, because it is so short. */
const SMALL_REPEATS = 10;

/** Commits that an export takes at least: it is created, claimed and completed. */
const JOB_COMMITS = 3;

/**
 * Runs the measurement, for a year and for 10 minutes. The limits are to write, hash and sync the
 * bytes, and, for the small one, three commits besides.
 */
export async function measureService(bench: Bench): Promise<Figure[]> {
  const { options } = bench;
  await using stack = new AsyncDisposableStack();
  const folder = await bench.folder("service_bare");
  const kv = stack.use(await Deno.openKv(`${folder}/kv.sqlite3`));
  await using service = await startService(await bench.demoFolder("service"), { demoData: true });
  const { sizeBytes } = await exportToEnd(service.url, YEAR_EXPORT, POLL_MS);
  const yearLimit = bareWrite(folder, { sizeBytes, target: TARGETS.yearLimit });
  const year = await race([
    waiting("year", service.url, YEAR_EXPORT),
    ...(bench.alone ? [] : [yearLimit]),
  ], options);
  const fileLimit = bareWrite(folder, { sizeBytes: 1_000, target: TARGETS.smallLimit });
  const smallLimit: Contestant = {
    ...fileLimit,
    name: `${JOB_COMMITS} bare commits and a synced file`,
    run: () =>
      timed(async () => {
        await timeCommits(kv, JOB_COMMITS);
        await fileLimit.run();
      }),
  };
  const repeats = SMALL_REPEATS * options.repeats;
  const small = await race([
    waiting("10 minutes", service.url, TEN_MINUTES_EXPORT),
    ...(bench.alone ? [] : [smallLimit]),
  ], { ...options, repeats });
  bench.details(
    `\nFrom POST to completed, as seen by a client that polls ${POLL_MS} ms after each answer, one\n` +
      "export at a time.\n",
  );
  bench.details(resultsTable([...year, ...small]));
  return [
    ...raceFigures("POST to completed, a year", year),
    ...raceFigures("POST to completed, 10 minutes", small),
  ];
}

function waiting(name: string, url: string, request: ExportRequest): Contestant {
  return { name, path: null, run: () => timed(() => exportToEnd(url, request, POLL_MS)) };
}
