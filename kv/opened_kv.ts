/**
 * Opening the database, and the version of what is stored in it.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["meta", "schema"]` | `{ v: 1, version }` | here, at opening |
 *
 * @module
 */

import { z } from "zod";
import { UPKEEP } from "../data/upkeep.ts";
import { COMMIT_ROOM, type Cost } from "./budget.ts";
import { CHANGED_SPACE } from "./series/changes.ts";
import { LAST_SEEN_SPACE } from "./devices/last_seen.ts";
import { openJournal } from "./journal/journal.ts";
import type { JournalSpaces } from "./journal/entries.ts";
import { type FlushRules, JOURNAL_ROOM, JOURNAL_SPACE } from "./journal/log.ts";
import { REVISION_SPACE } from "./series/revisions.ts";
import { SEGMENT_SPACE } from "./series/segments.ts";
import { migrateSegmentCounts, SEGMENT_COUNT_SPACE } from "./series/segment_counts.ts";

const SPACE = "meta";
const SCHEMA_KEY = [SPACE, "schema"];

/** The version of the stored form that this code reads and writes (`docs/storage.md`). */
export const SCHEMA_VERSION = 3;

const schemaRecord = z.object({ v: z.literal(1), version: z.int().positive() });

/** Brings what is stored from one version to the next; safe to run again after it was cut short. */
export type Migration = (kv: Deno.Kv) => Promise<void>;

/** Steps by the version they start from. */
const MIGRATIONS: Readonly<Record<number, Migration>> = {
  1: migrateSegmentCounts,
  // What there is stays as it is; version 2 does not know of the journal.
  2: () => Promise.resolve(),
};

/** What ingest writes with every reading. Segments stay in the journal, as their order is there. */
export const JOURNALED: JournalSpaces = {
  [SEGMENT_SPACE]: { isFlushed: false },
  [SEGMENT_COUNT_SPACE]: { isFlushed: true },
  [REVISION_SPACE]: { isFlushed: true },
  [CHANGED_SPACE]: { isFlushed: true },
  [LAST_SEEN_SPACE]: { isFlushed: true },
};

/** An open database and what it can do. Disposing of it closes it. */
export interface OpenedKv extends AsyncDisposable {
  /** The database. */
  readonly kv: Deno.Kv;
  /** Whether no other process can have it open: then every other owner of a lease is dead. */
  readonly isExclusive: boolean;
  /** Whether it has queues; a database over KV Connect and one on Deno Deploy have none. */
  readonly hasQueue: boolean;
  /** What a commit may hold of what ingest writes. */
  readonly ingestRoom: Cost;
  /** Has the journal, which a database has that is exclusive, write what is old (`kv/journal/journal.ts`). */
  flush(nowMs: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Opens a database: a file (its folder is made), `:memory:`, the URL of a KV Connect server, or
 * null for the host's own. A file is locked (`PATH.lock`), as it serves one process only.
 *
 * @throws {Error} when another process has the file open, or a newer version wrote what it holds.
 */
export async function openKv(
  path: string | null,
  rules: FlushRules = UPKEEP,
): Promise<OpenedKv> {
  await using stack = new AsyncDisposableStack();
  const isRemote = path === null || /^https?:\/\//.test(path);
  if (path !== null && !isRemote && path !== ":memory:") {
    await Deno.mkdir(folderOf(path), { recursive: true });
    stack.use(await lockFile(path));
  }
  const kv = await Deno.openKv(path ?? undefined);
  stack.defer(() => kv.close());
  await checkSchema(kv);
  if (isRemote) await requireNoJournal(kv);
  const journaled = isRemote ? null : await openJournal(kv, JOURNALED, rules);
  const owned = stack.move();
  return {
    kv: journaled?.kv ?? kv,
    ingestRoom: isRemote ? COMMIT_ROOM : JOURNAL_ROOM,
    flush: journaled?.flush ?? (() => Promise.resolve()),
    isExclusive: !isRemote,
    hasQueue: !isRemote,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Sees to it that what is stored has the version this code knows: marks an empty database, brings
 * an older one up step by step.
 *
 * @throws {Error} when it is newer, or no step leads from it.
 */
export async function checkSchema(
  kv: Deno.Kv,
  { wanted, migrations } = { wanted: SCHEMA_VERSION, migrations: MIGRATIONS },
): Promise<void> {
  const entry = await kv.get(SCHEMA_KEY);
  if (entry.versionstamp === null) {
    await kv.atomic().check(entry).set(SCHEMA_KEY, { v: 1, version: wanted }).commit();
    return;
  }
  const { version } = schemaRecord.parse(entry.value);
  if (version > wanted) {
    throw new Error(
      `Cannot open the database as version ${wanted} is the newest known here: ${version}`,
    );
  }
  if (version === wanted) return;
  const migrate = migrations[version];
  if (migrate === undefined) {
    throw new Error(`Cannot open the database as no step leads on from version ${version}`);
  }
  await migrate(kv);
  // Another process may have come as far, or farther, meanwhile.
  await kv.atomic().check(entry).set(SCHEMA_KEY, { v: 1, version: version + 1 }).commit();
  await checkSchema(kv, { wanted, migrations });
}

/** Reads the smallest thing there is; throws when the database does not answer. */
export async function probeKv(kv: Pick<Deno.Kv, "get">): Promise<void> {
  await kv.get(SCHEMA_KEY);
}

/**
 * Sees to it that a database may be shared: what is in a journal is known to the one process alone
 * that has the database as a file.
 *
 * @throws {Error} when it has a journal.
 */
export async function requireNoJournal(kv: Pick<Deno.Kv, "list">): Promise<void> {
  const first = await kv.list({ prefix: [JOURNAL_SPACE] }, { limit: 1 }).next();
  if (first.done) return;
  const remedy = "open it as a file until it took nothing in for two minutes";
  throw new Error(`Cannot share the database as it has a journal: ${remedy}`);
}

async function lockFile(path: string): Promise<Disposable> {
  const file = await Deno.open(`${path}.lock`, { create: true, write: true });
  if (await file.tryLock(true)) return file;
  file.close();
  throw new Error(`Cannot open the database as another process has it open: ${path}`);
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
}
