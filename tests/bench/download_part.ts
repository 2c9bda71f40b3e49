/**
 * Measures the download of the file of a year by one client on this machine.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { downloadClients } from "./download_clients.ts";
import { exportToEnd, YEAR_EXPORT } from "./export_client.ts";
import type { Figure } from "./figure.ts";
import { startBareServer } from "./limits.ts";
import { type Contestant, race } from "./race.ts";
import { raceFigures } from "./ratio.ts";
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
  bench.details(
    `\nDownload of a file of ${
      (file.sizeBytes / 1e6).toFixed(1)
    } MB over the loopback; the client ` +
      "counts the bytes and\nthrows them away.\n",
  );
  const rate = { unit: "GB/s", perMs: file.sizeBytes / 1e6 };
  bench.details(resultsTable(results, { rate }));
  const [fastest] = results.toSorted((a, b) => median(a.runsMs) - median(b.runsMs));
  const what = "download of a year, the fastest client";
  if (bench.alone) return raceFigures(what, [fastest], { rate });
  // The same client, in turns with a bare server that sends the same file.
  await using bare = await startBareServer(bench, "download_bare");
  const path = await bench.yearCsv();
  const url = `${bare.url}/file?path=${encodeURIComponent(path)}`;
  const copy = { url, sizeBytes: (await Deno.stat(path)).size };
  const isSame = (client: Contestant) => client.name === fastest.contestant.name;
  const limit = downloadClients(copy, options.signal).filter(isSame).map((client) => ({
    ...client,
    name: "bare Deno.serve",
    target: TARGETS.downloadLimit,
    // Another generator wrote its file, so its length differs.
    run: async () => await client.run() * file.sizeBytes / copy.sizeBytes,
  }));
  const pair = await race([fastest.contestant, ...limit], { ...options, repeats });
  bench.details(resultsTable(pair, { rate }));
  return raceFigures(what, pair, { rate });
}
