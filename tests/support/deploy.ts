/**
 * Imitates Deno Deploy as its documents describe it, for tests: instances are processes that a request
 * starts and that stop soon after the last one. They share a database without queues and nothing else:
 * each has a disk of its own, which is wiped with it.
 *
 * A request that is open keeps no instance alive. Only a request that arrives, or a byte that is sent,
 * does, and a cron that runs. That is the strictest reading of the documents.
 *
 * @module
 */

import type { KvServer } from "./kv_server.ts";
import type { Environment } from "./process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const CRON = new URL("deploy_cron.ts", import.meta.url).pathname;
/** An instance stops so long after its last sign of use, milliseconds: the least of the documents. */
const IDLE_MS = 5_000;
/** It is killed so long after SIGINT, milliseconds. */
const GRACE_MS = 5_000;
/** The version of Deno that the documents name. */
const DENO = "deno@2.5.0";

/** What to imitate. */
export interface DeployOptions {
  /** The database that is assigned to the app. */
  readonly kv: KvServer;
  /** The variables that the user sets. */
  readonly env: Environment;
  /** Regions; requests come from all of them in turn. Each has at most one instance. */
  readonly regions?: number;
  /** The program that runs `main.ts`; by default, {@link findPlatformDeno}. */
  readonly deno?: string;
}

/** An app that is deployed. Disposing of it kills all instances. */
export interface Deployment extends AsyncDisposable {
  /** Where its users find it. */
  readonly url: string;
  /** Runs its crons in some instance, which is started if there is none. */
  cron(): Promise<void>;
  /** Kills an instance, or asks it to stop as the platform does. False if there is none. */
  evict(signal: "SIGKILL" | "SIGINT"): boolean;
  /** Stops all instances as the platform does, and waits for their end. */
  stopAll(): Promise<void>;
  /** How many instances were started so far, and how many run now. */
  count(): { readonly started: number; readonly running: number };
  /** How many instances did not stop by themselves within 5 s of SIGINT. */
  late(): number;
  /** The output of all instances so far. */
  output(): string;
}

/** The path of the Deno that the platform runs. */
export async function findPlatformDeno(): Promise<string> {
  const { stdout } = await new Deno.Command("npx", {
    args: ["-y", DENO, "eval", "console.log(Deno.execPath())"],
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** An instance. */
interface Instance {
  readonly url: string;
  readonly child: Deno.ChildProcess;
  readonly ended: Promise<void>;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  usedMs: number;
  crons: number;
  isLeaving: boolean;
}

/** Deploys the app. No instance runs before the first request. */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { regions = 2 } = options;
  const deno = options.deno ?? await findPlatformDeno();
  const instances = new Map<number, Promise<Instance>>();
  const running = new Set<Instance>();
  let started = 0, late = 0, nextRegion = 0, output = "";
  let onCronEnded = () => {};

  function say(text: string): void {
    output += text;
    if (text.includes("crons ended")) onCronEnded();
  }

  /** The instance of a region, which is started if there is none. */
  function instanceOf(region: number): Promise<Instance> {
    const found = instances.get(region);
    if (found !== undefined) return found;
    started++;
    const starting = startInstance(deno, { ...options, say, isRunning: (one) => running.add(one) });
    instances.set(region, starting);
    const leave = () => {
      if (instances.get(region) === starting) instances.delete(region);
    };
    starting.then((instance) => {
      instance.ended.then(() => {
        running.delete(instance);
        leave();
      });
    }, leave);
    return starting;
  }

  /** Takes an instance out of the traffic, then asks it to stop, then kills it. */
  async function stop(instance: Instance): Promise<void> {
    if (!instance.isLeaving) {
      instance.isLeaving = true;
      for (const [region, one] of instances) {
        if (await one.catch(() => null) === instance) instances.delete(region);
      }
      kill(instance, "SIGINT");
    }
    const killing = setTimeout(() => {
      late++;
      kill(instance, "SIGKILL");
    }, GRACE_MS);
    await instance.ended.finally(() => clearTimeout(killing));
  }

  const timer = setInterval(() => {
    for (const instance of running) {
      const isIdle = instance.crons === 0 && performance.now() - instance.usedMs > IDLE_MS;
      if (isIdle && !instance.isLeaving) stop(instance);
    }
  }, 100);

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const region = nextRegion++ % regions;
    return pass(request, () => instanceOf(region));
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async cron() {
      const instance = await instanceOf(0);
      instance.crons++;
      const ended = new Promise<void>((resolve) => onCronEnded = resolve);
      await instance.writer.write(new TextEncoder().encode("run\n")).catch(() => {});
      await Promise.race([ended, instance.ended]);
      instance.crons--;
      instance.usedMs = performance.now();
    },
    evict(signal) {
      const [instance] = [...running].filter((one) => !one.isLeaving);
      if (instance === undefined) return false;
      if (signal === "SIGINT") stop(instance);
      else kill(instance, "SIGKILL");
      return true;
    },
    async stopAll() {
      await Promise.all([...running].map(stop));
    },
    count: () => ({ started, running: running.size }),
    late: () => late,
    output: () => output,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await server.shutdown();
      for (const instance of running) kill(instance, "SIGKILL");
      await Promise.all([...running].map(({ ended }) => ended));
    },
  };
}

