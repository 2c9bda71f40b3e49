/**
 * Copying a database file while another process writes it.
 *
 * One read transaction sees the database as it is at one moment, and does not keep writers from going on.
 * Its rows go into a new file, so pages that hold nothing are not copied. `VACUUM INTO` does the same,
 * but Deno allows it only to a process with all permissions, and it says nothing until it has ended.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";

/** Rows after which the progress is reported, and others may run. */
const ROWS_AT_ONCE = 2_000;

/** How far a copy has come. */
export interface CopyProgress {
  /** Bytes of rows that are copied. */
  readonly doneBytes: number;
  /** Bytes of the file that is copied; the copy has fewer. */
  readonly totalBytes: number;
}

/** A row, by the names of its columns. Whole numbers are bigint, because versions may exceed 2^53. */
type SqliteRow = Record<string, null | number | bigint | string | Uint8Array>;

/**
 * Copies a database file as it is now. The copy must not exist yet; it is synced to the disk. If the copy
 * is interrupted, what is there is not a whole database.
 *
 * @throws {Error} if the file is not a database, or cannot be read or written.
 */
export async function copySnapshot(
  from: string,
  to: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<void> {
  const source = new DatabaseSync(from);
  try {
    const target = new DatabaseSync(to);
    try {
      source.exec("BEGIN");
      // What is lost in a crash is the copy, which is not named as one yet.
      target.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
      await copyTables(source, target, onProgress);
      target.exec("COMMIT");
      source.exec("COMMIT");
    } catch (cause) {
      // What SQLite says is short, and Deno 2.5 leaves out why.
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Cannot copy the file as a database: ${reason}: ${from}`, { cause });
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
  using file = await Deno.open(to, { read: true, write: true });
  await file.sync();
}

async function copyTables(
  source: DatabaseSync,
  target: DatabaseSync,
  onProgress: (progress: CopyProgress) => void,
): Promise<void> {
  const totalBytes = numberOf(source, "page_count") * numberOf(source, "page_size");
  target.exec(`PRAGMA user_version = ${numberOf(source, "user_version")}`);
  let doneBytes = 0, rows = 0;
  const schema = source.prepare(
    "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
  ).all();
  for (const { type, name, sql } of schema) {
    if (type !== "table") continue;
    target.exec(String(sql));
    const reading = source.prepare(`SELECT * FROM "${name}"`);
    reading.setReadBigInts(true);
    const insert = insertOf(source, target, String(name));
    for (const row of reading.iterate() as Iterable<SqliteRow>) {
      const values = Object.values(row);
      insert.run(...values);
      for (const value of values) doneBytes += value instanceof Uint8Array ? value.length : 8;
      if (++rows % ROWS_AT_ONCE > 0) continue;
      onProgress({ doneBytes, totalBytes });
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  for (const { type, sql } of schema) if (type !== "table") target.exec(String(sql));
  onProgress({ doneBytes, totalBytes });
}

function insertOf(source: DatabaseSync, target: DatabaseSync, table: string) {
  const columns = source.prepare(`PRAGMA table_info("${table}")`).all();
  return target.prepare(`INSERT INTO "${table}" VALUES (${columns.map(() => "?").join(", ")})`);
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
}

/**
 * What SQLite finds wrong with a database file, a sentence each; none if it is sound. Rows that are not
 * those of a table of Deno KV count as wrong, too.
 */
export function sqliteFaults(path: string): string[] {
  try {
    const database = new DatabaseSync(path);
    try {
      const found = database.prepare("PRAGMA integrity_check(100)").all()
        .map((row) => String(Object.values(row)[0]));
      if (found.join() !== "ok") return found;
      database.prepare("SELECT k, v, v_encoding, version FROM kv LIMIT 1").all();
      return [];
    } finally {
      database.close();
    }
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Another process has a database file open. */
export class InUseError extends Error {
  /** Creates the error for a file. */
  constructor(path: string) {
    super(`Cannot replace database as it is in use: ${path}`);
    this.name = "InUseError";
  }
}

/**
 * Moves what SQLite keeps beside a database file into it, so that the file alone is the database.
 *
 * @throws {InUseError} if another process has it open; {Error} if the file is not a database.
 */
export function closeWriteAheadLog(path: string): void {
  const database = new DatabaseSync(path);
  try {
    const row = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
    if (Number(row?.busy) !== 0) throw new InUseError(path);
  } catch (error) {
    const isLocked = error instanceof Error && error.message.includes("locked");
    throw isLocked ? new InUseError(path) : error;
  } finally {
    database.close();
  }
}
