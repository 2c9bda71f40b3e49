/**
 * Measures telemetry in batches.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { race, type RaceResult } from "./race.ts";
import { median } from "./spread.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { type CountedLoad, runLoad, startTelemetryService } from "./telemetry_service.ts";

/** Readings per batch. */
const READINGS = 1_000;
/** Readings that a time in the table stands for. */
const COUNTED = 100_000;
const LOAD: Omit<CountedLoad, "devices"> = { readings: READINGS, connections: 4, seconds: 5 };
const WAYS = [
  { devices: 10, target: TARGETS.telemetryFewDevices },
  { devices: 1_000, target: TARGETS.telemetryManyDevices },
] as const;

/** Measures batches of few and of many devices, each with a process that has just started. */
export async function measureBatches(bench: Bench, wrk: string): Promise<Figure[]> {
  const { options } = bench;
  const rate = { unit: "readings/s", perMs: COUNTED * 1000 };
  const figures: Figure[] = [];
  const results: RaceResult[] = [];
  for (const { devices, target } of WAYS) {
    let runs = 0;
    const what = `telemetry, batches of ${READINGS} of ${devices} devices`;
    const run = async () => {
      const folder = await bench.folder(`batches-${devices}-${++runs}`);
      await using service = await startTelemetryService(folder);
      const load = { ...LOAD, devices };
      const { requests, seconds } = await runLoad(service.url, load, { wrk, ...options });
      return seconds * 1000 * COUNTED / (requests * READINGS);
    };
    const [result] = await race([{ name: `${devices} devices`, path: null, run }], options);
    results.push(result);
    figures.push({ what, value: rate.perMs / median(result.runsMs), unit: rate.unit, target });
  }
  console.log(
    `\nTelemetry as NDJSON, ${READINGS} readings a request, ${LOAD.connections} connections of ` +
      `wrk: the time that ${COUNTED}\nreadings take. All are durable; afterwards they were ` +
      "counted.\n",
  );
  console.log(resultsTable(results, { rate }));
  return figures;
}
