/**
 * A real InfluxDB 1.x on loopback, for tests.
 *
 * @module
 */

import { endProgram, exists, findInPath } from "../bench/program.ts";
import { pause } from "./process.ts";

/** A server. Disposing stops it. */
export interface Influxd extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Runs a statement. */
  run(statement: string): Promise<void>;
  /** Writes lines of the line protocol, with times in milliseconds. */
  write(database: string, lines: readonly string[]): Promise<void>;
}

/** Whether InfluxDB is installed. */
export async function hasInfluxd(): Promise<boolean> {
  return await findInPath("influxd") !== null || await exists("/usr/sbin/influxd");
}

/** Starts a server whose files are in a folder. */
export async function startInfluxd(folder: string): Promise<Influxd> {
  const [port, backupPort] = [freePort(), freePort()];
  const config = `reporting-disabled = true
bind-address = "127.0.0.1:${backupPort}"
[meta]
dir = "${folder}/meta"
[data]
dir = "${folder}/data"
wal-dir = "${folder}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:${port}"
log-enabled = false
`;
  await Deno.writeTextFile(`${folder}/influxdb.conf`, config);
  const child = new Deno.Command("influxd", {
    args: ["-config", `${folder}/influxdb.conf`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  await untilUp(url, child);
  return {
    url,
    run: (statement) => post(`${url}/query`, new URLSearchParams({ q: statement })),
    write: (database, lines) =>
      post(`${url}/write?db=${database}&precision=ms`, `${lines.join("\n")}\n`),
    [Symbol.asyncDispose]: () => endProgram(child, 10_000),
  };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function untilUp(url: string, child: Deno.ChildProcess): Promise<void> {
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  for (;;) {
    if (hasEnded) throw new Error("influxd ended before it was up");
    const isUp = await fetch(`${url}/ping`).then((response) => response.ok, () => false);
    if (isUp) return;
    await pause(50);
  }
}

async function post(url: string, body: BodyInit): Promise<void> {
  const response = await fetch(url, { method: "POST", body });
  const text = await response.text();
  if (!response.ok || text.includes('"error"')) throw new Error(`influxd: ${text}`);
}
