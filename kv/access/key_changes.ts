/**
 * Changes of keys. Each sees all keys as they are, and is one commit.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { EVERY_ID } from "../../data/access/caller.ts";
import { isActiveAdmin, type Key, type KeyGrant, keyState } from "../../data/access/key.ts";
import { NO_KEY_LIMITS } from "../../data/access/key_limits.ts";
import {
  KEY_ID_BYTES,
  type KeyParts,
  keyText,
  newKeyId,
  newSecret,
  SECRET_BYTES,
  secretHash,
} from "../../data/access/key_text.ts";
import { KEY_RETENTION_MS, KEYS_MAX } from "../../data/limits.ts";
import type { StoredKey } from "./key_records.ts";

/** Most old keys that are deleted with one change. */
const REMOVED_AT_ONCE = 100;

/** A new key. */
export interface NewKey extends KeyGrant {
  /** Who makes it: the owner of a caller. */
  readonly createdBy: string;
}

/** A key, and its text, which nobody can see again. */
export interface ShownKey {
  /** The key. */
  readonly key: Key;
  /** Its text, with the secret. */
  readonly text: string;
}

/** What can be done with keys. */
export interface KeyChanges {
  /**
   * Makes a key. Deletes the records of keys that were revoked or expired 90 days ago.
   *
   * @throws {AppError} TOO_MANY_KEYS.
   */
  create(grant: NewKey): Promise<ShownKey>;
  /** Makes a key that may do everything, unless one counts; null if one does. */
  createFirst(name: string): Promise<ShownKey | null>;
  /**
   * Makes the key of a text, or makes it count again, with every right and without an end. Returns
   * whether that changed anything.
   */
  importKey(parts: KeyParts, name: string): Promise<boolean>;
  /**
   * Changes a key.
   *
   * @throws {AppError} KEY_NOT_FOUND, KEY_FIXED if it is revoked or the setting of the service,
   * LAST_ADMIN_KEY.
   */
  change(id: string, changeOf: (key: Key) => Partial<KeyGrant>): Promise<Key>;
  /**
   * Revokes a key. Does nothing if it is revoked. `isForced` also revokes the setting of the service
   * and the last key that may do everything.
   *
   * @throws {AppError} KEY_NOT_FOUND, KEY_FIXED for the setting of the service, LAST_ADMIN_KEY.
   */
  revoke(id: string, options?: { readonly isForced?: boolean }): Promise<Key>;
  /**
   * Gives a key a new secret. The old one counts for a grace; one that was replaced before does not.
   *
   * @throws {AppError} KEY_NOT_FOUND, KEY_FIXED.
   */
  rotate(id: string, graceMs: number): Promise<ShownKey>;
}

/** A change of keys: what to write, what to delete, and what the caller gets. */
export interface KeyChange<T> {
  /** The key to write. */
  readonly key: Key;
  /** Keys whose records are deleted. */
  readonly removedIds?: readonly string[];
  /** What the caller gets. */
  readonly result: T;
}

