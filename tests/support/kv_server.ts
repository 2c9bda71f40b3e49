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
}

/** Starts a server over `kv.db` in a folder and waits until it accepts connections. */
export async function startKvServer(folder: string): Promise<KvServer> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const addr = `127.0.0.1:${port}`;
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
  return {
    env: { KV_PATH: `http://${addr}`, DENO_KV_ACCESS_TOKEN: TOKEN },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}
