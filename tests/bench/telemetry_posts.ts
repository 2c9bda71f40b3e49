/**
 * Measures telemetry with one reading per request, compared with FastAPI over PostgreSQL.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { type Fastapi, openFastapi } from "./fastapi.ts";
import type { Figure } from "./figure.ts";
import type { Installer } from "./peer.ts";
import { type Contestant, race, type RaceResult } from "./race.ts";
import { reportSkipped } from "./skipped.ts";
import { median } from "./spread.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import type { LoadOutcome } from "./telemetry_load.ts";
import { type CountedLoad, runLoad, startTelemetryService } from "./telemetry_service.ts";

const LOAD: CountedLoad = { devices: 1_000, readings: 1, connections: 64, seconds: 5 };
/** Requests that a time in the table stands for. */
const REQUESTS = 10_000;

/** Runs the measurement: each way with a process that has just started, while nothing else runs. */
export async function measurePosts(
  bench: Bench,
  { wrk, installer }: { wrk: string; installer: Installer },
): Promise<Figure[]> {
  const { options, folder } = bench;
  await using stack = new AsyncDisposableStack();
  const ways = [postToOurs(bench, wrk)];
  try {
    const { signal } = options;
    const fastapi = stack.use(await openFastapi({ folder, installer, signal }));
    console.log(fastapi.note);
    for (const workers of [1, 2]) ways.push(postToFastapi(fastapi, workers, { wrk, signal }));
  } catch (error) {
    reportSkipped("FastAPI", error);
  }
  const results = await race(ways, options);
  console.log(
    `\nTelemetry, one reading a request, ${LOAD.connections} connections of wrk, ` +
      `${LOAD.devices} devices: the time that ${REQUESTS} requests\ntake. Every answer is a ` +
      "durable 201; afterwards the readings were counted.\n",
  );
  const rate = { unit: "requests/s", perMs: REQUESTS * 1000 };
  console.log(resultsTable(results, { rate, ratio: "× ours" }));
  return figuresOf(results, rate.perMs);
}

function figuresOf([ours, ...peers]: readonly RaceResult[], perMs: number): Figure[] {
  const oursMs = median(ours.runsMs);
  const figures: Figure[] = [{
    what: "telemetry, one reading per request",
    value: perMs / oursMs,
    unit: "requests/s",
    target: TARGETS.telemetryPosts,
  }];
  if (peers.length === 0) return figures;
  const bestMs = Math.min(...peers.map(({ runsMs }) => median(runsMs)));
  const value = bestMs / oursMs;
  const what = "telemetry, time of the better FastAPI + PostgreSQL";
  return [...figures, { what, value, unit: "× ours", target: TARGETS.telemetryPeer }];
}

function postToOurs({ folder, options: { signal } }: Bench, wrk: string): Contestant {
  let runs = 0;
  return {
    name: "OpenWatts: POST /telemetry",
    path: null,
    async run() {
      await using service = await startTelemetryService(await folder(`posts-${++runs}`));
      return timeOf(await runLoad(service.url, LOAD, { wrk, signal }));
    },
  };
}

function postToFastapi(
  fastapi: Fastapi,
  workers: number,
  { wrk, signal }: { wrk: string; signal: AbortSignal },
): Contestant {
  return {
    name: `FastAPI + PostgreSQL, ${workers} uvicorn worker${workers > 1 ? "s" : ""}`,
    path: null,
    async run() {
      await using service = await fastapi.start(workers);
      const countStored = (_: string, { month }: { month: number }) => fastapi.countFrom(month);
      return timeOf(await runLoad(service.url, LOAD, { wrk, countStored, signal }));
    },
  };
}

function timeOf({ requests, seconds }: LoadOutcome): number {
  return seconds * 1000 * REQUESTS / requests;
}
