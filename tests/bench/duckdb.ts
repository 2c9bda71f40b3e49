/**
 * DuckDB as a peer: its npm package under node, because its addon does not load in Deno.
 *
 * @module
 */

import type { Peer, PeerOptions } from "./peer.ts";
import { exists, findInPath, runProgram } from "./program.ts";
import { type Contestant, timed } from "./race.ts";
import { openSession, type Session } from "./session.ts";
import { TARGETS } from "./targets.ts";
import { METRICS } from "./year.ts";

const PACKAGE = "@duckdb/node-api";
const VERSION = "1.5.6-r.1";
/** The program for node: prints the word of a line `print WORD`, runs every other line as SQL. */
const SCRIPT = `
import { DuckDBInstance } from "${PACKAGE}";
import { createInterface } from "node:readline";

const instance = await DuckDBInstance.create("year.duckdb");
const connection = await instance.connect();
for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith("print ")) console.log(line.slice(6));
  else {
    const rows = await (await connection.runAndReadAll(line)).getRowsJson();
    if (line.startsWith("SELECT ")) console.log(rows[0][0]);
  }
}
connection.closeSync();
instance.closeSync();
`;

/** Installs the package into the folder, opens a database file and loads the year. */
export async function openDuckdb({ folder, csvPath, signal }: PeerOptions): Promise<Peer> {
  await using stack = new AsyncDisposableStack();
  const [node, npm] = await Promise.all([findInPath("node"), findInPath("npm")]);
  if (node === null || npm === null) throw new Error("there is no node or no npm");
  await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true }');
  await Deno.writeTextFile(`${folder}/session.mjs`, SCRIPT);
  const args = ["install", "--no-save", "--no-audit", "--no-fund", `${PACKAGE}@${VERSION}`];
  await runProgram(npm, { args: [...args, "--prefer-offline"], signal, cwd: folder });
  const session = stack.use(openSession({
    program: node,
    args: ["session.mjs"],
    cwd: folder,
    printCommand: (word) => `print ${word}`,
  }));
  const version = await session.run("SELECT version()");
  const metrics = METRICS.map((metric) => `${metric} DOUBLE`).join(", ");
  await session.run(
    `CREATE TABLE readings (ts TIMESTAMP, meter VARCHAR, ${metrics})`,
    `INSERT INTO readings SELECT * FROM read_csv('${csvPath}', all_varchar = true)`,
    "CHECKPOINT",
  );
  const path = `${folder}/year.csv`;
  const owned = stack.move();
  return {
    note: `DuckDB ${version} (${PACKAGE} ${VERSION} under node): database file, TIMESTAMP, ` +
      "VARCHAR, DOUBLE; no index, as it sorts faster than it would use one",
    exports: [
      exportYear(session, { path, threads: 1, order: "ORDER BY ts" }),
      exportYear(session, { path, threads: 2, order: "ORDER BY ts" }),
      exportYear(session, { path, threads: 2, order: "" }),
    ],
    formats: {
      "csv.gz": exportFormat(session, `${folder}/year.csv.gz`, "HEADER, COMPRESSION gzip"),
      "csv, 15m in Berlin": exportTotals(session, `${folder}/totals.csv`),
      ndjson: exportFormat(session, `${folder}/year.ndjson`, "FORMAT json"),
      json: exportFormat(session, `${folder}/year.json`, "FORMAT json, ARRAY true"),
      parquet: exportFormat(session, `${folder}/year.parquet`, "FORMAT parquet, CODEC snappy"),
      "parquet zstd": exportFormat(session, `${folder}/zstd.parquet`, "FORMAT parquet, CODEC zstd"),
    },
    imports: [],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Sorted, on two threads. Parquet has its own type of times; text formats need theirs as text. */
function exportFormat(session: Session, path: string, options: string): Contestant {
  const time = options.includes("parquet") ? "ts" : "strftime(ts, '%Y-%m-%dT%H:%M:%SZ')";
  const select = `SELECT ${time} AS timestamp, meter AS smart_meter_id, ${METRICS.join(", ")} ` +
    "FROM readings WHERE meter = '123' ORDER BY ts";
  return {
    name: `DuckDB, 2 threads: ${options}`,
    path,
    async run() {
      if (await exists(path)) await Deno.remove(path);
      await session.run("SET threads = 2");
      return await timed(() => session.run(`COPY (${select}) TO '${path}' (${options})`));
    },
  };
}

/** Totals of 15 minutes, as our export has them: the sum of energy, the mean of everything else. */
function exportTotals(session: Session, path: string): Contestant {
  const bucket = "time_bucket(INTERVAL 15 minutes, ts)";
  const time = `strftime(timezone('UTC', ${bucket}), '%Y-%m-%dT%H:%M:%S%z') AS timestamp`;
  const values = METRICS.map((metric) =>
    `${metric.startsWith("energy") ? "sum" : "avg"}(${metric}) AS ${metric}`
  );
  const select = `SELECT ${time}, '123' AS smart_meter_id, ${values.join(", ")}, ` +
    `count(*) / 15 AS completeness FROM readings WHERE meter = '123' GROUP BY ${bucket} ` +
    `ORDER BY ${bucket}`;
  return {
    name: "DuckDB, 2 threads: time_bucket",
    path,
    async run() {
      if (await exists(path)) await Deno.remove(path);
      await session.run("SET threads = 2", "SET TimeZone = 'Europe/Berlin'");
      return await timed(() => session.run(`COPY (${select}) TO '${path}' (HEADER)`));
    },
  };
}

function exportYear(
  session: Session,
  { path, threads, order }: { path: string; threads: number; order: string },
): Contestant {
  const time = "strftime(ts, '%Y-%m-%dT%H:%M:%SZ') AS timestamp";
  const select = `SELECT ${time}, meter AS smart_meter_id, ${METRICS.join(", ")} ` +
    `FROM readings WHERE meter = '123' ${order}`;
  const ordered = order === "" ? "as inserted, unsorted" : "sorted";
  return {
    name: `DuckDB: COPY TO, strftime, ${threads} thread${threads > 1 ? "s" : ""}, ${ordered}`,
    path,
    target: threads === 2 ? TARGETS.duckdbExport : undefined,
    async run() {
      if (await exists(path)) await Deno.remove(path);
      await session.run(`SET threads = ${threads}`);
      return await timed(() => session.run(`COPY (${select}) TO '${path}' (HEADER)`));
    },
  };
}
