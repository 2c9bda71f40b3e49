/**
 * Opening the database, and migrating what is stored in it.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["meta", "schema"]` | `{ v: 1, version }` | this module, when the database is opened |
 *
 * @module
 */

import { z } from "zod";
import { UPKEEP } from "../data/upkeep.ts";
import { type Activity, followActivity, withAtomicNoted, withCommitsNoted } from "./activity.ts";
import type { Cost, Staging } from "./budget.ts";
import { lockFile } from "./file_lock.ts";
import { CHANGED_SPACE } from "./series/changes.ts";
import { DEVICES_CHANGED_KEY } from "./devices/devices.ts";
import { LAST_SEEN_SPACE } from "./devices/last_seen.ts";
import { type LoggedKv, openLoggedKv, type OthersView } from "./ingest_log/logged_kv.ts";
import { hasIngestLogs } from "./ingest_log/record_keys.ts";
import { openJournal } from "./journal/journal.ts";
import { withKnownJobs } from "./jobs/known_jobs.ts";
import { migrateJobCounts, migrateJobHistory } from "./jobs/migrate_jobs.ts";
import type { JournalSpaces } from "./journal/entries.ts";
import type { FlushRules } from "./journal/flush_plan.ts";
import { JOURNAL_ROOM, JOURNAL_SPACE } from "./journal/log.ts";
import { type OnAway, reportSilence } from "./reach.ts";
import { openRemoteKv } from "./remote_kv.ts";
import { REVISION_SPACE } from "./series/revisions.ts";
import { SEGMENT_SPACE } from "./series/segments.ts";
import { migrateSegmentCounts, SEGMENT_COUNT_SPACE } from "./series/segment_counts.ts";

const SPACE = "meta";
const SCHEMA_KEY = [SPACE, "schema"];

/** The schema version that this code reads and writes (`docs/storage.md`). */
export const SCHEMA_VERSION = 7;

/** Records of logs that other processes have probably not seen yet are not carried out, milliseconds. */
const LEAVE_MS = 200;

/** Most blocks of one read over a network: 12 MB at most, and 2 MB of readings that come each minute. */
const REMOTE_CHUNK = 200;

/** The version of a database that a restore has not completed yet: too high for every release. */
const RESTORING_VERSION = 1_000_000;

const schemaRecord = z.object({ v: z.literal(1), version: z.int().positive() });

/**
 * Migrates a database from one version to the next. Must be safe to run again after a crash, and while
 * another process does the same. A commit that must not happen once another process has migrated the
 * database, and works with it, checks `schema`: the entry that the migration starts from.
 */
export type Migration = (kv: Deno.Kv, schema: Deno.AtomicCheck) => Promise<void>;

/** The migrations by the version that they start from. */
const MIGRATIONS: Readonly<Record<number, Migration>> = {
  1: migrateSegmentCounts,
  // Nothing to convert. The version only keeps code of version 2, which has no journal, out.
  2: () => Promise.resolve(),
  3: migrateJobHistory,
  4: migrateJobCounts,
  // Nothing to convert. The version only keeps code of version 5 out, which knows neither groups in a
  // journal nor logs of ingest.
  5: () => Promise.resolve(),
  // The same for code of version 6, which knows no groups in the logs of ingest, and last-seen records
  // of one form only.
  6: () => Promise.resolve(),
};

/**
 * The key spaces that ingest writes with every reading. Segments are retained in the journal because
 * their order is the order of its records.
 */
export const JOURNALED: JournalSpaces = {
  [SEGMENT_SPACE]: { isFlushed: false, role: "segments" },
  [SEGMENT_COUNT_SPACE]: { isFlushed: true, role: "counts" },
  [REVISION_SPACE]: { isFlushed: true, role: "revisions" },
  [CHANGED_SPACE]: { isFlushed: true, role: "days" },
  [LAST_SEEN_SPACE]: { isFlushed: true, role: "lastSeen" },
};

