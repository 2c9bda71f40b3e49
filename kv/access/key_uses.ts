/**
 * When each key was last used, to the minute.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["key_used", id]` | minutes since 1970, as `KvU64` | every process, with `max()`, at most once a minute |
 *
 * @module
 */

import { MINUTE_MS } from "../../data/limits.ts";
import { packStages, type Stage, type Staging } from "../budget.ts";

/** First part of the keys. */
export const KEY_USE_SPACE = "key_used";

/** Collects uses in memory and writes them now and then. */
export interface KeyUses {
  /** Notes that a key is used now. */
  note(id: string, nowMs: number): void;
  /** Writes what was noted since the last call. */
  flush(): Promise<void>;
  /** The start of the last minute in which each key was used by any process, epoch milliseconds. */
  list(): Promise<ReadonlyMap<string, number>>;
}

/** Creates an empty collection. */
export function createKeyUses(kv: Pick<Deno.Kv, "list" | "atomic">): KeyUses {
  const minutes = new Map<string, number>();
  let unwritten = new Set<string>();

  return {
    note(id, nowMs) {
      const minute = Math.floor(nowMs / MINUTE_MS);
      if ((minutes.get(id) ?? 0) >= minute) return;
      minutes.set(id, minute);
      unwritten.add(id);
    },
    async flush() {
      const ids = unwritten;
      unwritten = new Set();
      try {
        const stages = [...ids].map((id): Stage => (op) =>
          op.max([KEY_USE_SPACE, id], BigInt(minutes.get(id) ?? 0))
        );
        for (const group of packStages(stages)) {
          const op = kv.atomic();
          for (const stage of group) stage(op);
          await op.commit();
        }
      } catch (error) {
        for (const id of ids) unwritten.add(id);
        throw error;
      }
    },
    async list() {
      const all = new Map<string, number>();
      for await (const { key, value } of kv.list<Deno.KvU64>({ prefix: [KEY_USE_SPACE] })) {
        all.set(String(key[1]), Number(value.value));
      }
      for (const [id, minute] of minutes) all.set(id, Math.max(minute, all.get(id) ?? 0));
      return new Map([...all].map(([id, minute]) => [id, minute * MINUTE_MS]));
    },
  };
}

/** Adds the deletion of what is known about the use of a key to a commit. */
export function stageUseRemoval(op: Staging, id: string): void {
  op.delete([KEY_USE_SPACE, id]);
}
