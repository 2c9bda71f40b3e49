/**
 * A KV Connect server, for tests of several instances over one database.
 *
 * @module
 */

import { type Environment, pause } from "./process.ts";

const TOKEN = "a-token-for-tests-only";

/** Whether the program is installed. */
export async function hasKvServer(): Promise<boolean> {
  try {
    return (await new Deno.Command("denokv", { args: ["--help"] }).output()).success;
  } catch {
    return false;
  }
}

/** A server. Disposing of it kills it. */
export interface KvServer extends AsyncDisposable {
  /** The settings with which an instance uses it. */
  readonly env: Environment;
  /** The id of its process. */
  readonly pid: number;
  /** Sends it a signal. */
  signal(name: Deno.Signal): void;
  /** Kills it and waits for its end. */
  kill(): Promise<void>;
  /** Starts it again at the same address, after it was killed. */
  restart(): Promise<void>;
}

/** Starts a server over `kv.db` in a folder and waits until it accepts connections. */
export async function startKvServer(folder: string): Promise<KvServer> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const addr = `127.0.0.1:${port}`;
  let child = await spawn(folder, addr, port);

  async function kill(): Promise<void> {
    child.kill("SIGKILL");
    await child.status;
  }

  return {
    env: { KV_PATH: `http://${addr}`, DENO_KV_ACCESS_TOKEN: TOKEN },
    get pid() {
      return child.pid;
    },
    signal: (name) => child.kill(name),
    kill,
    async restart() {
      child = await spawn(folder, addr, port);
    },
    [Symbol.asyncDispose]: () => kill().catch(() => {}),
  };
}

async function spawn(folder: string, addr: string, port: number): Promise<Deno.ChildProcess> {
  const child = new Deno.Command("denokv", {
    args: ["--sqlite-path", `${folder}/kv.db`, "serve", "--access-token", TOKEN, "--addr", addr],
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (let isUp = false; !isUp;) {
    await pause(50);
    isUp = await Deno.connect({ hostname: "127.0.0.1", port })
      .then((connection) => (connection.close(), true), () => false);
  }
  return child;
}