/** What the changes need. */
export interface KeyChangeDeps {
  /** All keys, as they are while `plan` runs. */
  readonly keys: ReadonlyMap<string, StoredKey>;
  /** Commits what `plan` returns; calls it again if any key changed meanwhile. Null changes nothing. */
  commit<T>(plan: () => KeyChange<T> | null): Promise<T | null>;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Creates the changes. */
export function createKeyChanges({ keys, commit, now }: KeyChangeDeps): KeyChanges {
  /** A key that the API may change. */
  function changeable(id: string): Key {
    const key = known(id);
    if (key.origin === "setting") {
      throw new AppError("KEY_FIXED", `The key ${id} is the setting ADMIN_KEY: change it there`);
    }
    if (key.revokedMs !== null) throw new AppError("KEY_FIXED", `The key ${id} is revoked`);
    return key;
  }

  function known(id: string): Key {
    const key = keys.get(id)?.key;
    if (key === undefined) throw new AppError("KEY_NOT_FOUND", `There is no key ${id}`);
    return key;
  }

  /** Makes sure that somebody can still make keys after a change. */
  function requireAdmin(before: Key, after: Key): void {
    if (!isActiveAdmin(before, now()) || isActiveAdmin(after, now())) return;
    if (activeAdmins(keys, now()).some(({ id }) => id !== after.id)) return;
    const detail = `The key ${after.id} is the last one with the scope admin: make another first`;
    throw new AppError("LAST_ADMIN_KEY", detail);
  }

  function added(origin: Key["origin"], grant: NewKey): KeyChange<ShownKey> {
    const old = [...keys.values()].filter(({ key }) => isOld(key, now()));
    const removedIds = old.slice(0, REMOVED_AT_ONCE).map(({ key: { id } }) => id);
    if (keys.size - removedIds.length >= KEYS_MAX) {
      throw new AppError("TOO_MANY_KEYS", `There can be at most ${KEYS_MAX} keys`, {
        details: "A key that was revoked or has expired counts for 90 days more",
      });
    }
    let id: string;
    do id = newKeyId(now(), random(KEY_ID_BYTES)); while (keys.has(id));
    const secret = newSecret(random(SECRET_BYTES));
    const key: Key = {
      ...grant,
      id,
      origin,
      createdMs: now(),
      revokedMs: null,
      rotatedMs: null,
      hash: secretHash(secret),
      previous: null,
    };
    return { key, removedIds, result: { key, text: keyText({ id, secret }) } };
  }

  return {
    create: (grant) => certain(commit(() => added("api", grant))),
    createFirst: (name) =>
      commit(() =>
        activeAdmins(keys, now()).length > 0
          ? null
          : added("first", { ...everything(name), createdBy: "service" })
      ),
    async importKey({ id, secret }, name) {
      const isChanged = await commit(() => {
        const before = keys.get(id)?.key;
        const key = settingKey({ before, name, nowMs: now() }, { id, secret });
        return before !== undefined && isSame(before, key) ? null : { key, result: true };
      });
      return isChanged ?? false;
    },
    change: (id, changeOf) =>
      certain(commit(() => {
        const before = changeable(id);
        const key = { ...before, ...changeOf(before) };
        requireAdmin(before, key);
        return { key, result: key };
      })),
    async revoke(id, { isForced = false } = {}) {
      const revoked = await commit(() => {
        const before = known(id);
        if (before.revokedMs !== null) return null;
        if (!isForced) changeable(id);
        const key = { ...before, revokedMs: now() };
        if (!isForced) requireAdmin(before, key);
        return { key, result: key };
      });
      return revoked ?? known(id);
    },
    rotate: (id, graceMs) =>
      certain(commit(() => {
        const before = changeable(id);
        const secret = newSecret(random(SECRET_BYTES));
        const previous = graceMs === 0 ? null : { hash: before.hash, untilMs: now() + graceMs };
        const key = { ...before, hash: secretHash(secret), previous, rotatedMs: now() };
        return { key, result: { key, text: keyText({ id, secret }) } };
      })),
  };
}

/** The keys that may do everything now. */
export function activeAdmins(keys: ReadonlyMap<string, StoredKey>, nowMs: number): Key[] {
  return [...keys.values()].map(({ key }) => key).filter((key) => isActiveAdmin(key, nowMs));
}

/** Whether a key stopped counting so long ago that nobody will ask for it. */
function isOld(key: Key, nowMs: number): boolean {
  if (keyState(key, nowMs) === "active") return false;
  const endedMs = Math.min(key.revokedMs ?? Infinity, key.expiresMs ?? Infinity);
  return endedMs < nowMs - KEY_RETENTION_MS;
}

/** The key that a setting names. Its age, and what else the API shows of it, stay. */
function settingKey(
  { before, name, nowMs }: { before: Key | undefined; name: string; nowMs: number },
  { id, secret }: KeyParts,
): Key {
  const hash = secretHash(secret);
  return {
    ...everything(name),
    id,
    origin: "setting",
    createdMs: before?.createdMs ?? nowMs,
    createdBy: before?.createdBy ?? "service",
    revokedMs: null,
    rotatedMs: before === undefined || before.hash === hash ? before?.rotatedMs ?? null : nowMs,
    hash,
    previous: null,
  };
}

/** Every right, without an end. */
function everything(name: string): KeyGrant {
  return {
    name,
    scopes: ["admin"],
    patterns: EVERY_ID,
    networks: null,
    expiresMs: null,
    limits: NO_KEY_LIMITS,
  };
}

function isSame(one: Key, other: Key): boolean {
  const text = (key: Key) => JSON.stringify(Object.entries(key).toSorted());
  return text(one) === text(other);
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** The result of a change that always changes something. */
async function certain<T>(change: Promise<T | null>): Promise<T> {
  const result = await change;
  if (result === null) throw new TypeError("Cannot change a key without a result");
  return result;
}
