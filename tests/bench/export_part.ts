/**
 * Measures the export of a year to a file, compared with databases.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { openOurStore, prepareOurExport } from "./ours.ts";
import { bareWrite } from "./limits.ts";
import { race } from "./race.ts";
import { raceFigures } from "./ratio.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { checkYearCsv, YEAR_READINGS } from "./year.ts";

/** Runs the measurement. The limit of an export is to write, hash and sync its bytes. */
export async function measureExport(bench: Bench): Promise<Figure[]> {
  const peers = await bench.peers.open();
  const folder = await bench.folder("ours");
  await using store = await openOurStore(folder);
  const ours = await prepareOurExport(store);
  await ours.run();
  const sizeBytes = (await Deno.stat(store.path)).size;
  const limit = bareWrite(folder, { sizeBytes, target: TARGETS.exportLimit });
  const others = bench.alone ? [] : [...peers.flatMap(({ exports }) => exports), limit];
  const results = await race([ours, ...others], bench.options);
  for (const { contestant: { path } } of results) {
    if (path !== null) await checkYearCsv(path);
  }
  bench.details(
    "\nExport of the year into a CSV file, warm. Ours is synced, hashed and renamed; the others\n" +
      "leave their file to the page cache. All files were checked to hold the same readings.\n",
  );
  const rate = { unit: "M readings/s", perMs: YEAR_READINGS / 1000 };
  bench.details(resultsTable(results, { rate, ratio: "× ours" }));
  return raceFigures("export of a year as CSV", results);
}
