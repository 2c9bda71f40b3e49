/**
 * Measures a lone POST of telemetry over KV Connect, next to a bare commit and a bare server over the same
 * database: in turns, one of each, so that all find the same server, file and background.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { askJson } from "./export_client.ts";
import type { Figure } from "./figure.ts";
import { timeCommits } from "./limits.ts";
import { timed } from "./race.ts";
import { startBareRemote, startRemote } from "./remote_rig.ts";
import { median } from "./spread.ts";
import { TARGETS } from "./targets.ts";

/** Requests of a repetition. */
const COUNT = 40;
/** Requests before the first one that counts. A service that has just started runs code that is not compiled. */
const WARM_COUNT = 400;
const FIRST_MS = Date.UTC(2024, 2, 1);

/** Sends one request after the other, in turns with commits. */
export async function measureLonePosts(bench: Bench): Promise<Figure[]> {
  await using rig = await startRemote(bench, "remote_lone");
  const { url } = await rig.start();
  await using bare = bench.alone ? null : await startBareRemote(bench, rig, "remote_lone_bare");
  using kv = await rig.open();
  const ours: number[] = [], bareMs: number[] = [], commits: number[] = [];
  for (let number = 0; number < WARM_COUNT + bench.options.repeats * COUNT; number++) {
    bench.options.signal.throwIfAborted();
    if (number === WARM_COUNT) { for (const times of [ours, bareMs, commits]) times.length = 0; }
    ours.push(await timePost(url, number));
    if (bare === null) continue;
    bareMs.push(await timePost(bare.url, number));
    commits.push(...await timeCommits(kv, 1));
  }
  const limit = bare === null ? null : { name: "bare atomic commit", value: median(commits) };
  const posts: Figure = {
    what: "lone POST of telemetry over KV Connect, p50",
    ours: median(ours),
    unit: "ms",
    as: "long",
    other: limit,
    target: TARGETS.lonePost,
  };
  const what = "the same to a bare Deno.serve over the same database";
  return bare === null ? [posts] : [posts, { ...posts, what, ours: median(bareMs), target: null }];
}

async function timePost(url: string, number: number): Promise<number> {
  const body = JSON.stringify({
    device_id: "lone",
    timestamp: new Date(FIRST_MS + number * 1_000).toISOString(),
    metrics: { soc_percent: 50, voltage_v: 300, current_a: 1, temp_c: 20 },
  });
  const request = { method: "POST", headers: { "content-type": "application/json" }, body };
  return await timed(() => askJson(`${url}/telemetry`, request));
}
