/**
 * How long a POST of telemetry takes while compaction folds.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";
import {
  type CountedLoad,
  countFolded,
  runLoad,
  startTelemetryService,
} from "./telemetry_service.ts";

/**
 * Some 2,000 requests a second, 20 a second of each device: a series is folded when it has 256
 * segments, so every 13 seconds. The first folds come while it warms up.
 */
const LOAD: CountedLoad = {
  devices: 100,
  readings: 1,
  connections: 64,
  pauseMs: 30,
  seconds: 20,
};
const WARM_SECONDS = 15;
/** Readings of a device that must lie in blocks on average: those of one fold. */
const LEAST_FOLDED = 256;

/** Measures it under a steady load, by the client's clock. */
export async function measureFolding(bench: Bench, wrk: string): Promise<Figure[]> {
  const folder = await bench.folder("folding");
  const { signal } = bench.options;
  const outcome = await (async () => {
    await using service = await startTelemetryService(folder);
    return await runLoad(service.url, LOAD, { wrk, warmSeconds: WARM_SECONDS, signal });
  })();
  const { requests, seconds, p50Ms, p99Ms, mostMs } = outcome;
  const folded = await countFolded(folder);
  if (folded < LEAST_FOLDED * LOAD.devices) throw new Error(`only ${folded} readings were folded`);
  console.log(
    `\nPOST of telemetry under a steady load of ${(requests / seconds).toFixed(0)} requests/s of ` +
      `${LOAD.devices} devices, while compaction\nfolds: ${folded} readings were folded when ` +
      "it ended.\n",
  );
  const figures = [p50Ms, p99Ms, mostMs].map((ms) => ms.toFixed(1));
  console.log(table([
    ["wait", "requests", "p50 ms", "p99 ms", "most ms"],
    ["POST /telemetry", String(requests), ...figures],
  ]));
  const what = "POST of telemetry while series are folded, p99";
  return [{ what, value: p99Ms, unit: "ms", target: TARGETS.telemetryFoldingMs }];
}
