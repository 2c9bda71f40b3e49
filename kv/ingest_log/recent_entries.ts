/**
 * The entries of devices that records have set lately, by id.
 *
 * A reader may combine them with entries of the database that it read up to a second ago. So they are
 * kept a little longer than their record. Who keeps what it has read for longer takes over what is forgotten.
 *
 * @module
 */

import type { KnownRecord } from "./known_records.ts";

/** How long entries are kept after their record was carried out, milliseconds. */
const KEPT_MS = 2_000;

/** Takes over an entry of a device that is forgotten, by the part of its key that follows the id. */
export type OnForget = (id: string, entry: ReadonlyMap<string, Uint8Array>) => void;

/** The entries of records that are known, and of those that were until a moment ago. */
export interface RecentEntries {
  /** The entries of a device: bytes by the part of the key that follows the id. */
  of(id: string): ReadonlyMap<string, Uint8Array>;
  /** Adds those of a record. */
  add(record: KnownRecord): void;
  /** A record was carried out. */
  drop(record: KnownRecord): void;
  /** Calls a function for each entry that is forgotten. By then, it is in the database. */
  onForget(listener: OnForget): void;
}

const NONE: ReadonlyMap<string, Uint8Array> = new Map();

/** Creates an empty set. */
export function createRecentEntries(elapsedMs: () => number): RecentEntries {
  const byId = new Map<string, Map<string, Uint8Array>>();
  const listeners: OnForget[] = [];
  let dropped: { atMs: number; record: KnownRecord }[] = [];

  function forget({ entries }: KnownRecord): void {
    for (const { key: [, id, name], value } of entries) {
      const own = byId.get(String(id));
      if (own === undefined || !(value instanceof Uint8Array)) continue;
      // A later record may have set it again.
      if (own.get(String(name)) !== value) continue;
      own.delete(String(name));
      if (own.size === 0) byId.delete(String(id));
      const entry = new Map([[String(name), value]]);
      for (const listener of listeners) listener(String(id), entry);
    }
  }

  return {
    of: (id) => byId.get(id) ?? NONE,
    add({ entries }) {
      for (const { key: [, id, name], value } of entries) {
        const own = byId.get(String(id)) ?? new Map<string, Uint8Array>();
        if (value instanceof Uint8Array) own.set(String(name), value);
        else own.delete(String(name));
        if (own.size > 0) byId.set(String(id), own);
      }
    },
    drop(record) {
      const nowMs = elapsedMs();
      dropped.push({ atMs: nowMs, record });
      const kept = dropped.findIndex(({ atMs }) => nowMs - atMs <= KEPT_MS);
      for (const old of dropped.slice(0, kept)) forget(old.record);
      dropped = dropped.slice(kept);
    },
    onForget: (listener) => void listeners.push(listener),
  };
}
