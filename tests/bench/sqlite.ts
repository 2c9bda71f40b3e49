/**
 * SQLite as a peer, through its command line program.
 *
 * @module
 */

import type { Peer, PeerOptions } from "./peer.ts";
import { exists, findInPath } from "./program.ts";
import { type Contestant, timed } from "./race.ts";
import { openSession, type Session } from "./session.ts";
import { TARGETS } from "./targets.ts";
import { METRICS, YEAR_READINGS } from "./year.ts";

/** Opens a database file and loads the year. */
export async function openSqlite({ folder, csvPath, installer }: PeerOptions): Promise<Peer> {
  await using stack = new AsyncDisposableStack();
  const program = await installer.require(() => findInPath("sqlite3"), "sqlite3");
  const session = stack.use(openSession({
    program,
    args: ["-batch", "-bail", "-init", "/dev/null", `${folder}/year.sqlite3`],
    cwd: folder,
    printCommand: (word) => `.print ${word}`,
  }));
  await session.run("PRAGMA journal_mode=WAL;", "PRAGMA synchronous=FULL;");
  const version = await session.run("SELECT sqlite_version();");
  const importYear = prepareImport(session, csvPath);
  await importYear.run();
  const exportYear = await prepareExport(session, folder);
  const owned = stack.move();
  return {
    note: `SQLite ${version}: WAL, synchronous=FULL; ts INTEGER (seconds; ISO text where ` +
      "imported), REAL metrics, WITHOUT ROWID, primary key (meter, ts)",
    exports: [exportYear],
    imports: [importYear],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function prepareExport(session: Session, folder: string): Promise<Contestant> {
  await session.run(
    createTable("readings", "INTEGER"),
    `INSERT INTO readings SELECT unixepoch(ts), meter, ${METRICS.join(", ")} FROM imported;`,
    "ANALYZE;",
    "PRAGMA wal_checkpoint(TRUNCATE);",
  );
  const path = `${folder}/year.csv`;
  const time = "strftime('%Y-%m-%dT%H:%M:%SZ', ts, 'unixepoch') AS timestamp";
  return {
    name: "sqlite3: .mode csv, strftime",
    path,
    target: TARGETS.sqliteExport,
    async run() {
      if (await exists(path)) await Deno.remove(path);
      return await timed(() =>
        session.run(
          ".mode csv",
          // By default its lines end in CRLF.
          '.separator "," "\\n"',
          ".headers on",
          `.output '${path}'`,
          `SELECT ${time}, meter AS smart_meter_id, ${METRICS.join(", ")} FROM readings ` +
            "WHERE meter = '123' ORDER BY ts;",
          ".output stdout",
          ".headers off",
        )
      );
    },
  };
}

function prepareImport(session: Session, csvPath: string): Contestant {
  return {
    name: "sqlite3: .import, primary key",
    path: null,
    async run() {
      await session.run("DROP TABLE IF EXISTS imported;", createTable("imported", "TEXT"));
      await session.run("PRAGMA wal_checkpoint(TRUNCATE);");
      const ms = await timed(() => session.run(`.import --csv --skip 1 '${csvPath}' imported`));
      const count = await session.run("SELECT count(*) FROM imported;");
      if (Number(count) !== YEAR_READINGS) throw new Error(`imported ${count} readings`);
      return ms;
    },
  };
}

function createTable(name: string, time: "INTEGER" | "TEXT"): string {
  const metrics = METRICS.map((metric) => `${metric} REAL`).join(", ");
  return `CREATE TABLE ${name} (ts ${time}, meter TEXT, ${metrics}, PRIMARY KEY (meter, ts)) ` +
    "WITHOUT ROWID;";
}
