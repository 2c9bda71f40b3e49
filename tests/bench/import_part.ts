/**
 * Measures the import of a year of CSV over HTTP, compared with databases that read the file.
 *
 * @module
 */

import { z } from "zod";
import { DEMO_METER_ID } from "../../data/readings/demo_meter.ts";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { startBareServer } from "./limits.ts";
import { type Contestant, race, timed } from "./race.ts";
import { raceFigures } from "./ratio.ts";
import { startService } from "./service.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { bareUpload, uploadCsv } from "./upload_client.ts";
import { YEAR_READINGS } from "./year.ts";

const report = z.object({ inserted: z.int() });

/** Runs the measurement. */
export async function measureImport(bench: Bench): Promise<Figure[]> {
  const peers = await bench.peers.open();
  await using service = await startService(await bench.folder("import"), { demoData: false });
  const ours = importOverHttp(service.url, await bench.yearCsv(), bench.options.signal);
  await using bare = bench.alone ? null : await startBareServer(bench, "import_bare");
  const file = { path: await bench.yearCsv(), type: "text/csv" };
  const limits = bare === null ? [] : [{
    ...bareUpload(bare.url, file, bench.options.signal),
    target: TARGETS.importLimit,
  }];
  const others = [...peers.flatMap(({ imports }) => imports), ...limits];
  const results = await race([ours, ...others], bench.options);
  bench.details(
    "\nImport of the year from CSV, durable. Ours is checked, merged and sent over HTTP; the\n" +
      "others read the file themselves.\n",
  );
  const rate = { unit: "M readings/s", perMs: YEAR_READINGS / 1000 };
  bench.details(resultsTable(results, { rate, ratio: "× ours" }));
  return raceFigures("import of a year over HTTP", results);
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
