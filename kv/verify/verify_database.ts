/**
 * Verifying the database of the service, a copy of it, or a backup.
 *
 * @module
 */

import { namesOfFiles } from "../backup/artifact_files.ts";
import { requireUnused } from "../backup/in_use.ts";
import { removeDatabase } from "../backup/make_backup.ts";
import { copySnapshot, sqliteFaults } from "../backup/sqlite_snapshot.ts";
import { listDamagedRecords } from "../journal/check_records.ts";
import {
  checkSchema,
  lockDatabase,
  openKv,
  openLockedKv,
  SCHEMA_VERSION,
  schemaVersion,
  tryLockDatabase,
} from "../opened_kv.ts";
import type { Finding, Verification } from "./findings.ts";
import { stageSetAside } from "../set_aside.ts";
import { verify, type VerifyOptions } from "./verify.ts";

/** What is verified besides stored readings. */
export type Surroundings = (kv: Deno.Kv) => Promise<Pick<VerifyOptions, "files" | "objects">>;

/** How to verify a database. */
export interface DatabaseOptions {
  /** What is verified besides stored readings. */
  readonly around: Surroundings;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** Whether to set damaged values aside; otherwise, nothing is changed. */
  readonly isRepair: boolean;
  /** Says something about the work; with `isLast`, in any case. */
  readonly say: (text: string, isLast?: boolean) => void;
  /** Waits so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
}

/** How to verify a copy. */
export type CopyOptions = Pick<DatabaseOptions, "around" | "nowMs" | "say">;

/**
 * Verifies a database file: itself if no service uses it, else a copy of it as it is now.
 *
 * @throws {Error} if a service uses a database that shall be repaired, or its schema is not that of this
 * release.
 */
export async function verifyFile(
  database: string,
  options: DatabaseOptions,
): Promise<Verification> {
  const { around, nowMs, isRepair, say } = options;
  // Held to the end: a service that starts meanwhile would work with a database that changes under it.
  using lock = isRepair ? await lockDatabase(database) : await tryLockDatabase(database);
  if (lock === null) {
    say("A service uses the database, so a copy is verified", true);
    return await verifyRunning(database, options);
  }
  say("Checking the database file", true);
  const faults = sqliteFaults(database);
  if (faults.length > 0) return unreadable(faults);
  const journal = await checkJournal(database, isRepair ? nowMs : null);
  if (!journal.every(({ isRepaired }) => isRepaired)) return { ...NOTHING, findings: journal };
  await using opened = await openLockedKv(database);
  const { kv } = opened;
  const result = await verify({ ...await around(kv), kv, nowMs, isRepair, onProgress: say });
  return { ...result, findings: [...journal, ...result.findings] };
}

/** Verifies a copy of a database file that a service uses. */
async function verifyRunning(database: string, options: CopyOptions): Promise<Verification> {
  const result = await verifyCopy(database, options);
  if (!result.findings.some(({ check }) => check === "file")) return result;
  // A file that was deleted after the copy was made is no fault. Its job says so before it is gone.
  const named = await onCopy(database, options, async (copy) => {
    using kv = await Deno.openKv(copy);
    return await namesOfFiles(kv);
  });
  const findings = result.findings.filter(({ check, name }) =>
    check !== "file" || named.has(String(name))
  );
  return { ...result, findings };
}

/** Verifies a copy of a database file, or of a backup, as it is now. */
export async function verifyCopy(database: string, options: CopyOptions): Promise<Verification> {
  const { around, nowMs, say } = options;
  try {
    return await onCopy(database, options, async (copy) => {
      const faults = sqliteFaults(copy);
      if (faults.length > 0) return unreadable(faults);
      const journal = await checkJournal(copy, null);
      if (journal.length > 0) return { ...NOTHING, findings: journal };
      await using opened = await openKv(copy);
      const { kv } = opened;
      return await verify({ ...await around(kv), kv, nowMs, isRepair: false, onProgress: say });
    });
  } catch (error) {
    if (error instanceof UncopiedError) return unreadable([error.message]);
    throw error;
  }
}

/** The file could not be copied as a database. */
class UncopiedError extends Error {}

/** Does something with a copy of a database file, which is deleted then. */
async function onCopy<T>(
  database: string,
  { say }: Pick<CopyOptions, "say">,
  work: (copy: string) => Promise<T>,
): Promise<T> {
  const copy = `${database}.verifying`;
  try {
    await removeDatabase(copy);
    try {
      await copySnapshot(database, copy, () => say("Copying the database"));
    } catch (cause) {
      throw new UncopiedError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
    return await work(copy);
  } finally {
    await removeDatabase(copy);
    await Deno.remove(`${copy}.lock`).catch(() => {});
  }
}

/**
 * Verifies a shared database.
 *
 * @throws {Error} if a service uses a database that shall be repaired, or its schema is not that of this
 * release.
 */
export async function verifyShared(
  database: string,
  { around, nowMs, isRepair, say, pause }: DatabaseOptions,
): Promise<Verification> {
  {
    using kv = await Deno.openKv(database);
    await requireThisSchema(kv);
    if (isRepair) await requireUnused(kv, { database, nowMs, pause });
  }
  await using opened = await openKv(database);
  const { kv } = opened;
  return await verify({ ...await around(kv), kv, nowMs, isRepair, onProgress: say });
}

/**
 * The damaged records of the journal. They keep the database from being opened, until they are set aside.
 * Nothing that SQLite keeps beside the file is removed, because somebody may have it open.
 *
 * @throws {Error} if the schema of the database is not that of this release.
 */
async function checkJournal(database: string, repairMs: number | null): Promise<Finding[]> {
  using kv = await Deno.openKv(database);
  await requireThisSchema(kv);
  const findings: Finding[] = [];
  for (const entry of await listDamagedRecords(kv)) {
    if (repairMs !== null) {
      const op = kv.atomic();
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

/** Makes sure that opening a database migrates nothing. */
async function requireThisSchema(kv: Deno.Kv): Promise<void> {
  const version = await schemaVersion(kv);
  if (version === null || version < SCHEMA_VERSION) {
    throw new Error(
      `The database has ${
        version === null ? "no schema version" : `schema version ${version}`
      }, and this release has ` +
        `${SCHEMA_VERSION}: start the service once, or use the release that wrote it`,
    );
  }
  // It says what is wrong with a newer one, or one that a restore has not completed.
  await checkSchema(kv);
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
