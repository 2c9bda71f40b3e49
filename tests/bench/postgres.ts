/**
 * PostgreSQL as a peer.
 *
 * @module
 */

import type { Peer, PeerOptions } from "./peer.ts";
import { startPostgres } from "./postgres_cluster.ts";
import { exists } from "./program.ts";
import { type Contestant, timed } from "./race.ts";
import type { Session } from "./session.ts";
import { TARGETS } from "./targets.ts";
import { METRICS, YEAR_READINGS } from "./year.ts";

/** Starts a server and loads the year. */
export async function openPostgres(options: PeerOptions): Promise<Peer> {
  await using stack = new AsyncDisposableStack();
  const { folder, csvPath } = options;
  const { session, note } = stack.use(await startPostgres(options));
  const exportYear = await prepareExport(session, { folder, csvPath });
  const importYear = await prepareImport(session, csvPath);
  const owned = stack.move();
  return {
    note: `${note}; timestamptz, text, double precision; primary key (meter, ts); ` +
      "server-side COPY",
    exports: [exportYear],
    imports: [importYear],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function prepareExport(
  session: Session,
  { folder, csvPath }: { folder: string; csvPath: string },
): Promise<Contestant> {
  await session.run(createTable("readings"), copyFrom("readings", csvPath), "VACUUM ANALYZE;");
  const path = `${folder}/year.csv`;
  const time = `to_char(ts, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS timestamp`;
  const select = `SELECT ${time}, meter AS smart_meter_id, ${METRICS.join(", ")} FROM readings ` +
    "WHERE meter = '123' ORDER BY ts";
  return {
    name: "PostgreSQL: COPY TO, formatted times",
    path,
    target: TARGETS.postgresExport,
    async run() {
      if (await exists(path)) await Deno.remove(path);
      return await timed(() => session.run(`COPY (${select}) TO '${path}' CSV HEADER;`));
    },
  };
}

async function prepareImport(session: Session, csvPath: string): Promise<Contestant> {
  await session.run(createTable("imported"));
  return {
    name: "PostgreSQL: COPY FROM, primary key",
    path: null,
    target: TARGETS.postgresImport,
    async run() {
      await session.run("TRUNCATE imported;", "CHECKPOINT;");
      const ms = await timed(() => session.run(copyFrom("imported", csvPath)));
      const count = await session.run("SELECT count(*) FROM imported;");
      if (Number(count) !== YEAR_READINGS) throw new Error(`imported ${count} readings`);
      return ms;
    },
  };
}

function createTable(name: string): string {
  const metrics = METRICS.map((metric) => `${metric} double precision`).join(", ");
  return `CREATE TABLE ${name} (ts timestamptz, meter text, ${metrics}, PRIMARY KEY (meter, ts));`;
}

function copyFrom(table: string, csvPath: string): string {
  return `COPY ${table} FROM '${csvPath}' CSV HEADER;`;
}
