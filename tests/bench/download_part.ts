/**
 * Measures the download of the file of a year by one client on this machine.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { downloadClients } from "./download_clients.ts";
import { exportToEnd, YEAR_EXPORT } from "./export_client.ts";
import type { Figure } from "./figure.ts";
import { race } from "./race.ts";
import { startService } from "./service.ts";
import { median } from "./spread.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";

const POLL_MS = 10;
/** How many times more often a download is repeated, because it is so short. */
const MORE_REPEATS = 5;

/** Runs the measurement with several clients. The fastest counts, because the service is measured. */
export async function measureDownload(bench: Bench): Promise<Figure[]> {
  const { options } = bench;
  await using service = await startService(await bench.demoFolder("download"), { demoData: true });
  const file = await exportToEnd(service.url, YEAR_EXPORT, POLL_MS);
  const repeats = MORE_REPEATS * options.repeats;
  const results = await race(downloadClients(file, options.signal), { ...options, repeats });
  console.log(
    `\nDownload of a file of ${
      (file.sizeBytes / 1e6).toFixed(1)
    } MB over the loopback; the client ` +
      "counts the bytes and\nthrows them away.\n",
  );
  const rate = { unit: "GB/s", perMs: file.sizeBytes / 1e6 };
  console.log(resultsTable(results, { rate }));
  const [fastest] = results.toSorted((a, b) => median(a.runsMs) - median(b.runsMs));
  return [{
    what: `download, the fastest client: ${fastest.contestant.name}`,
    value: rate.perMs / median(fastest.runsMs),
    unit: rate.unit,
    target: TARGETS.downloadRate,
  }];
}
