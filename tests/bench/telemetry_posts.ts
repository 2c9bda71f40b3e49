/**
 * Measures telemetry with one reading per request, compared with FastAPI over PostgreSQL.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { type Fastapi, openFastapi } from "./fastapi.ts";
import type { Figure } from "./figure.ts";
import type { Installer } from "./peer.ts";
import { startBareServer } from "./limits.ts";
import { type Contestant, race } from "./race.ts";
import { raceFigures } from "./ratio.ts";
import { reportSkipped } from "./skipped.ts";
import { median } from "./spread.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import type { LoadOutcome } from "./telemetry_load.ts";
import {
  countBare,
  type CountedLoad,
  runLoad,
  startTelemetryService,
} from "./telemetry_service.ts";

const LOAD: CountedLoad = { devices: 1_000, readings: 1, connections: 64, seconds: 5 };
/** Requests that a time in the table stands for. */
const REQUESTS = 10_000;

/** Runs the measurement: each way with a process that has just started, while nothing else runs. */
export async function measurePosts(
  bench: Bench,
  { wrk, installer }: { wrk: string; installer: Installer },
): Promise<Figure[]> {
  const { options } = bench;
  await using stack = new AsyncDisposableStack();
  const ways = [postToOurs(bench, wrk)];
  if (!bench.alone) {
    ways.push(postToBare(bench, wrk), ...await fastapiWays(bench, { wrk, installer, stack }));
  }
  const results = await race(ways, options);
  bench.details(
    `\nTelemetry, one reading a request, ${LOAD.connections} connections of wrk, ` +
      `${LOAD.devices} devices: the time that ${REQUESTS} requests\ntake. Every answer is a ` +
      "durable 201; afterwards the readings were counted.\n",
  );
  const rate = { unit: "requests/s", perMs: REQUESTS * 1000 };
  bench.details(resultsTable(results, { rate, ratio: "× ours" }));
  const [ours, bare, ...peers] = results;
  // Of the processes of FastAPI, the better number counts.
  const [best] = peers.toSorted((one, other) => median(one.runsMs) - median(other.runsMs));
  const shown = [ours, bare, best].filter((result) => result !== undefined);
  return raceFigures("telemetry, one reading a request", shown, { rate });
}

/** FastAPI with one and with two processes; none where it cannot be had. */
async function fastapiWays(
  bench: Bench,
  { wrk, installer, stack }: { wrk: string; installer: Installer; stack: AsyncDisposableStack },
): Promise<Contestant[]> {
  const { options: { signal }, folder } = bench;
  try {
    const fastapi = stack.use(await openFastapi({ folder, installer, signal }));
    bench.details(fastapi.note);
    return [1, 2].map((workers) => postToFastapi(fastapi, workers, { wrk, signal }));
  } catch (error) {
    reportSkipped("FastAPI", error);
    return [];
  }
}

/** The limit: a server that parses the same JSON and commits one value for a group of requests. */
function postToBare(bench: Bench, wrk: string): Contestant {
  let runs = 0;
  return {
    name: "bare Deno.serve, one value a group",
    path: null,
    target: TARGETS.telemetryLimit,
    async run() {
      await using server = await startBareServer(bench, `posts-bare-${++runs}`);
      const { signal } = bench.options;
      return timeOf(await runLoad(server.url, LOAD, { wrk, countStored: countBare, signal }));
    },
  };
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
    target: TARGETS.telemetryPeer,
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
