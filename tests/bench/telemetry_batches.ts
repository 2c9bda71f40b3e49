/**
 * Measures telemetry in batches.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { startBareServer } from "./limits.ts";
import { type Contestant, race, type RaceResult } from "./race.ts";
import { raceFigures } from "./ratio.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import {
  countBare,
  type CountedLoad,
  runLoad,
  startTelemetryService,
} from "./telemetry_service.ts";

/** Readings per batch. */
const READINGS = 1_000;
/** Readings that a time in the table stands for. */
const COUNTED = 100_000;
const LOAD: Omit<CountedLoad, "devices"> = { readings: READINGS, connections: 4, seconds: 5 };
const FEW = 10, MANY = 1_000;
const RATE = { unit: "readings/s", perMs: COUNTED * 1000 };

/** Measures batches of few and of many devices, each with a process that has just started. */
export async function measureBatches(bench: Bench, wrk: string): Promise<Figure[]> {
  const ways = [
    batchesToOurs(bench, wrk, FEW),
    batchesToOurs(bench, wrk, MANY),
    ...(bench.alone ? [] : [batchesToBare(bench, wrk)]),
  ];
  const results = await race(ways, bench.options);
  bench.details(
    `\nTelemetry as NDJSON, ${READINGS} readings a request, ${LOAD.connections} connections of ` +
      `wrk: the time that ${COUNTED}\nreadings take. All are durable; afterwards they were ` +
      "counted.\n",
  );
  bench.details(resultsTable(results, { rate: RATE }));
  const [few, many, ...limit] = results;
  return [
    ...raceFigures(whatOf(FEW), [few, ...limit], { rate: RATE }),
    ...raceFigures(whatOf(MANY), [many, named(few)], { rate: RATE }),
  ];
}

function whatOf(devices: number): string {
  return `telemetry, batches of ${READINGS} of ${devices} devices`;
}

/** Few devices as what many are compared with. */
function named(few: RaceResult): RaceResult {
  const contestant = { ...few.contestant, name: `${FEW} devices`, target: TARGETS.manyDevices };
  return { ...few, contestant };
}

function batchesToOurs(bench: Bench, wrk: string, devices: number): Contestant {
  let runs = 0;
  return {
    name: `${devices} devices`,
    path: null,
    async run() {
      const folder = await bench.folder(`batches-${devices}-${++runs}`);
      await using service = await startTelemetryService(folder);
      return timeOf(await runLoad(service.url, { ...LOAD, devices }, { wrk, ...bench.options }));
    },
  };
}

function batchesToBare(bench: Bench, wrk: string): Contestant {
  let runs = 0;
  return {
    name: "bare Deno.serve, one value a group",
    path: null,
    target: TARGETS.batchesLimit,
    async run() {
      await using server = await startBareServer(bench, `batches-bare-${++runs}`);
      const { signal } = bench.options;
      const load = { ...LOAD, devices: FEW };
      return timeOf(await runLoad(server.url, load, { wrk, countStored: countBare, signal }));
    },
  };
}

function timeOf({ requests, seconds }: { requests: number; seconds: number }): number {
  return seconds * 1000 * COUNTED / (requests * READINGS);
}
