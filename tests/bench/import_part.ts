/**
 * Measures the import of a year of CSV over HTTP, compared with databases that read the file.
 *
 * @module
 */

import { z } from "zod";
import { DEMO_METER_ID } from "../../data/readings/demo_meter.ts";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { type Contestant, race, timed } from "./race.ts";
import { ratioFigures } from "./ratio.ts";
import { startService } from "./service.ts";
import { median } from "./spread.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { uploadCsv } from "./upload_client.ts";
import { YEAR_READINGS } from "./year.ts";

const report = z.object({ inserted: z.int() });

/** Runs the measurement. */
export async function measureImport(bench: Bench): Promise<Figure[]> {
  const peers = await bench.peers.open();
  await using service = await startService(await bench.folder("import"), { demoData: false });
  const ours = importOverHttp(service.url, await bench.yearCsv(), bench.options.signal);
  const importing = [ours, ...peers.flatMap(({ imports }) => imports)];
  const results = await race(importing, bench.options);
  console.log(
    "\nImport of the year from CSV, durable. Ours is checked, merged and sent over HTTP; the\n" +
      "others read the file themselves.\n",
  );
  const rate = { unit: "M readings/s", perMs: YEAR_READINGS / 1000 };
  console.log(resultsTable(results, { rate, ratio: "× ours" }));
  return [{
    what: "import of the year over HTTP",
    value: rate.perMs / median(results[0].runsMs),
    unit: rate.unit,
    target: TARGETS.importRate,
  }, ...ratioFigures("import", results)];
}

/** The upload of the year to a service without demo data. The meter is emptied before each run. */
function importOverHttp(url: string, csvPath: string, signal: AbortSignal): Contestant {
  const meterUrl = `${url}/api/meters/${DEMO_METER_ID}`;

  async function upload(): Promise<void> {
    const answer = await uploadCsv(`${meterUrl}/readings`, csvPath, signal);
    const { inserted } = report.parse(answer);
    if (inserted !== YEAR_READINGS) throw new Error(`imported ${inserted} readings`);
  }

  return {
    name: "OpenWatts: POST, streamed over HTTP",
    path: null,
    async run() {
      const removed = await fetch(meterUrl, {
        method: "DELETE",
        headers: { prefer: "wait=60" },
      });
      await removed.body?.cancel();
      return await timed(upload);
    },
  };
}
