/**
 * Restoring a backup into a database file, or into a shared database over KV Connect.
 *
 * A file is replaced at once: the backup is copied beside it, checked, and renamed. If the process is
 * killed, the old database is there, or the new one. The old one stays as `PATH.replaced`.
 *
 * A shared database cannot be replaced at once. It is emptied and then written, and until it is whole it
 * says so, and no service opens it. Restoring again begins anew.
 *
 * @module
 */

import { syncFolder } from "../../data/files/disk_calls.ts";
import { COMMIT_MAX_MUTATIONS } from "../budget.ts";
import { openJournal } from "../journal/journal.ts";
import { JOURNAL_SPACE } from "../journal/log.ts";
import {
  checkSchema,
  isSchemaKey,
  JOURNALED,
  lockDatabase,
  SCHEMA_VERSION,
  stageRestoring,
  stageSchema,
  wasRestoreInterrupted,
} from "../opened_kv.ts";
import { isLeftOut } from "./collect_entries.ts";
import { openEntryShelf, type ShelvedEntry } from "./entry_shelf.ts";
import { isEmpty, requireUnused } from "./in_use.ts";
import {
  type Backup,
  checkDatabase,
  folderOf,
  isSameFile,
  isThere,
  isUrl,
  openCopy,
  removeBeside,
  removeDatabase,
  selfText,
} from "./make_backup.ts";
import { closeWriteAheadLog, copySnapshot, InUseError } from "./sqlite_snapshot.ts";
import { writeEntries } from "./write_entries.ts";

/** Entries deleted at once. */
const DELETED_AT_ONCE = Math.floor(COMMIT_MAX_MUTATIONS / 2);

