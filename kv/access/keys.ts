/**
 * The keys of the service.
 *
 * A process keeps all keys in memory, so that a request costs no read. A change counts at once in the
 * process that makes it. Over a shared database, the others look for changes every two seconds unless
 * nobody writes, and a process that could not look for five seconds reads the database before it accepts a key. A key
 * that does not count is looked up there too, as another process may just have made it.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { type Key, keyState } from "../../data/access/key.ts";
import type { KeyLimits } from "../../data/access/key_limits.ts";
import type { KeyParts } from "../../data/access/key_text.ts";
import { MINUTE_MS } from "../../data/limits.ts";
import { type Activity, ALWAYS_ACTIVE, repeat } from "../activity.ts";
import { createKeyCache } from "./key_cache.ts";
import { activeAdmins, createKeyChanges, type KeyChanges } from "./key_changes.ts";
import type { Verified } from "./key_memory.ts";
import { createKeyUses } from "./key_uses.ts";

/** How often a process looks for changes of others, milliseconds. */
const REFRESH_MS = 2_000;
/** After this time without a look, no key is accepted before the next one, milliseconds. */
const STALE_MS = 5_000;
/** Least time between two looks because of a key that does not count, milliseconds. */
const DOUBT_MS = 250;
/** Keeps the keys. */
export interface KeyStore extends KeyChanges, AsyncDisposable {
  /**
   * Checks what is presented as a key, and notes its use. It answers at once, except over a shared
   * database where that has to be read.
   *
   * @throws {Error} if the database had to be read and does not answer.
   */
  verify(parts: KeyParts, address: string): Verified | Promise<Verified>;
  /**
   * The caller that a key stands for now, whatever its networks; null if there is no such key or it
   * does not count.
   */
  callerOf(id: string): Promise<Caller | null>;
  /** The own limits of a key, whether it counts or not, as its jobs outlive it; null if it has none. */
  limitsOf(id: string): Promise<KeyLimits | null>;
  /** A key as the database has it now; null if there is none. */
  get(id: string): Promise<Key | null>;
  /** All keys in the order of their ids, as the database has them now. */
  list(): Promise<readonly Key[]>;
  /** The start of the last minute in which each key was used, epoch milliseconds. */
  listUses(): Promise<ReadonlyMap<string, number>>;
  /** Whether a key that may do everything counts now. */
  hasActiveAdmin(): Promise<boolean>;
  /** Reads what changed in the database since the last call. */
  refresh(): Promise<void>;
  /** Writes which keys were used; it also happens every minute and at the end. */
  flushUses(): Promise<void>;
}

/** What the store needs. */
export interface KeyStoreDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** Whether anybody writes; by default, it looks every two seconds. */
  readonly activity?: Activity;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Milliseconds since any moment; the clock of the machine, which may be set, does not move it. */
  readonly elapsedMs?: () => number;
  /** Called when the database could not be read or written in the background; it is tried again. */
  readonly onFault?: (error: unknown) => void;
}

/** Reads all keys and begins to write uses and, over a shared database, to look for changes. */
export async function openKeys(deps: KeyStoreDeps): Promise<KeyStore> {
  const { kv, isExclusive, activity = ALWAYS_ACTIVE, now, onFault = () => {} } = deps;
  const cache = createKeyCache(deps);
  const uses = createKeyUses(kv);
  const { keys, commit, refresh } = cache;

  function check(parts: KeyParts, address: string): Verified {
    const verified = cache.verify(parts, address, now());
    if ("caller" in verified) uses.note(parts.id, now());
    return verified;
  }

  async function checkAgain(parts: KeyParts, address: string): Promise<Verified> {
    await refresh();
    return check(parts, address);
  }

  await refresh();
  const writing = repeat(uses.flush, { everyMs: MINUTE_MS, activity: ALWAYS_ACTIVE, onFault });
  const looking = isExclusive ? null : repeat(refresh, { everyMs: REFRESH_MS, activity, onFault });
  return {
    verify(parts, address) {
      if (cache.sinceLookMs() >= STALE_MS) return checkAgain(parts, address);
      const verified = check(parts, address);
      const isSure = "caller" in verified || cache.sinceLookMs() < DOUBT_MS;
      return isSure ? verified : checkAgain(parts, address);
    },
    async callerOf(id) {
      if (cache.sinceLookMs() >= STALE_MS) await refresh();
      const key = keys.get(id)?.key;
      return key === undefined || keyState(key, now()) !== "active" ? null : cache.callerOf(id);
    },
    async limitsOf(id) {
      if (cache.sinceLookMs() >= STALE_MS) await refresh();
      return keys.get(id)?.key.limits ?? null;
    },
    async get(id) {
      await refresh();
      return keys.get(id)?.key ?? null;
    },
    async list() {
      await refresh();
      return [...keys.values()].map(({ key }) => key).toSorted(byId);
    },
    listUses: uses.list,
    async hasActiveAdmin() {
      await refresh();
      return activeAdmins(keys, now()).length > 0;
    },
    ...createKeyChanges({ keys, commit, now }),
    refresh,
    flushUses: uses.flush,
    async [Symbol.asyncDispose]() {
      await Promise.all([looking?.stop(), writing.stop()]);
      await uses.flush().catch(onFault);
    },
  };
}

function byId(one: Key, other: Key): number {
  return one.id < other.id ? -1 : 1;
}
