/**
 * The export of a year into a file, beside what databases take for it.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { openOurStore, prepareOurExport } from "./ours.ts";
import { race } from "./race.ts";
import { ratioFigures } from "./ratio.ts";
import { standingsTable } from "./table.ts";
import { checkYearCsv, YEAR_READINGS } from "./year.ts";

/** Measures it. */
export async function measureExport(bench: Bench): Promise<Figure[]> {
  const peers = await bench.peers.open();
  await using store = await openOurStore(await bench.folder("ours"));
  const ours = await prepareOurExport(store);
  const exporting = [ours, ...peers.flatMap(({ exports }) => exports)];
  const standings = await race(exporting, bench.options);
  for (const { contestant } of standings) await checkYearCsv(contestant.path ?? "");
  console.log(
    "\nExport of the year into a CSV file, warm. Ours is synced, hashed and renamed; the others\n" +
      "leave their file to the page cache. All files were checked to hold the same readings.\n",
  );
  const rate = { unit: "M readings/s", perMs: YEAR_READINGS / 1000 };
  console.log(standingsTable(standings, { rate, ratio: "× ours" }));
  return ratioFigures("export", standings);
}
