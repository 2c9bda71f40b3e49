/**
 * The keys in memory, kept as the database has them.
 *
 * @module
 */

import type { KeyChange } from "./key_changes.ts";
import { createKeyMemory, type KeyMemory } from "./key_memory.ts";
import { checkKeys, lastKeyChange, listKeys, stageKey, stageKeyRemoval } from "./key_records.ts";
import { stageUseRemoval } from "./key_uses.ts";

/** Keys in memory, and how they change. */
export interface KeyCache extends Pick<KeyMemory, "keys" | "verify" | "callerOf"> {
  /**
   * Reads what changed in the database since the last call. Calls during a read share the next one,
   * because the running one may have missed what they ask for.
   */
  refresh(): Promise<void>;
  /**
   * How long ago the database was last read, milliseconds. 0 for a process that has the database
   * alone and knows every change; Infinity if it may have missed one.
   */
  sinceLookMs(): number;
  /** Commits what a plan makes of the keys as they are; plans again if any changed meanwhile. */
  commit<T>(plan: () => KeyChange<T> | null): Promise<T | null>;
}

/** What the cache needs. */
export interface KeyCacheDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** Milliseconds since any moment. */
  readonly elapsedMs?: () => number;
}

/** Creates a cache that has read nothing. */
export function createKeyCache(
  { kv, isExclusive, elapsedMs = () => performance.now() }: KeyCacheDeps,
): KeyCache {
  const { keys, replace, verify, callerOf } = createKeyMemory();
  let seenVersion: string | null = null;
  let lookedMs = -Infinity;
  /** How many commits began, and how many of them had begun when the database was last read. */
  let begun = 0, settled = 0;

  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  function refresh(): Promise<void> {
    if (running === null) {
      return running = look().finally(() => running = null);
    }
    return next ??= running.catch(() => {}).then(() => {
      next = null;
      return refresh();
    });
  }

  async function look(): Promise<void> {
    const startedMs = elapsedMs(), known = begun;
    // The version before the list: what changes in between is read again next time.
    const version = await lastKeyChange(kv);
    const all = version === seenVersion ? null : await listKeys(kv, keys);
    // Versions compare as text. Reads may end in another order than they began.
    if (all !== null && version !== null && version > (seenVersion ?? "")) {
      replace(all);
      seenVersion = version;
    }
    lookedMs = Math.max(lookedMs, startedMs);
    settled = Math.max(settled, known);
  }

  async function commitOnce<T>(change: KeyChange<T>): Promise<boolean> {
    const op = checkKeys(kv, seenVersion);
    stageKey(op, change.key);
    for (const id of change.removedIds ?? []) {
      stageKeyRemoval(op, id);
      stageUseRemoval(op, id);
    }
    // From here until the next read, it is open whether the change is in the database.
    begun++;
    const { ok } = await op.commit();
    await refresh();
    return ok;
  }

  return {
    keys,
    verify,
    callerOf,
    refresh,
    sinceLookMs() {
      if (settled < begun) return Infinity;
      if (isExclusive) return 0;
      return elapsedMs() - lookedMs;
    },
    async commit(plan) {
      for (;;) {
        await refresh();
        const change = plan();
        if (change === null) return null;
        if (await commitOnce(change)) return change.result;
      }
    },
  };
}
