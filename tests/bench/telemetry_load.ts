/**
 * A client that sends telemetry as fast as the service accepts it, or at a steady rate: wrk, a
 * separate process that needs little of the machine.
 *
 * @module
 */

import { z } from "zod";
import { runProgram } from "./program.ts";

/** An answer that takes longer counts as failed, seconds. The default of wrk is 2. */
const TIMEOUT_SECONDS = 20;

/** What is sent (`telemetry_load.lua`). No two readings have the same device and time. */
export interface Load {
  /** The month of 2024 in which the readings begin. */
  readonly month: number;
  /** How many devices take turns. */
  readonly devices: number;
  /** Readings per request; if more than 1, as NDJSON. */
  readonly readings: number;
  /** Average pause of a connection after an answer, milliseconds; none by default. */
  readonly pauseMs?: number;
  /** Connections, each with one request at a time. */
  readonly connections: number;
  /** For how long, seconds. */
  readonly seconds: number;
}

const outcome = z.object({
  requests: z.int(),
  failed: z.int(),
  seconds: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  mostMs: z.number(),
});

/** The result: how many requests were answered, and how long the answers took. */
export type LoadOutcome = z.infer<typeof outcome>;

/**
 * Sends a load to `URL/telemetry`.
 *
 * @throws {Error} when a request failed or was refused.
 */
export async function sendLoad(
  wrk: string,
  url: string,
  { load, signal }: { load: Load; signal: AbortSignal },
): Promise<LoadOutcome> {
  const { month, devices, readings, pauseMs = 0, connections, seconds } = load;
  const script = new URL("telemetry_load.lua", import.meta.url).pathname;
  const time = [`-d${seconds}s`, "--timeout", `${TIMEOUT_SECONDS}s`];
  const how = ["-t1", `-c${connections}`, ...time, "-s", script];
  const what = [month, devices, readings, pauseMs].map(String);
  const told = await runProgram(wrk, {
    args: [...how, `${url}/telemetry`, "--", ...what],
    signal,
  });
  const result = outcome.parse(JSON.parse(told.slice(told.lastIndexOf("\n") + 1)));
  if (result.failed === 0) return result;
  throw new Error(`${result.failed} of ${result.requests} requests failed`);
}

/**
 * Checks that at least as many readings are stored as were answered, and no more than were sent:
 * when wrk stops, each connection may have one request in progress.
 *
 * @throws {Error} when the number is wrong.
 */
export function requireStored(
  stored: number,
  { requests }: LoadOutcome,
  { readings, connections }: Load,
): void {
  const least = requests * readings, most = (requests + connections) * readings;
  if (least <= stored && stored <= most) return;
  throw new Error(`${stored} readings are stored, not ${least} to ${most}`);
}
