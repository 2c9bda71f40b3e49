/**
 * Limits on the readings that accounts have stored.
 *
 * The number of readings of an account changes with the heads of its series, so it is exact for
 * readings in blocks. Ingest writes no head: what it brings counts when compaction folds it, after
 * half a minute at most. So an account can exceed its limit by what it ingests in that time, or by one
 * batch of an import.
 *
 * @module
 */

import type { AccountLimits } from "../../data/access/account.ts";
import type { KeyLimits } from "../../data/access/key_limits.ts";
import { AppError } from "../../data/app_error.ts";
import { getReadingCount } from "../jobs/accounts.ts";
import type { SeriesStore } from "./store.ts";

/** How long ingest relies on a number that was read, milliseconds. */
const FRESH_MS = 1_000;
/** Most accounts whose numbers are kept in memory. */
const MAX_ACCOUNTS = 10_000;

/** An account, and the limits of its own. */
export interface AccountWithLimits {
  /** Its name. */
  readonly account: string;
  /** Its own limits; null if only those of the service hold. */
  readonly limits: KeyLimits | null;
}

/** Enforces limits on stored readings. */
export interface ReadingQuotas {
  /**
   * Writes readings for an account: series that begin count for it.
   *
   * @throws {AppError} QUOTA_EXCEEDED if the account has reached its limit before a write.
   */
  writersOf(account: AccountWithLimits): Pick<SeriesStore, "write" | "writeMany">;
  /**
   * Checks that an account may ingest. Reads at most once a second for each account, and nothing for
   * one without a limit; then it returns at once.
   *
   * @throws {AppError} QUOTA_EXCEEDED if the account has reached its limit.
   */
  requireRoom(account: AccountWithLimits): Promise<void> | undefined;
}

/** What the quotas need. */
export interface ReadingQuotasDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get">;
  /** The store of readings. */
  readonly series: Pick<SeriesStore, "ofAccount">;
  /** The limits of accounts that have none of their own. */
  readonly accountLimits: AccountLimits;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Creates quotas that have read nothing. */
export function createReadingQuotas(deps: ReadingQuotasDeps): ReadingQuotas {
  const known = new Map<string, { count: Promise<number>; readMs: number }>();

  function limitOf({ limits }: AccountWithLimits): number | null {
    return limits?.storedReadings ?? deps.accountLimits.storedReadings;
  }

  function freshCount(account: string): Promise<number> {
    const found = known.get(account), nowMs = deps.now();
    if (found !== undefined && nowMs - found.readMs < FRESH_MS) return found.count;
    if (known.size >= MAX_ACCOUNTS) known.clear();
    const count = getReadingCount(deps.kv, account);
    // A read that fails fails those that wait for it, and is not repeated to others.
    count.catch(() => known.delete(account));
    known.set(account, { count, readMs: nowMs });
    return count;
  }

  async function requireNow(account: AccountWithLimits): Promise<void> {
    const limit = limitOf(account);
    if (limit !== null) requireBelow(await getReadingCount(deps.kv, account.account), limit);
  }

  return {
    writersOf(account) {
      const { write, writeMany } = deps.series.ofAccount(account.account);
      return {
        async write(...parameters) {
          await requireNow(account);
          return await write(...parameters);
        },
        async writeMany(...parameters) {
          await requireNow(account);
          return await writeMany(...parameters);
        },
      };
    },
    requireRoom(account) {
      const limit = limitOf(account);
      if (limit === null) return undefined;
      return freshCount(account.account).then((count) => requireBelow(count, limit));
    },
  };
}

function requireBelow(count: number, limit: number): void {
  if (count < limit) return;
  throw new AppError(
    "QUOTA_EXCEEDED",
    `At most ${limit} readings of yours may be stored, and ${count} are stored now`,
    { details: "Delete readings that you no longer need" },
  );
}
