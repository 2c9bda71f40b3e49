/**
 * A real S3 server: the object gateway of Ceph with a monitor and a store in memory, each a process
 * of the test. It checks signatures and digests. Requires `radosgw`, `ceph-mon` and `ceph-osd` of
 * Debian.
 *
 * @module
 */

import { pause } from "./process.ts";
import { accessKey, type S3Server } from "./s3_server.ts";
import { makeTempFolder } from "./temp_folder.ts";

const KEY = accessKey("AKTEST", "a-secret/for+tests-only");
const START_MS = 60_000;

/** Whether its programs are installed. */
export async function hasCeph(): Promise<boolean> {
  try {
    const versions = ["radosgw", "ceph-mon", "ceph-osd"].map((command) =>
      runOnce("", command, ["--version"])
    );
    await Promise.all(versions);
    return true;
  } catch {
    return false;
  }
}

/** Starts a cluster with one node and a gateway, in about ten seconds. Disposing deletes it. */
export async function startCeph(): Promise<S3Server> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  const ports = freePorts(3);
  const monitor = `[v2:127.0.0.1:${ports[0]},v1:127.0.0.1:${ports[1]}]`;
  await Deno.writeTextFile(`${folder.path}/ceph.conf`, configOf(folder.path, monitor, ports[2]));
  const run = (command: string, ...args: string[]) => runOnce(folder.path, command, args);
  const keep = (command: string, ...args: string[]) =>
    stack.use(started(folder.path, command, args));
  await Deno.mkdir(`${folder.path}/mon`);
  await Deno.mkdir(`${folder.path}/osd`);
  const map = `${folder.path}/monmap`;
  await run("monmaptool", "--create", "--addv", "a", monitor, "--fsid", FSID, map);
  await run("ceph-mon", "--mkfs", "-i", "a", "--monmap", map);
  keep("ceph-mon", "-i", "a", "-f");
  await run("ceph", "osd", "new", FSID);
  await run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", FSID);
  keep("ceph-osd", "-i", "0", "-f");
  const key = ["--access-key", KEY.accessKeyId, "--secret-key", KEY.secretAccessKey];
  await run("radosgw-admin", "user", "create", "--uid=test", "--display-name=test", ...key);
  keep("radosgw", "-f");
  const endpoint = `http://127.0.0.1:${ports[2]}`;
  await untilAnswers(endpoint);
  const owned = stack.move();
  return {
    access: { endpoint, region: "us-east-1", credentials: KEY },
    partBytes: 5_242_880,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const FSID = "11111111-2222-3333-4444-555555555555";

function configOf(folder: string, monitor: string, port: number): string {
  return `[global]
fsid = ${FSID}
mon host = ${monitor}
mon initial members = a
public network = 127.0.0.0/8
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
run dir = ${folder}
admin socket =
pid file =
log file = ${folder}/$name.log
mon data = ${folder}/mon
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd crush initial weight = 1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
mon data avail warn = 1
mon data avail crit = 1
rgw frontends = beast endpoint=127.0.0.1:${port}
`;
}

async function runOnce(folder: string, command: string, args: string[]): Promise<void> {
  const options = { args, env: envOf(folder), stdout: "null", stderr: "piped" } as const;
  const { success, stderr } = await new Deno.Command(command, options).output();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
}

/** Starts a daemon. Its log is in the folder. */
function started(folder: string, command: string, args: string[]): AsyncDisposable {
  const options = { args, env: envOf(folder), stdout: "null", stderr: "null" } as const;
  const child = new Deno.Command(command, options).spawn();
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

function envOf(folder: string): Record<string, string> {
  return { CEPH_CONF: `${folder}/ceph.conf` };
}

function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => {
    return Deno.listen({ hostname: "127.0.0.1", port: 0 });
  });
  const ports = listeners.map(({ addr }) => addr.port);
  listeners.forEach((listener) => listener.close());
  return ports;
}

async function untilAnswers(endpoint: string): Promise<void> {
  for (const endMs = Date.now() + START_MS; Date.now() < endMs;) {
    const isUp = await fetch(endpoint).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (isUp) return;
    await pause(100);
  }
  throw new Error(`No answer from ${endpoint} within ${START_MS} ms`);
}
