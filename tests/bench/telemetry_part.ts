/**
 * Telemetry of devices: how much is taken in, and how soon it is given back.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { createInstaller } from "./peer.ts";
import { findInPath } from "./program.ts";
import { tellSkipped } from "./skipped.ts";
import { measureBatches } from "./telemetry_batches.ts";
import { measureFolding } from "./telemetry_folding.ts";
import { measurePosts } from "./telemetry_posts.ts";
import { measureReads } from "./telemetry_reads.ts";

/** Measures it. What is sent is sent by wrk. */
export async function measureTelemetry(bench: Bench): Promise<Figure[]> {
  const installer = createInstaller(bench.options.signal);
  const wrk = await installer.require(() => findInPath("wrk"), "wrk").catch((error) => {
    tellSkipped("telemetry that is sent", error);
    return null;
  });
  const sent = wrk === null ? [] : [
    ...await measurePosts(bench, { wrk, installer }),
    ...await measureBatches(bench, wrk),
    ...await measureFolding(bench, wrk),
  ];
  return [...sent, ...await measureReads(bench)];
}