/** How to restore a backup. */
export interface RestoreOptions {
  /** The backup. */
  readonly from: string;
  /** Whether data that is there may be replaced. */
  readonly mayReplace: boolean;
  /** Called with a sentence about what is going on. */
  readonly onProgress: (text: string) => void;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** Waits so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Restores a backup into a database: a file, or the URL of a KV Connect server.
 *
 * @throws {Error} if the backup is missing, damaged, or the database itself, a service uses the database, it holds data that may
 * not be replaced, or it cannot be written. A database file is then as it was.
 */
export async function restoreBackup(database: string, options: RestoreOptions): Promise<Backup> {
  const { from } = options;
  if (!await isThere(from)) throw new Error(`There is no backup: ${from}`);
  if (await isSameFile(from, database)) throw new Error(selfText(from));
  return isUrl(database)
    ? await restoreShared(database, options)
    : await restoreFile(database, options);
}

async function restoreFile(
  database: string,
  { from, mayReplace, onProgress }: RestoreOptions,
): Promise<Backup> {
  using _lock = await lockDatabase(database);
  const isReplacing = await isThere(database);
  if (isReplacing && !mayReplace) throw holdsData(database);
  const part = `${database}.part`;
  const schema = await copyBackup(from, part, onProgress);
  if (isReplacing) await keepReplaced(database);
  // Else what SQLite keeps beside the old file would be taken for a part of the new one.
  await removeBeside(database);
  await Deno.rename(part, database);
  await syncFolder(folderOf(database));
  return { sizeBytes: (await Deno.stat(database)).size, schema };
}

/** Copies a backup to where it is needed, and checks the copy. Returns the version of its schema. */
async function copyBackup(
  from: string,
  to: string,
  onProgress: (text: string) => void,
): Promise<number> {
  await removeDatabase(to);
  onProgress("Copying the backup");
  await copySnapshot(from, to, ({ doneBytes, totalBytes }) => {
    const percent = Math.min(100, Math.floor(100 * doneBytes / Math.max(1, totalBytes)));
    onProgress(`Copied ${percent} %`);
  });
  onProgress("Checking the copy");
  return await checkDatabase(to);
}

/**
 * Keeps the database that will be replaced under another name; the file itself stays until then. The one
 * that was replaced before stays until this one is there.
 *
 * @throws {InUseError} if another process has the database open.
 */
async function keepReplaced(database: string): Promise<void> {
  const kept = `${database}.replaced`, part = `${kept}.part`;
  const isWhole = closesWriteAheadLog(database);
  await removeDatabase(part);
  await linkOrCopy(database, part);
  await removeBeside(kept);
  await Deno.rename(part, kept);
  if (!isWhole) {
    // It may help to save what can be read.
    await Deno.rename(`${database}-wal`, `${kept}-wal`).catch(() => {});
  }
}

/** Whether a database file alone is the database now. False if it is damaged. */
function closesWriteAheadLog(database: string): boolean {
  try {
    closeWriteAheadLog(database);
    return true;
  } catch (error) {
    if (error instanceof InUseError) throw error;
    return false;
  }
}

/** Gives a file a second name; where the file system has no links, copies it. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await Deno.link(from, to);
  } catch {
    await Deno.copyFile(from, to);
    using copy = await Deno.open(to, { read: true, write: true });
    await copy.sync();
  }
}

/**
 * Restores a backup into a shared database.
 *
 * @throws {Error} as {@link restoreBackup} does.
 */
export async function restoreShared(
  database: string,
  { from, mayReplace, onProgress, nowMs, pause }: RestoreOptions,
): Promise<Backup> {
  using target = await Deno.openKv(database);
  const isUnfinished = await wasRestoreInterrupted(target);
  if (!mayReplace && !isUnfinished && !await isEmpty(target)) throw holdsData(database);
  await requireUnused(target, { database, nowMs, pause });
  const copy = `${from}.restoring`, shelfPath = `${from}.entries`;
  try {
    await copyBackup(from, copy, onProgress);
    await removeDatabase(shelfPath);
    using shelf = openEntryShelf(shelfPath, from);
    await using source = await openCopy(copy);
    // A backup of an older release becomes one of this release.
    await checkSchema(source.kv);
    let count = 0;
    for await (const entry of entriesOf(source.kv)) {
      shelf.put(entry, 1);
      count++;
    }
    await replaceShared(target, {
      *inOrder() {
        for (const entry of shelf.inOrder()) if (!isSchemaKey(entry.key)) yield entry;
      },
    }, (text) => onProgress(text.replace("entries", `of ${count} entries`)));
    return { sizeBytes: (await Deno.stat(from)).size, schema: SCHEMA_VERSION };
  } finally {
    await removeDatabase(copy);
    await removeDatabase(shelfPath);
  }
}

/** Empties a shared database and writes entries into it. Until that has ended, no service opens it. */
async function replaceShared(
  target: Deno.Kv,
  source: { inOrder(): Iterable<ShelvedEntry> },
  onProgress: (text: string) => void,
): Promise<void> {
  const op = target.atomic();
  stageRestoring(op);
  await op.commit();
  let keys: Deno.KvKey[] = [];
  const deleteKeys = async () => {
    const deletion = target.atomic();
    for (const key of keys) deletion.delete(key);
    await deletion.commit();
    keys = [];
  };
  for await (const { key } of allEntries(target)) {
    if (isSchemaKey(key)) continue;
    keys.push(key);
    if (keys.length === DELETED_AT_ONCE) await deleteKeys();
  }
  await deleteKeys();
  await writeEntries(target, source, (done) => onProgress(`Wrote ${done} entries`));
  const last = target.atomic();
  stageSchema(last);
  await last.commit();
}

/** The entries of a database file, those of its journal included as if there were none. */
async function* entriesOf(kv: Deno.Kv): AsyncGenerator<ShelvedEntry> {
  const { kv: journaled } = await openJournal(kv, JOURNALED);
  for (const space of Object.keys(JOURNALED)) yield* journaled.list({ prefix: [space] });
  for await (const entry of allEntries(kv)) {
    const space = String(entry.key[0]);
    const isInJournal = Object.hasOwn(JOURNALED, space) || space === JOURNAL_SPACE;
    if (!isInJournal && !isLeftOut(entry.key)) yield entry;
  }
}

function allEntries(kv: Pick<Deno.Kv, "list">): Deno.KvListIterator<unknown> {
  return kv.list({ start: [""], end: [0] }, { batchSize: 100 });
}

function holdsData(database: string): Error {
  return new Error(`The database holds data; use --replace to replace it: ${database}`);
}
