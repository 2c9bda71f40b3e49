/**
 * FastAPI with uvicorn and PostgreSQL as a peer, in a separate Python environment.
 *
 * @module
 */

import type { Installer } from "./peer.ts";
import { POSTGRES_ROLE, type PostgresCluster, startPostgres } from "./postgres_cluster.ts";
import { endProgram, findInPath, runProgram } from "./program.ts";

const PACKAGES = [
  "fastapi==0.165.0",
  "uvicorn==0.54.0",
  "uvloop==0.23.0",
  "httptools==0.9.0",
  "asyncpg==0.32.0",
];
/** How long it may take to start or stop, milliseconds. */
const PATIENCE_MS = 20_000;
const TABLE = "CREATE TABLE telemetry (device_id text, ts timestamptz, " +
  "soc_percent double precision, voltage_v double precision, current_a double precision, " +
  "temp_c double precision, PRIMARY KEY (device_id, ts));";

/** A database, and a way to start services over it. Disposing of it stops the database. */
export interface Fastapi extends AsyncDisposable {
  /** Versions and settings, a line below the table. */
  readonly note: string;
  /** Empties the table and starts a service on a free port. */
  start(workers: number): Promise<{ readonly url: string } & AsyncDisposable>;
  /** How many readings from a month of 2024 on are in the table. */
  countFrom(month: number): Promise<number>;
}

/** What it needs. */
export interface FastapiOptions {
  /** Creates an empty folder. */
  readonly folder: (name: string) => Promise<string>;
  /** Installs programs. */
  readonly installer: Installer;
  /** Aborts an installation. */
  readonly signal: AbortSignal;
}

/** Installs the packages, and starts a cluster with an empty table. */
export async function openFastapi(
  { folder, installer, signal }: FastapiOptions,
): Promise<Fastapi> {
  await using stack = new AsyncDisposableStack();
  const python = await findInPath("python3");
  if (python === null) throw new Error("python3 is not installed");
  const environment = `${await folder("python")}/venv`;
  await runProgram(python, { args: ["-m", "venv", environment], signal });
  const quiet = ["--quiet", "--disable-pip-version-check"];
  const args = ["-m", "pip", "install", ...quiet, ...PACKAGES];
  await runProgram(`${environment}/bin/python`, { args, signal });
  const socketFolder = await folder("telemetry_postgres");
  const cluster = stack.use(await startPostgres({ folder: socketFolder, installer, signal }));
  await cluster.session.run(TABLE);
  const owned = stack.move();
  return {
    note: `${PACKAGES.join(", ")} on uvloop; a pool of 16 connections a worker, a commit a ` +
      `request; ${cluster.note}`,
    start: (workers) =>
      startWorkers({ python: `${environment}/bin/python`, socketFolder }, {
        workers,
        cluster,
      }),
    async countFrom(month) {
      const since = `2024-${String(month).padStart(2, "0")}-01`;
      return Number(
        await cluster.session.run(`SELECT count(*) FROM telemetry WHERE ts >= '${since}';`),
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startWorkers(
  { python, socketFolder }: { python: string; socketFolder: string },
  { workers, cluster }: { workers: number; cluster: PostgresCluster },
): Promise<{ readonly url: string } & AsyncDisposable> {
  await cluster.session.run("TRUNCATE telemetry;", "CHECKPOINT;");
  const port = freePort();
  const how = ["--host", "127.0.0.1", "--port", String(port), "--workers", String(workers)];
  const quiet = ["--no-access-log", "--log-level", "error", "--loop", "uvloop"];
  const child = new Deno.Command(python, {
    args: ["-m", "uvicorn", "fastapi_service:app", ...how, ...quiet, "--http", "httptools"],
    cwd: new URL(".", import.meta.url),
    env: { PG_FOLDER: socketFolder, PG_ROLE: POSTGRES_ROLE, PYTHONDONTWRITEBYTECODE: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => endProgram(child, PATIENCE_MS));
  const url = `http://127.0.0.1:${port}`;
  await waitForHealth(url);
  const owned = stack.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  // A TCP listener has an address with a port.
  return (listener.addr as Deno.NetAddr).port;
}

async function waitForHealth(url: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endMs) {
    const response = await fetch(`${url}/health`).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the service was not up after ${PATIENCE_MS} ms`);
}
