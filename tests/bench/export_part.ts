/**
 * Measures the export of a year to a file, compared with databases.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { openOurStore, prepareOurExport } from "./ours.ts";
import { race } from "./race.ts";
import { ratioFigures } from "./ratio.ts";
import { resultsTable } from "./table.ts";
import { checkYearCsv, YEAR_READINGS } from "./year.ts";

/** Runs the measurement. */
export async function measureExport(bench: Bench): Promise<Figure[]> {
  const peers = await bench.peers.open();
  await using store = await openOurStore(await bench.folder("ours"));
  const ours = await prepareOurExport(store);
  const exporting = [ours, ...peers.flatMap(({ exports }) => exports)];
  const results = await race(exporting, bench.options);
  for (const { contestant } of results) await checkYearCsv(contestant.path ?? "");
  console.log(
    "\nExport of the year into a CSV file, warm. Ours is synced, hashed and renamed; the others\n" +
      "leave their file to the page cache. All files were checked to hold the same readings.\n",
  );
  const rate = { unit: "M readings/s", perMs: YEAR_READINGS / 1000 };
  console.log(resultsTable(results, { rate, ratio: "× ours" }));
  return ratioFigures("export", results);
}
