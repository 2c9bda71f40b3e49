/**
 * Telemetry in batches.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { race, type Standing } from "./race.ts";
import { median } from "./spread.ts";
import { standingsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { type CountedLoad, runLoad, startTelemetryService } from "./telemetry_service.ts";

/** Readings a batch. */
const READINGS = 1_000;
/** What a time in the table is of, readings. */
const COUNTED = 100_000;
const LOAD: Omit<CountedLoad, "devices"> = { readings: READINGS, connections: 4, seconds: 5 };
const WAYS = [
  { devices: 10, target: TARGETS.telemetryFewDevices },
  { devices: 1_000, target: TARGETS.telemetryManyDevices },
] as const;

/** Measures batches of few and of many devices, each by a process that has just begun. */
export async function measureBatches(bench: Bench, wrk: string): Promise<Figure[]> {
  const { options } = bench;
  const rate = { unit: "readings/s", perMs: COUNTED * 1000 };
  const figures: Figure[] = [];
  const standings: Standing[] = [];
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
    const [standing] = await race([{ name: `${devices} devices`, path: null, run }], options);
    standings.push(standing);
    figures.push({ what, value: rate.perMs / median(standing.runsMs), unit: rate.unit, target });
  }
  console.log(
    `\nTelemetry as NDJSON, ${READINGS} readings a request, ${LOAD.connections} connections of ` +
      `wrk: the time that ${COUNTED}\nreadings take. All are durable; afterwards they were ` +
      "counted.\n",
  );
  console.log(standingsTable(standings, { rate }));
  return figures;
}