/** An open database and its abilities. Disposing of it closes it. */
export interface OpenedKv extends AsyncDisposable {
  /** The database. */
  readonly kv: Deno.Kv;
  /** The same, for writes that are no reason to look for work, such as those that renew leases. */
  readonly quietKv: Deno.Kv;
  /**
   * The same, for work that changes no readings: it need not see what waits in the logs of processes that
   * share the database.
   */
  readonly settledKv: Deno.Kv;
  /** Lets loops rest while nobody writes. */
  readonly activity: Activity;
  /** Whether no other process can have it open. Then every other owner of a lease is dead. */
  readonly isExclusive: boolean;
  /** Whether nothing was stored in it when it was opened. */
  readonly isNew: boolean;
  /** Whether it has queues. KV Connect and Deno Deploy have none. */
  readonly hasQueue: boolean;
  /** The path of the file, which others may read meanwhile (`kv/database_file.ts`); null if there is none. */
  readonly databasePath: string | null;
  /** How much of what ingest writes a commit may hold. */
  readonly ingestRoom: Cost;
  /** Most blocks that a read of a series takes at once; undefined for few. */
  readonly chunkMax: number | undefined;
  /** The database for commits of ingest alone. */
  readonly ingestKv: Pick<Deno.Kv, "atomic">;
  /** What the processes that share the database have received lately; null if there are no others. */
  readonly others: OthersView | null;
  /**
   * Flushes old journal entries (`kv/journal/journal.ts`), or the logs of all processes that share the
   * database (`kv/ingest_log/log.ts`).
   */
  flush(nowMs: number, signal?: AbortSignal): Promise<void>;
  /** Bytes of the journal; null without one. */
  journalBytes(): number | null;
  /** How long calls of a database over the network have waited without any answer, milliseconds; else 0. */
  waitingMs(): number;
  /**
   * Lets no call of a database over the network outlast `ms` from now if the database is away then. Who
   * stops calls this. Whoever goes on after that sees all calls fail.
   */
  giveUpAfter(ms: number): void;
}

/**
 * Opens a database: a file (its folder is created), `:memory:`, the URL of a KV Connect server, or
 * null for the default database of the host. A file is locked (`PATH.lock`), because only one
 * process may use it. While a database over the network is away, it waits and calls `onAway`.
 *
 * @throws {Error} when another process has the file open, or a newer version of the service wrote it.
 */
