/**
 * `deno task restore FILE`: puts a backup in the place of the database.
 *
 * @module
 */

import { openDiskFileStore } from "../../data/files/disk.ts";
import { copyFiles } from "./artifact_files.ts";
import { reportFiles } from "./backup_task.ts";
import { pause } from "./in_use.ts";
import { isSameFile, openCopy, selfText } from "./make_backup.ts";
import { restoreBackup } from "./restore_backup.ts";
import { databaseOf, DONE, refuse, runTask, type TaskContext } from "./task.ts";

const USAGE = `Use: deno task restore FILE [--replace] [--files]
  FILE       the backup to restore
  --replace  replace a database that holds data; a database file stays as PATH.replaced
  --files    also copy the files in the folder FILE.files to where FILE_STORE has them`;

async function restore({ given, settings, say, report }: TaskContext): Promise<number> {
  const { paths: [from, ...more], flags } = given;
  if (from === undefined || more.length > 0) return refuse(USAGE);
  const database = databaseOf(settings);
  if (database === null) return refuse("KV_PATH must be a file or an http(s) URL to restore into");
  if (await isSameFile(from, database)) return refuse(selfText(from));
  const { fileStore } = settings;
  const hasFolder = fileStore !== "kv:" && !fileStore.startsWith("s3:");
  if (flags.has("files") && !hasFolder) return refuse("--files needs a folder as FILE_STORE");
  const options = {
    from,
    mayReplace: flags.has("replace"),
    onProgress: say,
    nowMs: Date.now(),
    pause,
  };
  const { schema } = await restoreBackup(database, options);
  report(`Restored ${from} into ${database}, schema version ${schema}`);
  if (!flags.has("files")) return DONE;
  await using copy = await openCopy(from);
  const files = await copyFiles(copy.kv, {
    from: await openDiskFileStore(`${from}.files`),
    to: await openDiskFileStore(fileStore),
    onProgress: say,
  });
  return reportFiles(files, report);
}

// Run as a program, it restores a backup; importing it does nothing.
import.meta.main &&
  Deno.exit(await runTask(USAGE, { flags: ["replace", "files"], values: [] }, restore));
