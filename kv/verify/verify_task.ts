/**
 * `deno task verify`: checks the database and what belongs to it, or a backup.
 *
 * @module
 */

import { openDestination } from "../../data/continuous/open_destination.ts";
import { keyStyleOf } from "../../data/continuous_settings.ts";
import { openDiskFileStore } from "../../data/files/disk.ts";
import { openFileStore } from "../../data/open_file_store.ts";
import type { Settings } from "../../data/settings.ts";
import { pause } from "../backup/in_use.ts";
import { isThere, isUrl } from "../backup/make_backup.ts";
import { databaseOf, DONE, FAILED, refuse, runTask, type TaskContext } from "../backup/task.ts";
import { openKvFileStore } from "../files/kv_file_store.ts";
import { isSound, type Verification } from "./findings.ts";
import { type Surroundings, verifyCopy, verifyFile, verifyShared } from "./verify_database.ts";

const USAGE = `Use: deno task verify [FILE] [--repair] [--json]
  FILE      a backup to verify; without it, the database of the service
  --repair  set damaged readings aside, while the service is stopped
  --json    write the result as JSON`;

async function runVerify({ given, settings, say, report }: TaskContext): Promise<number> {
  const { paths: [file, ...more], flags } = given;
  const isRepair = flags.has("repair");
  if (more.length > 0 || (file !== undefined && isRepair)) return refuse(USAGE);
  const database = file ?? databaseOf(settings);
  if (database === null) return refuse("KV_PATH must be a file or an http(s) URL to be verified");
  if (!isUrl(database) && !await isThere(database)) {
    throw new Error(`There is no database: ${database}`);
  }
  const options = {
    around: surroundingsOf(settings),
    nowMs: Date.now(),
    isRepair,
    say,
    pause,
  };
  const result = file !== undefined
    ? await verifyBackup(file, say)
    : isUrl(database)
    ? await verifyShared(database, options)
    : await verifyFile(database, options);
  report(flags.has("json") ? jsonOf(result) : textOf(result));
  return isSound(result) ? DONE : FAILED;
}

async function verifyBackup(file: string, say: TaskContext["say"]): Promise<Verification> {
  const folder = `${file}.files`;
  const hasFiles = await Deno.stat(folder).then(({ isDirectory }) => isDirectory, () => false);
  const files = hasFiles ? await openDiskFileStore(folder) : null;
  const around = () => Promise.resolve({ files, objects: null });
  return await verifyCopy(file, { around, say, nowMs: Date.now() });
}

function surroundingsOf(settings: Settings): Surroundings {
  const { fileStore, s3, kvFilesMaxBytes: maxBytes } = settings;
  const destination = openDestination({ ...settings.s3, ...settings.continuous, s3: settings.s3 });
  const prefix = destination.kind === "s3" ? settings.s3.prefix : "";
  const newId = () => crypto.randomUUID();
  return async (kv) => ({
    files: await openFileStore(fileStore, s3, () => openKvFileStore({ kv, newId, maxBytes })),
    objects: { destination, style: keyStyleOf(settings.continuous, prefix) },
  });
}

function jsonOf({ checked, findings, setAside }: Verification): string {
  const found = findings.map(({ isRepaired, ...finding }) => ({
    ...finding,
    repaired: isRepaired,
  }));
  const body = { sound: isSound({ findings }), checked, findings: found, set_aside: setAside };
  return JSON.stringify(body, null, 2);
}

function textOf({ checked, findings, setAside }: Verification): string {
  const { series, blocks, segments, files, objects } = checked;
  const lines = findings.map(({ detail, isRepaired }) =>
    isRepaired ? `Repaired: ${detail}` : detail
  );
  lines.push(
    `Checked ${series} series with ${blocks} blocks and ${segments} segments, ${files} files, ` +
      `${objects} objects of continuous export`,
  );
  if (setAside > 0) lines.push(`Set aside, now and earlier: ${setAside}`);
  const left = findings.filter(({ isRepaired }) => !isRepaired).length;
  lines.push(left === 0 ? "Nothing is wrong" : `Wrong: ${left}`);
  return lines.join("\n");
}

// Run as a program, it verifies; importing it does nothing.
import.meta.main &&
  Deno.exit(await runTask(USAGE, { flags: ["repair", "json"], values: [] }, runVerify));
