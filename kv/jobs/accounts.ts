/**
 * Accounts: whom limits count for, and who take turns. An account is a key, a user of the identity
 * provider, or the address of an anonymous client.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["job_account"]` | `KvU64`: the last turn that was taken | whoever takes a turn |
 * | `["job_account", account]` | `{ v: 1, turn }`: its latest turn | `turns.ts` |
 * | `["job_account", account, "in_turn"]` | `true` while its turn stands in the due index | `turns.ts` |
 * | `["job_account", account, "waiting"]` | `KvU64`: its pending jobs | whoever moves a job, in the same commit |
 * | `["job_account", account, "running"]` | `KvU64`: its running jobs | the same |
 * | `["job_account", account, "file_bytes"]` | `KvU64`: the bytes of the files of its jobs | the same |
 * | `["job_account", account, "readings"]` | `KvU64`: the readings in blocks of its series | whoever writes the head of a series, in the same commit |
 *
 * A move of a job checks its record and changes the counts by what the move changes. So the counts
 * are exact after a crash, after a commit whose answer is lost, and with any number of processes. So is
 * the number of readings, which changes with the heads of series.
 *
 * @module
 */

import { z } from "zod";
import type { Staging } from "../budget.ts";

const SPACE = "job_account";
const WAITING = "waiting";
const COUNTED = [WAITING, "running", "file_bytes"] as const;
const READINGS = "readings";
const IN_TURN = "in_turn";

/** The key of the last turn that any account took. */
export const ROUND_KEY: Deno.KvKey = [SPACE];

const placeSchema = z.object({ v: z.literal(1), turn: z.int() });

/** What is counted for an account. */
export interface AccountCounts {
  /** Pending jobs. */
  readonly waiting: number;
  /** Running jobs. */
  readonly running: number;
  /** The bytes of the files of its jobs. */
  readonly fileBytes: number;
}

/** A version of an entry, for checks. */
export type Version = Pick<Deno.KvEntryMaybe<unknown>, "key" | "versionstamp">;

/** An account as it was read. The versions are no older than the values. */
export interface Account extends AccountCounts {
  /** Its name. */
  readonly name: string;
  /** Its latest turn; -1 if it never had one. */
  readonly turn: number;
  /** Whether its turn stands in the due index. */
  readonly isWaiting: boolean;
  /** The last turn that any account took. */
  readonly round: number;
  /** The version of `turn`. */
  readonly place: Version;
  /** The version of `isWaiting`. */
  readonly waitingSince: Version;
  /** The versions of the counts. */
  readonly versions: {
    readonly waiting: Version;
    readonly running: Version;
    readonly fileBytes: Version;
  };
}

/** No jobs and no files. */
export const NO_COUNTS: AccountCounts = { waiting: 0, running: 0, fileBytes: 0 };

/** Reads an account. One that nobody has used yet has no jobs. */
export async function readAccount(
  kv: Pick<Deno.Kv, "getMany">,
  name: string,
): Promise<Account> {
  const counted = COUNTED.map((each) => [SPACE, name, each]);
  const keys = [ROUND_KEY, [SPACE, name], [SPACE, name, IN_TURN], ...counted];
  const [round, place, waitingSince, waiting, running, fileBytes] = await kv.getMany<unknown[]>(
    keys,
  );
  return {
    name,
    turn: place.versionstamp === null ? -1 : placeSchema.parse(place.value).turn,
    isWaiting: waitingSince.versionstamp !== null,
    round: roundOf(round),
    place,
    waitingSince,
    waiting: countOf(waiting),
    running: countOf(running),
    fileBytes: countOf(fileBytes),
    versions: { waiting, running, fileBytes },
  };
}

/**
 * A portion of what all accounts count, in the order of their names. Reads at most `limit` entries; an
 * account has a few. `next` is where the next portion begins; null at the end.
 */
