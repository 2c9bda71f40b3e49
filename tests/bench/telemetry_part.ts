/**
 * Measures telemetry of devices: how fast it is stored, and how fast it is read.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { createInstaller } from "./peer.ts";
import { findInPath } from "./program.ts";
import { reportSkipped } from "./skipped.ts";
import { measureBatches } from "./telemetry_batches.ts";
import { measureFolding } from "./telemetry_folding.ts";
import { measurePosts } from "./telemetry_posts.ts";
import { measureReads } from "./telemetry_reads.ts";

/** Runs the measurements. wrk is the client. */
export async function measureTelemetry(bench: Bench): Promise<Figure[]> {
  const installer = createInstaller(bench.options.signal);
  const wrk = await installer.require(() => findInPath("wrk"), "wrk").catch((error) => {
    reportSkipped("storing telemetry", error);
    return null;
  });
  const sent = wrk === null ? [] : [
    ...await measurePosts(bench, { wrk, installer }),
    ...await measureBatches(bench, wrk),
    ...await measureFolding(bench, wrk),
  ];
  return [...sent, ...await measureReads(bench)];
}
