/**
 * Measures the service within the limits of a container: how long it takes to start, and what 50,000
 * devices take that send a reading a minute.
 *
 * @module
 */

import { limitProcess, type Limits } from "../support/control_group.ts";
import { postJson } from "../support/service.ts";
import type { Bench } from "./bench.ts";
import { absolute, type Figure } from "./figure.ts";
import { startService } from "./service.ts";
import { reportSkipped } from "./skipped.ts";
import { median } from "./spread.ts";
import { TARGETS } from "./targets.ts";

const MIB = 1_048_576;
/** The limits of `k8s/`. */
const LIMITS: Limits = { memoryBytes: 512 * MIB, cores: 0.5 };
const STARTS = 3;
const DEVICES = 50_000;
/** Readings of a request, each of another device. */
const BATCH = 500;
/** Requests at the same time. */
const AT_ONCE = 4;
const ROUNDS = 4;
const ROUND_MS = 60_000;
/** How often the memory is read, milliseconds. */
const LOOK_MS = 200;

/** Measures starts and devices. Where no control group can be made, there is nothing to measure. */
export async function measureContainers(bench: Bench): Promise<Figure[]> {
  const folder = await bench.folder("containers");
  await using trial = await limitProcess(LIMITS);
  if (!trial.isEnforced) {
    reportSkipped("containers", "no control group can be made here");
    return [];
  }
  const startMs: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    startMs.push(await timeStart(`${folder}/start-${start}`));
  }
  const load = await sendReadings(`${folder}/devices`, bench.options.signal);
  bench.details(
    `\n${DEVICES} devices, a reading a minute each in bursts of ${BATCH}, for ${ROUNDS} minutes: ` +
      `${load.refused} of ${DEVICES * ROUNDS} readings refused; a minute's readings took ` +
      `${load.roundsS.map((seconds) => seconds.toFixed(0)).join(", ")} s.\n`,
  );
  return [
    absolute("start in 512 MiB and half a core", {
      ours: median(startMs) / 1_000,
      unit: "s",
      target: TARGETS.containerStart,
    }),
    absolute("memory of 50,000 devices at a reading a minute", {
      ours: load.peakBytes / MIB,
      unit: "MiB",
      target: TARGETS.containerMemory,
    }),
  ];
}

/** How long a start takes, from the command to the first answer, milliseconds. */
async function timeStart(folder: string): Promise<number> {
  await Deno.mkdir(folder);
  await using group = await limitProcess(LIMITS);
  const startedMs = performance.now();
  await using _service = await startService(folder, { demoData: false, prefix: group.prefix });
  return performance.now() - startedMs;
}

/** What devices took that sent for some minutes. */
interface Load {
  readonly peakBytes: number;
  readonly refused: number;
  readonly roundsS: readonly number[];
}

async function sendReadings(folder: string, signal: AbortSignal): Promise<Load> {
  await Deno.mkdir(folder);
  // The memory is what is measured: with half a core, a round would take longer than a minute.
  await using group = await limitProcess({ memoryBytes: LIMITS.memoryBytes });
  await using service = await startService(folder, { demoData: false, prefix: group.prefix });
  let peakBytes = 0;
  const look = setInterval(async () => {
    peakBytes = Math.max(peakBytes, await group.heldBytes() ?? 0);
  }, LOOK_MS);
  let refused = 0;
  const roundsS: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      signal.throwIfAborted();
      const startedMs = performance.now();
      let next = 0;
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        while (next < DEVICES) {
          const first = next;
          next += BATCH;
          refused += await postBatch(service.url, first);
        }
      }));
      const tookMs = performance.now() - startedMs;
      roundsS.push(tookMs / 1_000);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, ROUND_MS - tookMs)));
    }
  } finally {
    clearInterval(look);
  }
  return { peakBytes, refused, roundsS };
}

/** Sends a reading of each device of a batch; returns how many were refused. */
async function postBatch(url: string, first: number): Promise<number> {
  const timestamp = new Date().toISOString();
  const readings = Array.from({ length: BATCH }, (_, index) => ({
    device_id: `meter-${first + index}`,
    timestamp,
    metrics: { voltage: 229.8, current: 0.61, power: 131.5, temperature: 21 },
  }));
  const { status, body } = await postJson(`${url}/telemetry`, readings);
  return status === 201 ? 0 : body.rejected ?? BATCH;
}
