/**
 * Processes of the service over one KV Connect server.
 *
 * @module
 */

import { type KvServer, startKvServer } from "../support/kv_server.ts";
import { startBareServer } from "./limits.ts";
import type { Bench } from "./bench.ts";
import { type ServiceProcess, startService } from "./service.ts";
import { type CountedLoad, countReadings, NO_RATE_LIMIT } from "./telemetry_service.ts";
import { type Load, requireStored, sendLoad } from "./telemetry_load.ts";

/** The first measured month of 2024, and that of the warm-up: each process has its own ones. */
const FIRST_MONTH = 7, WARM_MONTH = 1;
/** How long new processes are warmed up, seconds. */
const WARM_SECONDS = 2;

/** A server and its folder. Disposing of it ends the server and the processes. */
export interface RemoteRig extends AsyncDisposable {
  /** The server. */
  readonly server: KvServer;
  /** Starts one more process. The first one may load the demo data. With `preload`, that is loaded before it. */
  start(settings?: { demoData: boolean; preload?: string }): Promise<ServiceProcess>;
  /** The folder of the files of all processes. */
  readonly files: string;
  /** Opens the database from this process. */
  open(): Promise<Deno.Kv>;
  /** The bytes of the database. */
  databaseBytes(): Promise<number>;
}

/** Starts a server in a new folder. */
export async function startRemote(bench: Bench, name: string): Promise<RemoteRig> {
  const folder = await bench.folder(name);
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startKvServer(folder));
  const owned = stack.move();
  return {
    server,
    files: `${folder}/files`,
    async start(how = { demoData: false }) {
      const settings = { ...server.env, ...NO_RATE_LIMIT };
      return owned.use(await startService(folder, { ...how, settings }));
    },
    open() {
      // Deno reads the token from here alone.
      Deno.env.set("DENO_KV_ACCESS_TOKEN", server.env.DENO_KV_ACCESS_TOKEN);
      return Deno.openKv(server.env.KV_PATH);
    },
    async databaseBytes() {
      let bytes = 0;
      for await (const { name: file, isFile } of Deno.readDir(folder)) {
        if (isFile && file.startsWith("kv.db")) {
          bytes += (await Deno.stat(`${folder}/${file}`)).size;
        }
      }
      return bytes;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Starts a bare server over the database of a rig. */
export function startBareRemote(
  bench: Bench,
  { server: { env } }: RemoteRig,
  name: string,
): Promise<ServiceProcess> {
  return startBareServer(bench, name, { kvPath: env.KV_PATH, env });
}

/**
 * Sends a load to several processes at once, whose connections it shares out, and checks what is
 * stored. Returns readings a second of all.
 */
export async function loadAll(
  urls: readonly string[],
  wanted: CountedLoad,
  { wrk, countStored = countReadings, signal }: {
    wrk: string;
    countStored?: (url: string, load: Load) => Promise<number>;
    signal: AbortSignal;
  },
): Promise<number> {
  const connections = Math.ceil(wanted.connections / urls.length);
  const loads = (month: number, seconds: number): Load[] =>
    urls.map((_, at) => ({ ...wanted, connections, seconds, month: month + at }));
  const send = (all: readonly Load[]) =>
    Promise.all(all.map((load, at) => sendLoad(wrk, urls[at], { load, signal })));
  // One after the other: a process compares readings with those that it finds of the device when it begins,
  // if they are later.
  for (const [at, load] of loads(WARM_MONTH, WARM_SECONDS).entries()) {
    await sendLoad(wrk, urls[at], { load, signal });
  }
  const measured = loads(FIRST_MONTH, wanted.seconds);
  const outcomes = await send(measured);
  for (const [at, load] of measured.entries()) {
    requireStored(await countStored(urls[at], load), outcomes[at], load);
  }
  return outcomes.reduce((sum, { requests, seconds }) => sum + requests / seconds, 0) *
    wanted.readings;
}
