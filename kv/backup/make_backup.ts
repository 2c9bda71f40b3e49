/**
 * Backups: a database as one file, which is a database file of Deno KV again.
 *
 * A database file is copied as it is at one moment (`sqlite_snapshot.ts`). A shared database is read over
 * KV Connect, entry by entry (`collect_entries.ts`), and written into a new file.
 *
 * `FILE.part` becomes `FILE` when it is whole, checked, and on the disk. Until then an older `FILE` stays.
 *
 * @module
 */

import { removeFile, syncFolder } from "../../data/files/disk_calls.ts";
import { carryOutLogs, SCHEMA_VERSION, schemaVersion } from "../opened_kv.ts";
import { collectEntries } from "./collect_entries.ts";
import { openEntryShelf } from "./entry_shelf.ts";
import { closeWriteAheadLog, copySnapshot, sqliteFaults } from "./sqlite_snapshot.ts";
import { writeEntries } from "./write_entries.ts";

/** What SQLite keeps beside a database file. */
const BESIDE = ["-wal", "-shm", "-journal"];

/** How to make a backup. */
export interface BackupOptions {
  /** The file to write. */
  readonly to: string;
  /** Called with a sentence about what is going on. */
  readonly onProgress: (text: string) => void;
  /** How long a shared database that keeps changing is waited for, milliseconds. */
  readonly waitMs: number;
  /** Milliseconds since any moment. */
  readonly elapsedMs: () => number;
}

/** What a backup has. */
export interface Backup {
  /** The length of the file, bytes. */
  readonly sizeBytes: number;
  /** The version of the schema of the database. */
  readonly schema: number;
}

/**
 * Writes a backup of a database: a file, or the URL of a KV Connect server.
 *
 * @throws {Error} if there is no database, it cannot be read, or the backup is the database itself, cannot
 * be written, or fails its checks; {@link UnquietError} if a shared database changes all the time.
 */
export async function makeBackup(database: string, options: BackupOptions): Promise<Backup> {
  const { to, onProgress } = options;
  if (await isSameFile(to, database)) throw new Error(selfText(to));
  const part = `${to}.part`;
  await removeDatabase(part);
  if (isUrl(database)) await dump(database, part, options);
  else await snapshot(database, part, onProgress);
  onProgress("Checking the backup");
  const schema = await checkDatabase(part);
  // Else what SQLite keeps beside an older backup would be taken for a part of the new one.
  await removeBeside(to);
  await Deno.rename(part, to);
  await syncFolder(folderOf(to));
  if (isUrl(database)) await removeDatabase(shelfOf(to));
  return { sizeBytes: (await Deno.stat(to)).size, schema };
}

/** A shared database has changed during every pass over it, so that there is no moment to back up. */
export class UnquietError extends Error {
  /** Creates the error. `path` is the file from which the next try goes on. */
  constructor(path: string) {
    super(
      `The database has changed all the time: ${path} has what was read, and the same command goes on. ` +
        "Stop the workers for a moment, or back up the database file of the server",
    );
    this.name = "UnquietError";
  }
}

async function snapshot(
  database: string,
  part: string,
  onProgress: (text: string) => void,
): Promise<void> {
  // SQLite would create it.
  if (!await isThere(database)) throw new Error(`There is no database: ${database}`);
  await copySnapshot(database, part, ({ doneBytes, totalBytes }) => {
    onProgress(`Copied ${megabytes(doneBytes)} of at most ${megabytes(totalBytes)}`);
  });
}

async function dump(
  database: string,
  part: string,
  { to, onProgress, waitMs, elapsedMs }: BackupOptions,
): Promise<void> {
  using shelf = openEntryShelf(shelfOf(to), database);
  {
    using kv = await Deno.openKv(database);
    await carryOutLogs(kv);
    const endMs = elapsedMs() + waitMs;
    const isWhole = await collectEntries(kv, shelf, {
      onProgress: ({ pass, seen }) => onProgress(`Pass ${pass}: read ${seen} entries`),
      mayGoOn(changes) {
        onProgress(`${changes} entries have changed meanwhile`);
        return elapsedMs() < endMs;
      },
    });
    if (!isWhole) throw new UnquietError(shelfOf(to));
  }
  const count = shelf.count();
  if (count === 0) throw new Error(`The database is empty: ${database}`);
  await using copy = await openCopy(part);
  await writeEntries(copy.kv, shelf, (done) => onProgress(`Wrote ${done} of ${count} entries`));
}

/**
 * Checks a database file, and returns the version of its schema.
 *
 * @throws {Error} if SQLite finds a fault, or it is not a database of this service, or of a newer release.
 */
export async function checkDatabase(path: string): Promise<number> {
  const [fault] = sqliteFaults(path);
  if (fault !== undefined) throw new Error(`The file is damaged or no database: ${fault}: ${path}`);
  let version: number | null;
  {
    await using copy = await openCopy(path);
    version = await schemaVersion(copy.kv);
  }
  if (version === null) throw new Error(`The file is not a database of this service: ${path}`);
  if (version > SCHEMA_VERSION) {
    throw new Error(`The database is of a newer release, with schema version ${version}: ${path}`);
  }
  return version;
}

/** Opens a backup, or another file that no service uses. Afterwards the file alone is the database again. */
export async function openCopy(path: string): Promise<AsyncDisposable & { readonly kv: Deno.Kv }> {
  const kv = await Deno.openKv(path);
  return {
    kv,
    async [Symbol.asyncDispose]() {
      kv.close();
      closeWriteAheadLog(path);
      await removeFile(`${path}-wal`);
      await removeFile(`${path}-shm`);
    },
  };
}

/** Whether a database is reached over KV Connect. */
export function isUrl(database: string): boolean {
  return /^https?:\/\//.test(database);
}

/** Deletes a database file that nobody has open, with what SQLite keeps beside it. */
export async function removeDatabase(path: string): Promise<void> {
  await removeFile(path);
  await removeBeside(path);
}

/** Deletes what SQLite keeps beside a database file that nobody has open. */
export async function removeBeside(path: string): Promise<void> {
  for (const suffix of BESIDE) await removeFile(path + suffix);
}

/** Where entries are collected before they become a backup. */
function shelfOf(to: string): string {
  return `${to}.entries`;
}

/** Whether there is a file. */
export async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Says that a backup is the database itself. */
export function selfText(path: string): string {
  return `The backup cannot be the database itself: ${path}`;
}

/** Whether two paths lead to the same file, however they are spelled, and over links, too. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  if (one === other) return true;
  const [a, b] = await Promise.all([one, other].map((path) => Deno.stat(path).catch(() => null)));
  return a !== null && b !== null && a.ino !== null && a.ino === b.ino && a.dev === b.dev;
}

/** The folder of a path. */
export function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
