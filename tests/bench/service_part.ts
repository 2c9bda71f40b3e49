/**
 * How long a client waits for an export: from POST to `completed`.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { type AskedExport, exportToEnd, TEN_MINUTES_EXPORT, YEAR_EXPORT } from "./export_client.ts";
import type { Figure } from "./figure.ts";
import { type Contestant, race, timed } from "./race.ts";
import { startService } from "./service.ts";
import { median } from "./spread.ts";
import { standingsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** How long the client waits after an answer before it asks again, milliseconds. */
const POLL_MS = 2;
/** How many times more often the small export is repeated, as it is over so soon. */
const SMALL_REPEATS = 10;

/** Measures it, of a year and of 10 minutes. */
export async function measureService(bench: Bench): Promise<Figure[]> {
  const { options } = bench;
  await using service = await startService(await bench.demoFolder("service"), { demoData: true });
  const [year] = await race([waiting("year", service.url, YEAR_EXPORT)], options);
  const small = waiting("10 minutes", service.url, TEN_MINUTES_EXPORT);
  const repeats = SMALL_REPEATS * options.repeats;
  const [tenMinutes] = await race([small], { ...options, repeats });
  console.log(
    `\nFrom POST to completed, seen by a client that asks ${POLL_MS} ms after each answer, one\n` +
      "export at a time.\n",
  );
  console.log(standingsTable([year, tenMinutes]));
  const figures = [[year, TARGETS.yearMs], [tenMinutes, TARGETS.tenMinutesMs]] as const;
  return figures.map(([{ contestant, runsMs }, target]) => ({
    what: `POST to completed, ${contestant.name}`,
    value: median(runsMs),
    unit: "ms",
    target,
  }));
}

function waiting(name: string, url: string, asked: AskedExport): Contestant {
  return { name, path: null, run: () => timed(() => exportToEnd(url, asked, POLL_MS)) };
}
