/**
 * All keys in memory, ready to check what requests present.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { callerOfKey, type Key, type KeyFault, keyFault } from "../../data/access/key.ts";
import type { KeyParts } from "../../data/access/key_text.ts";
import { type Network, parseAddress, parseNetwork } from "../../data/access/network.ts";
import type { StoredKey } from "./key_records.ts";

/** A key that counts, or why it does not. */
export type Verified = { readonly caller: Caller } | { readonly fault: KeyFault };

/** What is kept of a key, so that a request costs little. */
interface KnownKey extends StoredKey {
  readonly caller: Caller;
  readonly networks: readonly Network[] | null;
}

/** The keys in memory. */
export interface KeyMemory {
  /** The keys by their id. */
  readonly keys: ReadonlyMap<string, StoredKey>;
  /** Replaces all keys. */
  replace(all: readonly StoredKey[]): void;
  /** Checks what is presented as a key. */
  verify(parts: KeyParts, address: string, nowMs: number): Verified;
  /** The caller that a key stands for, whether it counts or not; null if there is no key. */
  callerOf(id: string): Caller | null;
}

/** Creates a memory without keys. */
export function createKeyMemory(): KeyMemory {
  const known = new Map<string, KnownKey>();
  return {
    keys: known,
    replace(all) {
      const ids = new Set(all.map(({ key }) => key.id));
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
      for (const stored of all) {
        if (known.get(stored.key.id)?.versionstamp !== stored.versionstamp) {
          known.set(stored.key.id, knownKey(stored));
        }
      }
    },
    verify({ id, secret }, address, nowMs) {
      const found = known.get(id);
      const networks = found?.networks ?? null;
      const bytes = networks === null ? null : parseAddress(address);
      const fault = keyFault({ key: found?.key, networks, secret, address: bytes, nowMs });
      return fault === null && found !== undefined
        ? { caller: found.caller }
        : { fault: fault ?? "unknown" };
    },
    callerOf: (id) => known.get(id)?.caller ?? null,
  };
}

function knownKey({ key, versionstamp }: StoredKey): KnownKey {
  return { key, versionstamp, caller: callerOfKey(key), networks: networksOf(key) };
}

/** The networks of a key. A text that is none, which nobody can store, matches no address. */
function networksOf({ networks }: Key): readonly Network[] | null {
  if (networks === null) return null;
  return networks.flatMap((text) => parseNetwork(text) ?? []);
}
