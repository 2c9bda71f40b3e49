/**
 * Measures how long a POST of telemetry takes during compaction.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure, Other } from "./figure.ts";
import { startBareServer } from "./limits.ts";
import { reportSkipped } from "./skipped.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";
import {
  countBare,
  type CountedLoad,
  countFolded,
  runLoad,
  startTelemetryService,
} from "./telemetry_service.ts";

/**
 * About 2,000 requests per second, 20 per second and device. A series is folded when it has 256
 * segments, so every 13 seconds. The first folds happen during the warm-up.
 */
const LOAD: CountedLoad = {
  devices: 100,
  readings: 1,
  connections: 64,
  pauseMs: 30,
  seconds: 20,
};
const WARM_SECONDS = 15;
/** How long the bare server is measured, seconds: it folds nothing. */
const BARE_SECONDS = 5;
/** Readings per device that must be in blocks on average: those of one fold. */
const LEAST_FOLDED = 256;

/** Runs the measurement under a steady load, with the clock of the client. */
export async function measureFolding(bench: Bench, wrk: string): Promise<Figure[]> {
  const folder = await bench.folder("folding");
  const { signal } = bench.options;
  const outcome = await (async () => {
    await using service = await startTelemetryService(folder);
    return await runLoad(service.url, LOAD, { wrk, warmSeconds: WARM_SECONDS, signal });
  })();
  const { requests, seconds, p50Ms, p99Ms, mostMs } = outcome;
  const folded = await countFolded(folder);
  if (folded < LEAST_FOLDED * LOAD.devices) {
    // A machine that is too slow for the load does not fold during it.
    reportSkipped("POST of telemetry during compaction", `only ${folded} readings were folded`);
    return [];
  }
  bench.details(
    `\nPOST of telemetry under a steady load of ${(requests / seconds).toFixed(0)} requests/s of ` +
      `${LOAD.devices} devices, while compaction\nfolds: ${folded} readings were folded when ` +
      "it ended.\n",
  );
  const figures = [p50Ms, p99Ms, mostMs].map((ms) => ms.toFixed(1));
  bench.details(table([
    ["wait", "requests", "p50 ms", "p99 ms", "most ms"],
    ["POST /telemetry", String(requests), ...figures],
  ]));
  return [{
    what: "POST of telemetry while series are folded, p99",
    ours: p99Ms,
    unit: "ms",
    as: "long",
    other: bench.alone ? null : await bareWait(bench, wrk),
    target: TARGETS.foldingLimit,
  }];
}

/** The same load on a bare server. */
async function bareWait(bench: Bench, wrk: string): Promise<Other> {
  await using server = await startBareServer(bench, "folding_bare");
  const { signal } = bench.options;
  const load = { ...LOAD, seconds: BARE_SECONDS };
  const { p99Ms } = await runLoad(server.url, load, { wrk, countStored: countBare, signal });
  return { name: "bare Deno.serve under the same load", value: p99Ms };
}
