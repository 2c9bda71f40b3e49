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
import { type Contestant, race, timed } from "./race.ts";
import { startService } from "./service.ts";
import { median } from "./spread.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** Pause between an answer and the next poll, milliseconds. */
const POLL_MS = 2;
/** How many times more often the small export is repeated, because it is so short. */
const SMALL_REPEATS = 10;

/** Runs the measurement, for a year and for 10 minutes. */
export async function measureService(bench: Bench): Promise<Figure[]> {
  const { options } = bench;
  await using service = await startService(await bench.demoFolder("service"), { demoData: true });
  const [year] = await race([waiting("year", service.url, YEAR_EXPORT)], options);
  const small = waiting("10 minutes", service.url, TEN_MINUTES_EXPORT);
  const repeats = SMALL_REPEATS * options.repeats;
  const [tenMinutes] = await race([small], { ...options, repeats });
  console.log(
    `\nFrom POST to completed, as seen by a client that polls ${POLL_MS} ms after each answer, one\n` +
      "export at a time.\n",
  );
  console.log(resultsTable([year, tenMinutes]));
  const figures = [[year, TARGETS.yearMs], [tenMinutes, TARGETS.tenMinutesMs]] as const;
  return figures.map(([{ contestant, runsMs }, target]) => ({
    what: `POST to completed, ${contestant.name}`,
    value: median(runsMs),
    unit: "ms",
    target,
  }));
}

function waiting(name: string, url: string, request: ExportRequest): Contestant {
  return { name, path: null, run: () => timed(() => exportToEnd(url, request, POLL_MS)) };
}
