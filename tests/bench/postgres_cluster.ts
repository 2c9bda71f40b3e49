/**
 * A separate PostgreSQL cluster in a folder, reachable over a Unix socket in it.
 *
 * @module
 */

import type { Installer } from "./peer.ts";
import { exists, findInPath, runProgram } from "./program.ts";
import { openSession, type Session } from "./session.ts";

/** Where Debian has the programs, one folder per version. */
const DEBIAN_FOLDER = "/usr/lib/postgresql";
/** Fair settings. Autovacuum and checkpoints do not run during measurements, in its favour. */
const SETTINGS = {
  shared_buffers: "512MB",
  work_mem: "64MB",
  max_wal_size: "4GB",
  checkpoint_timeout: "30min",
  autovacuum: "off",
  jit: "off",
  timezone: "UTC",
};
/** How long the server may take to start or stop, milliseconds. */
const PATIENCE_MS = 15_000;

/** The superuser role, without a password. */
export const POSTGRES_ROLE = "bench";

/** A running cluster. Disposing of it stops it. Its folder belongs to the caller. */
export interface PostgresCluster extends AsyncDisposable {
  /** A connected psql. */
  readonly session: Session;
  /** Version and settings, a line below the table. */
  readonly note: string;
}

/** What a cluster needs. */
export interface PostgresOptions {
  /** An empty folder, which also gets the socket. */
  readonly folder: string;
  /** Installs programs. */
  readonly installer: Installer;
  /** Aborts an installation. */
  readonly signal: AbortSignal;
}

/** Creates a cluster and starts its server. */
export async function startPostgres(
  { folder, installer, signal }: PostgresOptions,
): Promise<PostgresCluster> {
  await using stack = new AsyncDisposableStack();
  const bin = await installer.require(findPrograms, "postgresql");
  const user = Deno.uid() === 0 ? await givenTo("postgres", folder, signal) : [];
  const data = `${folder}/data`;
  const initdb = [`${bin}/initdb`, "-D", data, "-U", POSTGRES_ROLE, "-A", "trust", "-E", "UTF8"];
  const [first, ...rest] = [...user, ...initdb, "--no-locale"];
  await runProgram(first, { args: rest, signal, cwd: folder });
  stack.use(startServer([...user, `${bin}/postgres`], folder));
  await waitForSocket(folder);
  const args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder];
  const session = stack.use(openSession({
    program: `${bin}/psql`,
    args: [...args, "-U", POSTGRES_ROLE, "postgres"],
    cwd: folder,
    printCommand: (word) => `\\echo ${word}`,
  }));
  const version = await session.run("SHOW server_version;");
  const set = Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`).join(" ");
  const owned = stack.move();
  return {
    session,
    note: `PostgreSQL ${version.split(" ")[0]}: own cluster, fsync and synchronous_commit on, ` +
      set,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The folder with initdb, postgres and psql. */
async function findPrograms(): Promise<string | null> {
  const folders: string[] = [];
  if (await exists(DEBIAN_FOLDER)) {
    const versions = [...Deno.readDirSync(DEBIAN_FOLDER)].map(({ name }) => name);
    versions.sort((a, b) => Number(b) - Number(a));
    folders.push(...versions.map((version) => `${DEBIAN_FOLDER}/${version}/bin`));
  }
  const inPath = await findInPath("initdb");
  if (inPath !== null) folders.push(inPath.slice(0, inPath.lastIndexOf("/")));
  for (const folder of folders) {
    const programs = ["initdb", "postgres", "psql"].map((name) => exists(`${folder}/${name}`));
    if ((await Promise.all(programs)).every(Boolean)) return folder;
  }
  return null;
}

/** Gives a folder to a user. Returns a command prefix for that user, as the server refuses root. */
async function givenTo(user: string, folder: string, signal: AbortSignal): Promise<string[]> {
  await runProgram("chown", { args: [`${user}:`, folder], signal });
  const setpriv = await findInPath("setpriv");
  if (setpriv === null) throw new Error("there is no setpriv to leave root with");
  return [setpriv, `--reuid=${user}`, `--regid=${user}`, "--init-groups"];
}

function startServer([program, ...args]: string[], folder: string): AsyncDisposable {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = new Deno.Command(program, {
    args: [...args, "-D", `${folder}/data`, "-k", folder, "-c", "listen_addresses=", ...settings],
    cwd: folder,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", LC_ALL: "C" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let hasEnded = false;
  const ended = child.status.then(() => hasEnded = true);
  return {
    async [Symbol.asyncDispose]() {
      // SIGINT requests a fast shutdown, SIGQUIT an immediate one.
      if (!hasEnded) child.kill("SIGINT");
      const timer = setTimeout(() => child.kill("SIGQUIT"), PATIENCE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Waits until line 8 of `postmaster.pid` says that the server is ready. */
async function waitForSocket(folder: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endMs) {
    const lines = await Deno.readTextFile(`${folder}/data/postmaster.pid`).catch(() => "");
    if (lines.split("\n")[7]?.trim() === "ready") return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the server was not ready after ${PATIENCE_MS} ms`);
}
