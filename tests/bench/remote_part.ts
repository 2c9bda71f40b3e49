/**
 * Measures one and several processes over one KV Connect server on this machine, next to bare commits
 * and a bare server over the same database.
 *
 * @module
 */

import { hasKvServer } from "../support/kv_server.ts";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { createInstaller } from "./peer.ts";
import { findInPath } from "./program.ts";
import { measureRemoteJobs } from "./remote_jobs.ts";
import { measureLonePosts } from "./remote_posts.ts";
import { loadAll, startBareRemote, startRemote } from "./remote_rig.ts";
import { reportSkipped } from "./skipped.ts";
import { TARGETS } from "./targets.ts";
import { countBare, type CountedLoad } from "./telemetry_service.ts";

const DEVICES = 100;
const POSTS: CountedLoad = { devices: DEVICES, readings: 1, connections: 32, seconds: 5 };
const BATCHES: CountedLoad = { devices: DEVICES, readings: 100, connections: 4, seconds: 5 };
/** How many processes share the load. */
const PROCESSES = 3;

/** Runs the measurements. */
export async function measureRemote(bench: Bench): Promise<Figure[]> {
  if (!await hasKvServer()) {
    reportSkipped("remote", "denokv is not installed");
    return [];
  }
  const lone = await measureLonePosts(bench);
  const installer = createInstaller(bench.options.signal);
  const wrk = await installer.require(() => findInPath("wrk"), "wrk").catch((error) => {
    reportSkipped("telemetry over KV Connect", error);
    return null;
  });
  const sent = wrk === null ? [] : await measureLoads(bench, wrk);
  return [...lone, ...sent, ...await measureRemoteJobs(bench)];
}

async function measureLoads(bench: Bench, wrk: string): Promise<Figure[]> {
  const { signal } = bench.options;
  const ours = async (name: string, load: CountedLoad, processes: number) => {
    await using rig = await startRemote(bench, name);
    const urls: string[] = [];
    for (let count = 0; count < processes; count++) urls.push((await rig.start()).url);
    return await loadAll(urls, load, { wrk, signal });
  };
  const bare = async (name: string, load: CountedLoad) => {
    if (bench.alone) return null;
    await using rig = await startRemote(bench, name);
    await using server = await startBareRemote(bench, rig, `${name}_folder`);
    const value = await loadAll([server.url], load, { wrk, countStored: countBare, signal });
    return { name: "bare Deno.serve over the same database", value };
  };
  const one = await ours("remote_one", POSTS, 1);
  const posts = "telemetry of 100 devices over KV Connect, 32 connections";
  return [
    {
      what: `${posts}, 1 process`,
      ours: one,
      unit: "requests/s",
      as: "fast",
      other: await bare("remote_bare", POSTS),
      target: TARGETS.remoteLimit,
    },
    {
      what: `${posts}, ${PROCESSES} processes`,
      ours: await ours("remote_three", POSTS, PROCESSES),
      unit: "requests/s",
      as: "fast",
      other: { name: "1 process", value: one },
      target: TARGETS.moreProcesses,
    },
    {
      what: "telemetry in batches of 100 of 100 devices over KV Connect",
      ours: await ours("remote_batches", BATCHES, 1),
      unit: "readings/s",
      as: "fast",
      other: await bare("remote_batches_bare", BATCHES),
      target: TARGETS.remoteLimit,
    },
  ];
}