/** Passes a request to an instance. 502 if it does not start, or dies before it answers. */
async function pass(request: Request, find: () => Promise<Instance>): Promise<Response> {
  const body = request.body === null ? null : await request.bytes();
  try {
    const instance = await find();
    instance.usedMs = performance.now();
    const url = new URL(request.url);
    const asked = new Headers(request.headers);
    // Or `fetch` would unpack the answer, which would still say that it is packed.
    asked.set("accept-encoding", "identity");
    const { status, headers, body: answer } = await fetch(
      `${instance.url}${url.pathname}${url.search}`,
      { method: request.method, headers: asked, body, redirect: "manual" },
    );
    instance.usedMs = performance.now();
    const counted = answer?.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          instance.usedMs = performance.now();
          controller.enqueue(chunk);
        },
      }),
    );
    return new Response(counted ?? null, { status, headers });
  } catch (error) {
    return new Response(`bad gateway: ${error}`, { status: 502 });
  }
}

/** Starts an instance and waits until it listens. Its disk is wiped when it ends. */
async function startInstance(
  deno: string,
  { kv, env, say, isRunning }: DeployOptions & {
    say: (text: string) => void;
    isRunning: (instance: Instance) => void;
  },
): Promise<Instance> {
  const disk = await Deno.makeTempDir({ prefix: "openwatts_deploy_" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { DENO_DIR = `${Deno.env.get("HOME")}/.cache/deno`, PATH = "" } = Deno.env.toObject();
  const child = new Deno.Command(deno, {
    // The platform grants everything and passes no flags; only the imitated cron is added.
    args: ["run", "--allow-all", "--preload", CRON, MAIN],
    cwd: disk,
    clearEnv: true,
    env: {
      PATH,
      DENO_DIR,
      HOME: disk,
      TMPDIR: disk,
      NO_COLOR: "1",
      DENO_TLS_CA_STORE: "system",
      DENO_DEPLOY: "true",
      DENO_DEPLOYMENT_ID: "imitated",
      DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
      DENO_KV_DEFAULT_PATH: kv.env.KV_PATH,
      DENO_KV_ACCESS_TOKEN: kv.env.DENO_KV_ACCESS_TOKEN,
      ...env,
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { promise: up, resolve: onUp } = Promise.withResolvers<boolean>();
  const drained = [child.stdout, child.stderr].map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      say(text);
      if (text.includes("listens on")) onUp(true);
    }
  });
  const writer = child.stdin.getWriter();
  const ended = child.status.then(async () => {
    onUp(false);
    writer.abort().catch(() => {});
    await Promise.all(drained);
    await Deno.remove(disk, { recursive: true });
  });
  const usedMs = performance.now();
  const url = `http://127.0.0.1:${port}`;
  const instance = { url, child, ended, writer, usedMs, crons: 0, isLeaving: false };
  if (!await up) {
    await ended;
    throw new Error("The instance did not start");
  }
  instance.usedMs = performance.now();
  isRunning(instance);
  return instance;
}

function kill({ child }: Instance, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch { /* It has ended. */ }
}
