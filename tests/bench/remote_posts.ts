/**
 * Measures a lone POST of telemetry over KV Connect, next to a bare commit over the same connection.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { askJson } from "./export_client.ts";
import type { Figure } from "./figure.ts";
import { timeCommits } from "./limits.ts";
import { timed } from "./race.ts";
import { startRemote } from "./remote_rig.ts";
import { median } from "./spread.ts";
import { TARGETS } from "./targets.ts";

/** Requests, and commits, of a turn. */
const COUNT = 20;
const FIRST_MS = Date.UTC(2024, 2, 1);

/** Sends one request after the other, in turns with commits. The first turns warm up. */
export async function measureLonePosts(bench: Bench): Promise<Figure[]> {
  await using rig = await startRemote(bench, "remote_lone");
  const { url } = await rig.start();
  using kv = await rig.open();
  const postMs: number[] = [], commitMs: number[] = [];
  for (let turn = 0; turn <= bench.options.repeats; turn++) {
    bench.options.signal.throwIfAborted();
    const posts = await timePosts(url, turn * COUNT);
    const commits = bench.alone ? [] : await timeCommits(kv, COUNT);
    if (turn === 0) continue;
    postMs.push(...posts);
    commitMs.push(...commits);
  }
  return [{
    what: "lone POST of telemetry over KV Connect, p50",
    ours: median(postMs),
    unit: "ms",
    as: "long",
    other: bench.alone ? null : { name: "bare atomic commit", value: median(commitMs) },
    target: TARGETS.lonePost,
  }];
}

async function timePosts(url: string, first: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let number = first; number < first + COUNT; number++) {
    const body = JSON.stringify({
      device_id: "lone",
      timestamp: new Date(FIRST_MS + number * 1_000).toISOString(),
      metrics: { soc_percent: 50, voltage_v: 300, current_a: 1, temp_c: 20 },
    });
    const headers = { "content-type": "application/json" };
    tookMs.push(
      await timed(() => askJson(`${url}/telemetry`, { method: "POST", headers, body })),
    );
  }
  return tookMs;
}
