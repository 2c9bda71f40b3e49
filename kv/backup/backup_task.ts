/**
 * `deno task backup FILE`: writes a backup of the database, while the service runs.
 *
 * @module
 */

import { openDiskFileStore } from "../../data/files/disk.ts";
import type { Settings } from "../../data/settings.ts";
import { type CopiedFiles, copyFiles, removeOtherFiles } from "./artifact_files.ts";
import { isSameFile, makeBackup, openCopy, selfText, UnquietError } from "./make_backup.ts";
import { databaseOf, DONE, FAILED, refuse, runTask, type TaskContext } from "./task.ts";

const USAGE = `Use: deno task backup FILE [--files] [--wait=SECONDS]
  FILE            the backup to write
  --files         also copy the files of exports and reports to the folder FILE.files
  --wait=SECONDS  how long to wait for a moment without changes, over KV Connect (300)`;

/** The exit code if a shared database has changed all the time, so that the same command goes on. */
const UNQUIET = 3;
const WAIT_SECONDS = 300;

async function backup({ given, settings, say, report }: TaskContext): Promise<number> {
  const { paths: [to, ...more], flags, values } = given;
  const waitSeconds = Number(values.get("wait") ?? WAIT_SECONDS);
  if (to === undefined || more.length > 0 || !(waitSeconds >= 0)) return refuse(USAGE);
  const database = databaseOf(settings);
  if (database === null) return refuse("KV_PATH must be a file or an http(s) URL to be backed up");
  if (await isSameFile(to, database)) return refuse(selfText(to));
  try {
    const { sizeBytes, schema } = await makeBackup(database, {
      to,
      onProgress: say,
      waitMs: waitSeconds * 1_000,
      elapsedMs: () => performance.now(),
    });
    report(`Wrote ${to}: ${sizeBytes} bytes, schema version ${schema}`);
  } catch (error) {
    if (!(error instanceof UnquietError)) throw error;
    say(error.message, true);
    return UNQUIET;
  }
  return flags.has("files") ? await backupFiles(to, settings, { say, report }) : DONE;
}

async function backupFiles(
  to: string,
  { fileStore }: Pick<Settings, "fileStore">,
  { say, report }: Pick<TaskContext, "say" | "report">,
): Promise<number> {
  if (fileStore === "kv:") {
    report("The files are in the database, so the backup has them");
    return DONE;
  }
  if (fileStore.startsWith("s3:")) {
    report(`The files stay in ${fileStore}; use the versioning of the bucket`);
    return DONE;
  }
  await using copy = await openCopy(to);
  const folder = await openDiskFileStore(`${to}.files`);
  const files = await copyFiles(copy.kv, {
    from: await openDiskFileStore(fileStore),
    to: folder,
    onProgress: say,
  });
  // Afterwards, as the folder is all that is left of files that have expired since.
  const removed = await removeOtherFiles(copy.kv, folder);
  if (removed > 0) say(`Deleted ${removed} files of an older backup`, true);
  return reportFiles(files, report);
}

/** Says what was copied. Returns the exit code: files that are damaged are a fault. */
export function reportFiles(
  { copied, missing, damaged }: CopiedFiles,
  report: TaskContext["report"],
): number {
  for (const name of missing) report(`Not there any more: ${name}`);
  for (const name of damaged) report(`Not what its job says, so not copied: ${name}`);
  report(`${copied} files are copied`);
  return damaged.length > 0 ? FAILED : DONE;
}

// Run as a program, it makes a backup; importing it does nothing.
import.meta.main && Deno.exit(await runTask(USAGE, { flags: ["files"], values: ["wait"] }, backup));