export async function openKv(
  path: string | null,
  rules: FlushRules = UPKEEP,
  onAway: OnAway = () => {},
): Promise<OpenedKv> {
  if (path === null || isRemotePath(path) || path === ":memory:") {
    return await openLockedKv(path, rules, onAway);
  }
  await using stack = new AsyncDisposableStack();
  stack.use(await lockDatabase(path));
  const opened = stack.use(await openLockedKv(path, rules, onAway));
  const owned = stack.move();
  return { ...opened, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Like {@link openKv}, for a caller that holds the lock of the file for as long as it is open. */
export async function openLockedKv(
  path: string | null,
  rules: FlushRules = UPKEEP,
  onAway: OnAway = () => {},
): Promise<OpenedKv> {
  await using stack = new AsyncDisposableStack();
  const isRemote = path === null || isRemotePath(path);
  const startedMs = performance.now();
  let waitingMs = () => performance.now() - startedMs;
  using _ = isRemote ? reportSilence(onAway, () => waitingMs()) : null;
  const remote = isRemote ? await openRemoteKv(path, onAway, stack) : null;
  waitingMs = remote?.watched.waitingMs ?? (() => 0);
  const kv = remote?.kv ?? stack.adopt(await Deno.openKv(path ?? undefined), close);
  await checkSchema(kv);
  const isNew = await holdsNothing(kv);
  if (isRemote) await requireNoJournal(kv);
  const logged = openLogs(kv, remote?.logKv);
  // A file that a server has served until now.
  if (!isRemote) await carryOutLogs(kv);
  const journaled = isRemote ? null : await openJournal(kv, JOURNALED, rules);
  const activity = stack.use(followActivity({ shared: isRemote ? kv : null }));
  const quietKv = journaled === null ? logged.kv : withKnownJobs(journaled.kv);
  const noted = withCommitsNoted(quietKv, activity.note);
  const owned = stack.move();
  return {
    kv: noted,
    quietKv,
    settledKv: isRemote ? withCommitsNoted(kv, activity.note) : noted,
    activity,
    ingestKv: isRemote ? withAtomicNoted(logged.ingestKv, activity.note) : noted,
    others: isRemote ? logged.others : null,
    databasePath: isRemote || path === ":memory:" ? null : path,
    ingestRoom: JOURNAL_ROOM,
    chunkMax: isRemote ? REMOTE_CHUNK : undefined,
    flush: journaled?.flush ?? ((nowMs, signal) => logged.log.flush(nowMs, signal, LEAVE_MS)),
    journalBytes: () => journaled?.sizeBytes() ?? null,
    isExclusive: !isRemote,
    isNew,
    hasQueue: !isRemote,
    waitingMs,
    giveUpAfter: remote?.watched.giveUpAfter ?? (() => {}),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function openLogs(kv: Deno.Kv, logKv: Deno.Kv = kv): LoggedKv {
  return openLoggedKv(kv, {
    logKv,
    deviceSpace: LAST_SEEN_SPACE,
    watchedKey: DEVICES_CHANGED_KEY,
    newName: () => crypto.randomUUID(),
  });
}

/**
 * Carries out what processes that share a database have received until now, so that nothing is missing if
 * their logs are left out.
 */
export async function carryOutLogs(kv: Deno.Kv): Promise<void> {
  if (await hasIngestLogs(kv)) await openLogs(kv).log.flush(0);
}

function close(kv: Deno.Kv): void {
  kv.close();
}

function isRemotePath(path: string): boolean {
  return /^https?:\/\//.test(path);
}

/**
 * Makes sure that the database has the schema version of this code. Sets the version of an empty
 * database, and migrates an older one step by step.
 *
 * @throws {Error} when the database is newer, or there is no migration from its version.
 */
export async function checkSchema(
  kv: Deno.Kv,
  { target, migrations } = { target: SCHEMA_VERSION, migrations: MIGRATIONS },
): Promise<void> {
  const entry = await kv.get(SCHEMA_KEY);
  if (entry.versionstamp === null) {
    await kv.atomic().check(entry).set(SCHEMA_KEY, { v: 1, version: target }).commit();
    return;
  }
  const { version } = schemaRecord.parse(entry.value);
  if (version === RESTORING_VERSION) {
    throw new Error(
      "Cannot open the database as a restore into it has not ended: restore it again",
    );
  }
  if (version > target) {
    throw new Error(
      `Cannot open the database as this release knows versions up to ${target}: ${version}`,
    );
  }
  if (version === target) return;
  const migrate = migrations[version];
  if (migrate === undefined) {
    throw new Error(`Cannot open the database as there is no migration from version ${version}`);
  }
  await migrate(kv, entry);
  // If another process has migrated the database meanwhile, the check fails, and the next round
  // continues from the version that it finds.
  await kv.atomic().check(entry).set(SCHEMA_KEY, { v: 1, version: version + 1 }).commit();
  await checkSchema(kv, { target, migrations });
}

/** Whether a database has no entry besides its version. */
async function holdsNothing(kv: Pick<Deno.Kv, "list">): Promise<boolean> {
  for await (const { key } of kv.list({ prefix: [] }, { limit: 2 })) {
    if (key[0] !== SPACE) return false;
  }
  return true;
}

/** The version of the schema of a database; null if it has none. */
export async function schemaVersion(kv: Pick<Deno.Kv, "get">): Promise<number | null> {
  const { value, versionstamp } = await kv.get(SCHEMA_KEY);
  return versionstamp === null ? null : schemaRecord.parse(value).version;
}

/** Whether a restore into a database has not ended. */
export async function wasRestoreInterrupted(kv: Pick<Deno.Kv, "get">): Promise<boolean> {
  return await schemaVersion(kv) === RESTORING_VERSION;
}

/** Whether a key is that of the version of a database. */
export function isSchemaKey([space]: Deno.KvKey): boolean {
  return space === SPACE;
}

/** Keeps services from opening a database while it is restored. */
export function stageRestoring(op: Staging): void {
  op.set(SCHEMA_KEY, { v: 1, version: RESTORING_VERSION });
}

/** Makes a database one of this release. */
export function stageSchema(op: Staging): void {
  op.set(SCHEMA_KEY, { v: 1, version: SCHEMA_VERSION });
}

/** Reads one small entry. Throws when the database does not answer. */
export async function probeKv(kv: Pick<Deno.Kv, "get">): Promise<void> {
  await kv.get(SCHEMA_KEY);
}

/**
 * Makes sure that a database can be shared. The entries of a journal are known only to the one
 * process that has the database open as a file.
 *
 * @throws {Error} when the database has journal records.
 */
export async function requireNoJournal(kv: Pick<Deno.Kv, "list">): Promise<void> {
  const first = await kv.list({ prefix: [JOURNAL_SPACE] }, { limit: 1 }).next();
  if (first.done) return;
  const remedy = "run the service on it as a file, without new data for two minutes, then stop it";
  throw new Error(`Cannot share the database as it has a journal: ${remedy}`);
}

/**
 * Locks a database file, so that no other process opens it. The folder of the file is created.
 *
 * @throws {Error} when another process has the file open.
 */
export async function lockDatabase(path: string): Promise<Disposable> {
  const lock = await tryLockDatabase(path);
  if (lock !== null) return lock;
  throw new Error(`Cannot open the database as another process has it open: ${path}`);
}

/** Like {@link lockDatabase}; null when another process has the file open. */
export async function tryLockDatabase(path: string): Promise<Disposable | null> {
  return await lockFile(`${path}.lock`);
}