export async function sumFileBytes(
  kv: Pick<Deno.Kv, "list">,
  { from, limit }: { from: Deno.KvKey | null; limit: number },
): Promise<{ fileBytes: number; next: Deno.KvKey | null }> {
  const prefix = [SPACE];
  const selector = from === null ? { prefix } : { prefix, start: from };
  let fileBytes = 0, read = 0;
  let last: Deno.KvKey = prefix;
  for await (const { key, value, versionstamp } of kv.list(selector, { limit, batchSize: 500 })) {
    read++;
    last = key;
    if (key[2] === "file_bytes") fileBytes += countOf({ key, value, versionstamp });
  }
  return { fileBytes, next: read < limit ? null : keyAfter(last) };
}

/** The first key after one that consists of texts. */
function keyAfter(key: Deno.KvKey): Deno.KvKey {
  return key.length < 3 ? [...key, ""] : [...key.slice(0, -1), `${String(key.at(-1))}\0`];
}

/** Adds the difference between two counts of an account to a commit. */
export function stageCounts(
  op: Staging,
  name: string,
  { from, to }: { from: AccountCounts; to: AccountCounts },
): void {
  const changes = [
    to.waiting - from.waiting,
    to.running - from.running,
    to.fileBytes - from.fileBytes,
  ];
  for (const [index, change] of changes.entries()) {
    // A sum wraps around, so that adding 2^64 - 1 subtracts one.
    if (change !== 0) op.sum([SPACE, name, COUNTED[index]], BigInt.asUintN(64, BigInt(change)));
  }
}

/**
 * Gives the number of pending jobs of an account a new version, also if it stays as it is. So a commit
 * that checks this version fails when a job joins the line, from wherever it comes.
 */
export function stageJoined(op: Staging, name: string): void {
  op.sum([SPACE, name, WAITING], 0n);
}

/** Adds a change of the number of readings of an account to a commit. */
export function stageReadingCount(op: Staging, name: string, change: number): void {
  if (change !== 0) op.sum([SPACE, name, READINGS], BigInt.asUintN(64, BigInt(change)));
}

/** How many readings the series of an account have in blocks. */
export async function getReadingCount(kv: Pick<Deno.Kv, "get">, name: string): Promise<number> {
  return countOf(await kv.get([SPACE, name, READINGS]));
}

/** Sets the counts of an account, whatever they were. */
export function stageCountsAnew(op: Staging, name: string, counts: AccountCounts): void {
  const values = [counts.waiting, counts.running, counts.fileBytes];
  for (const [index, value] of values.entries()) {
    op.set([SPACE, name, COUNTED[index]], new Deno.KvU64(BigInt(value)));
  }
}

/** Stores the latest turn of an account. */
export function stagePlace(op: Staging, name: string, turn: number): void {
  op.set([SPACE, name], { v: 1, turn });
}

/** Stores whether the turn of an account stands in the due index. */
export function stageWaiting(op: Staging, name: string, isWaiting: boolean): void {
  if (isWaiting) op.set([SPACE, name, IN_TURN], true);
  else op.delete([SPACE, name, IN_TURN]);
}

/**
 * Forgets an account without jobs and files, under checks that it still has none. False, with nothing
 * added, if it has some. Its number of readings stays. The next job makes it anew.
 */
export function stageAccountDelete(op: Deno.AtomicOperation, account: Account): boolean {
  const { isWaiting, waiting, running, fileBytes, place, waitingSince, versions } = account;
  if (isWaiting || waiting + running + fileBytes > 0) return false;
  op.check(place, waitingSince, versions.waiting, versions.running, versions.fileBytes);
  for (const { key } of [place, versions.waiting, versions.running, versions.fileBytes]) {
    op.delete(key);
  }
  return true;
}

/** Records that a turn was taken. */
export function stageRound(op: Staging, turn: number): void {
  op.max(ROUND_KEY, BigInt(turn));
}

/** The last turn that any account took, from the entry at {@link ROUND_KEY}. */
export function roundOf(entry: Deno.KvEntryMaybe<unknown>): number {
  return countOf(entry);
}

function countOf({ value }: Deno.KvEntryMaybe<unknown>): number {
  // A process of an older release may have moved jobs without counting: not below zero.
  return value instanceof Deno.KvU64 ? Math.max(0, Number(BigInt.asIntN(64, value.value))) : 0;
}
