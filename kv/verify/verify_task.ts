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
import { isThere, isUrl, openCopy, removeDatabase } from "../backup/make_backup.ts";
import { copySnapshot, sqliteFaults } from "../backup/sqlite_snapshot.ts";
import { databaseOf, DONE, FAILED, refuse, runTask, type TaskContext } from "../backup/task.ts";
import { openKvFileStore } from "../files/kv_file_store.ts";
import { listDamagedRecords } from "../journal/check_records.ts";
import { findHeldLease } from "../jobs/leases.ts";
import { lockDatabase, openKv, SCHEMA_VERSION, schemaVersion } from "../opened_kv.ts";
import type { Finding, Verification } from "./findings.ts";
import { isSound } from "./findings.ts";
import { stageSetAside } from "./set_aside.ts";
import { verify, type VerifyOptions } from "./verify.ts";

const USAGE = `Use: deno task verify [FILE] [--repair] [--json]
  FILE      a backup to verify; without it, the database of the service
  --repair  set damaged readings aside, while the service is stopped
  --json    write the result as JSON`;

/** What is verified besides stored readings. */
type Surroundings = (kv: Deno.Kv) => Promise<Pick<VerifyOptions, "files" | "objects">>;

async function runVerify({ given, settings, say, report }: TaskContext): Promise<number> {
  const { paths: [file, ...more], flags } = given;
  const isRepair = flags.has("repair");
  if (more.length > 0 || (file !== undefined && isRepair)) return refuse(USAGE);
  const database = file ?? databaseOf(settings);
  if (database === null) return refuse("KV_PATH must be a file or an http(s) URL to be verified");
  if (!isUrl(database) && !await isThere(database)) {
    throw new Error(`There is no database: ${database}`);
  }
  const result = file !== undefined
    ? await verifyBackup(file, say)
    : isUrl(database)
    ? await verifyShared(database, settings, { isRepair, say })
    : await verifyFile(database, settings, { isRepair, say });
  report(flags.has("json") ? jsonOf(result) : textOf(result));
  return isSound(result) ? DONE : FAILED;
}

async function verifyBackup(file: string, say: TaskContext["say"]): Promise<Verification> {
  const folder = `${file}.files`;
  const hasFiles = await Deno.stat(folder).then(({ isDirectory }) => isDirectory, () => false);
  const files = hasFiles ? await openDiskFileStore(folder) : null;
  return await verifyCopy(file, () => Promise.resolve({ files, objects: null }), say);
}

/** Verifies a database file: itself if no service uses it, else a copy of it as it is now. */
async function verifyFile(
  database: string,
  settings: Settings,
  { isRepair, say }: { isRepair: boolean; say: TaskContext["say"] },
): Promise<Verification> {
  const around = surroundingsOf(settings);
  try {
    (await lockDatabase(database))[Symbol.dispose]();
  } catch (error) {
    if (isRepair) throw error;
    say("A service uses the database, so a copy is verified", true);
    return await verifyCopy(database, around, say);
  }
  say("Checking the database file", true);
  const faults = sqliteFaults(database);
  if (faults.length > 0) return unreadable(faults);
  const nowMs = Date.now();
  const journal = await checkJournal(database, isRepair ? nowMs : null);
  if (!journal.every(({ isRepaired }) => isRepaired)) return { ...NOTHING, findings: journal };
  await using opened = await openKv(database);
  const { kv } = opened;
  const repairMs = isRepair ? nowMs : null;
  const result = await verify({ ...await around(kv), kv, repairMs, onProgress: say });
  return { ...result, findings: [...journal, ...result.findings] };
}

async function verifyCopy(
  database: string,
  around: Surroundings,
  say: TaskContext["say"],
): Promise<Verification> {
  const copy = `${database}.verifying`;
  try {
    await removeDatabase(copy);
    try {
      await copySnapshot(database, copy, () => say("Copying the database"));
    } catch (error) {
      return unreadable([error instanceof Error ? error.message : String(error)]);
    }
    const faults = sqliteFaults(copy);
    if (faults.length > 0) return unreadable(faults);
    const journal = await checkJournal(copy, null);
    if (journal.length > 0) return { ...NOTHING, findings: journal };
    await using opened = await openKv(copy);
    const { kv } = opened;
    return await verify({ ...await around(kv), kv, repairMs: null, onProgress: say });
  } finally {
    await removeDatabase(copy);
    await Deno.remove(`${copy}.lock`).catch(() => {});
  }
}

async function verifyShared(
  database: string,
  settings: Settings,
  { isRepair, say }: { isRepair: boolean; say: TaskContext["say"] },
): Promise<Verification> {
  await using opened = await openKv(database);
  const { kv } = opened;
  const nowMs = Date.now();
  const holder = isRepair ? await findHeldLease(kv, nowMs) : null;
  if (holder !== null) {
    throw new Error(`A service uses the database, as it holds the lease '${holder}': ${database}`);
  }
  const around = await surroundingsOf(settings)(kv);
  return await verify({ ...around, kv, repairMs: isRepair ? nowMs : null, onProgress: say });
}

/**
 * The damaged records of the journal. They keep the database from being opened, until they are set aside.
 *
 * @throws {Error} if the schema of the database is not that of this release.
 */
async function checkJournal(database: string, repairMs: number | null): Promise<Finding[]> {
  await using copy = await openCopy(database);
  const version = await schemaVersion(copy.kv);
  if (version !== SCHEMA_VERSION) {
    throw new Error(
      `The database has schema version ${version}, and this release has ${SCHEMA_VERSION}: ` +
        "start the service once, or use the release that wrote it",
    );
  }
  const findings: Finding[] = [];
  for (const entry of await listDamagedRecords(copy.kv)) {
    if (repairMs !== null) {
      const op = copy.kv.atomic();
      stageSetAside(op, entry, repairMs);
      await op.commit();
    }
    const detail = `Record ${
      String(entry.key[1])
    } of the journal is damaged, with the latest telemetry`;
    findings.push({ check: "journal", detail, isRepaired: repairMs !== null });
  }
  return findings;
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

const NOTHING: Verification = {
  checked: { series: 0, blocks: 0, segments: 0, files: 0, objects: 0 },
  findings: [],
  setAside: 0,
};

function unreadable(faults: readonly string[]): Verification {
  const findings = faults.map((fault): Finding => ({
    check: "database",
    detail: `The database file is damaged: ${fault}`,
    isRepaired: false,
  }));
  return { ...NOTHING, findings };
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
