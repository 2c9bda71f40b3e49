/**
 * Measures how far the service goes in each setup of `docs/scale.md`, within three minutes, and prints
 * the tables of that page: one process over a database file, several over KV Connect, and what follows
 * for Deno Deploy.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { DAY_MS, MINUTE_MS } from "../../data/limits.ts";
import { DEMO_FROM_MS } from "../../data/readings/demo_meter.ts";
import { hasKvServer } from "../support/kv_server.ts";
import type { Bench } from "./bench.ts";
import { coresUsed } from "./cpu_time.ts";
import type { Figure } from "./figure.ts";
import { createInstaller } from "./peer.ts";
import { findInPath } from "./program.ts";
import { jobsOverFile, jobsPerSecond } from "./remote_jobs.ts";
import { type RemoteRig, startRemote } from "./remote_rig.ts";
import { deployRows, type SetupFigures, setupRows, setupTable } from "./scale.ts";
import type { ServiceProcess } from "./service.ts";
import { reportSkipped } from "./skipped.ts";
import { type Load, sendLoad } from "./telemetry_load.ts";
import { startTelemetryService } from "./telemetry_service.ts";

/** What prints the tables. */
const COMMAND = "`deno task bench scale`";
const WARM_SECONDS = 2, SECONDS = 5;
const JOBS = 100;
/** How many processes share a database. */
const MORE = 3;
const MONTHS = 12;
/** Readings of the demo meter: a minute each, until the last midnight. */
const DEMO_READINGS = (Date.now() - Date.now() % DAY_MS - DEMO_FROM_MS) / MINUTE_MS;
/** What Deno Deploy is computed from, besides the bytes of a reading. */
const DEPLOY = { commitMs: 100, connections: 64, batch: 1_000, jobCommits: 3, jobsAtOnce: 4 };

/** A load, without what differs from process to process. */
type Sent = Pick<Load, "devices" | "readings" | "connections">;

const POSTS: Sent = { devices: 1_000, readings: 1, connections: 64 };
const FEW: Sent = { devices: 10, readings: 1_000, connections: 4 };
const MANY: Sent = { devices: 1_000, readings: 1_000, connections: 4 };
const REMOTE_POSTS: Sent = { devices: 100, readings: 1, connections: 32 };
const REMOTE_BATCHES: Sent = { devices: 100, readings: 100, connections: 4 };

/** Measures and prints. Has no figures with targets. */
export async function measureScale(bench: Bench): Promise<Figure[]> {
  const installer = createInstaller(bench.options.signal);
  const wrk = await installer.require(() => findInPath("wrk"), "wrk");
  bench.print(
    `OpenWatts ${config.version}, Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} ` +
      `processors, load ${Deno.loadavg()[0].toFixed(1)} at the beginning`,
  );
  const one = await measureOne(bench, wrk);
  bench.print(`\nOne process over a database file:\n\n${setupTable(setupRows(one), COMMAND)}`);
  if (await hasKvServer()) {
    await measureSeveral(bench, wrk, (name, figures) => {
      bench.print(`\n${name} over KV Connect:\n\n${setupTable(setupRows(figures), COMMAND)}`);
    });
  } else reportSkipped("processes over KV Connect", "denokv is not installed");
  const inputs = { ...DEPLOY, bytesPerReading: one.bytesPerReading ?? NaN };
  bench.print(`\nDeno Deploy, computed:\n\n${setupTable(deployRows(inputs), "computed")}`);
  return [];
}

async function measureOne(bench: Bench, wrk: string): Promise<SetupFigures> {
  const loaded = await bench.demoFolder("scale_loaded");
  const bytes = await databaseBytes(loaded, "kv.sqlite3");
  const fresh = async (name: string, sent: Sent) => {
    await using service = await startTelemetryService(await bench.folder(`scale_${name}`));
    return await rateOf([service], sent, { wrk, signal: bench.options.signal });
  };
  const posts = await fresh("posts", POSTS);
  return {
    postsPerSecond: posts.rate,
    postsLoad: loadText(POSTS),
    cores: posts.cores,
    serverCores: null,
    batches: {
      "1,000 of 10 devices": (await fresh("few", FEW)).rate,
      "1,000 of 1,000 devices": (await fresh("many", MANY)).rate,
    },
    jobsPerSecond: await jobsOverFile(bench, JOBS),
    bytesPerReading: bytes / DEMO_READINGS,
  };
}

/** One process, then more over the same database. */
async function measureSeveral(
  bench: Bench,
  wrk: string,
  show: (name: string, figures: SetupFigures) => void,
): Promise<void> {
  const { signal } = bench.options;
  await using rig = await startRemote(bench, "scale_remote");
  const services = [await rig.start({ demoData: true })];
  const bytesPerReading = await rig.databaseBytes() / DEMO_READINGS;
  for (const processes of [1, MORE]) {
    while (services.length < processes) services.push(await rig.start());
    const posts = await rateOf(services, REMOTE_POSTS, { wrk, rig, signal });
    const batches = await rateOf(services, REMOTE_BATCHES, { wrk, signal });
    show(processes === 1 ? "One process" : `${processes} processes`, {
      postsPerSecond: posts.rate,
      postsLoad: loadText(REMOTE_POSTS),
      cores: posts.cores,
      serverCores: posts.serverCores,
      batches: { "100 of 100 devices": batches.rate },
      jobsPerSecond: await jobsPerSecond(services.map(({ url }) => url), JOBS, signal),
      bytesPerReading: processes === 1 ? bytesPerReading : null,
    });
  }
}

/** Sends a load to processes, which share its connections: readings a second, and cores meanwhile. */
async function rateOf(
  services: readonly ServiceProcess[],
  sent: Sent,
  { wrk, rig, signal }: { wrk: string; rig?: RemoteRig; signal: AbortSignal },
): Promise<{ rate: number; cores: number | null; serverCores: number | null }> {
  const connections = Math.ceil(sent.connections / services.length);
  const send = (seconds: number, firstMonth: number) =>
    Promise.all(services.map(({ url }, at) => {
      // Each process, and each kind of load, has a month of its own.
      const kind = sent.readings > 1 ? 2 * services.length : 0;
      const month = 1 + (firstMonth + kind + at) % MONTHS;
      return sendLoad(wrk, url, { load: { ...sent, connections, seconds, month }, signal });
    }));
  await send(WARM_SECONDS, 0);
  let rate = NaN, serverCores: number | null = null;
  const run = async () => {
    const outcomes = await send(SECONDS, services.length);
    rate = outcomes.reduce((sum, { requests, seconds }) => sum + requests / seconds, 0);
  };
  const pids = services.map(({ pid }) => pid);
  const cores = await coresUsed(pids, async () => {
    if (rig === undefined) await run();
    else serverCores = await coresUsed([rig.server.pid], run);
  });
  return { rate: rate * sent.readings, cores, serverCores };
}

function loadText({ devices, connections }: Sent): string {
  return `${devices.toLocaleString("en-US")} devices, ${connections} connections`;
}

/** The bytes of a database and of the files beside it. */
async function databaseBytes(folder: string, name: string): Promise<number> {
  let bytes = 0;
  for await (const { name: file, isFile } of Deno.readDir(folder)) {
    if (isFile && file.startsWith(name)) bytes += (await Deno.stat(`${folder}/${file}`)).size;
  }
  return bytes;
}
