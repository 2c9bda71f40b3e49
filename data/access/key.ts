/**
 * Keys: what they are, and when they count.
 *
 * | state | when |
 * |---|---|
 * | active | otherwise |
 * | expired | its time is over |
 * | revoked | somebody revoked it, whether or not its time is over |
 *
 * @module
 */

import { type Caller, createCaller, type Patterns } from "./caller.ts";
import type { KeyLimits } from "./key_limits.ts";
import { equalHashes, secretHash } from "./key_text.ts";
import { type AddressBytes, isInNetwork, type Network } from "./network.ts";
import type { Scope } from "./scopes.ts";

/** Where a key comes from: the API, the first start, or the setting `ADMIN_KEY`. */
export const KEY_ORIGINS = ["api", "first", "setting"] as const;

/** What people say about a key. */
export interface KeyGrant {
  /** What people call it. */
  readonly name: string;
  /** What it may do. */
  readonly scopes: readonly Scope[];
  /** The ids that it may touch. */
  readonly patterns: Patterns;
  /** The networks from which it counts, as text; null for everywhere. */
  readonly networks: readonly string[] | null;
  /** When it stops counting, epoch milliseconds; null for never. */
  readonly expiresMs: number | null;
  /** Its own limits. */
  readonly limits: KeyLimits;
}

/** A key as it is stored. */
export interface Key extends KeyGrant {
  /** Its id. */
  readonly id: string;
  /** Where it comes from. */
  readonly origin: typeof KEY_ORIGINS[number];
  /** When it was made, epoch milliseconds. */
  readonly createdMs: number;
  /** Who made it: the owner of a caller. */
  readonly createdBy: string;
  /** When it was revoked, epoch milliseconds; null if it was not. */
  readonly revokedMs: number | null;
  /** When it last got a new secret, epoch milliseconds; null if it never did. */
  readonly rotatedMs: number | null;
  /** The hash of its secret. */
  readonly hash: string;
  /** The secret before the last rotation, and until when it counts; null if there is none. */
  readonly previous: { readonly hash: string; readonly untilMs: number } | null;
}

/** Whether a key counts, and why not. */
export type KeyState = "active" | "expired" | "revoked";

/** The state of a key at a time. */
export function keyState({ revokedMs, expiresMs }: Key, nowMs: number): KeyState {
  if (revokedMs !== null) return "revoked";
  return expiresMs !== null && expiresMs <= nowMs ? "expired" : "active";
}

/** Whether a key may do everything at a time. */
export function isActiveAdmin(key: Key, nowMs: number): boolean {
  return key.scopes.includes("admin") && keyState(key, nowMs) === "active";
}

/** The caller that a key stands for. */
export function callerOfKey({ id, name, scopes, patterns, limits }: Key): Caller {
  const actor = { kind: "key", id, name } as const;
  return createCaller({ owner: `key:${id}`, actor, scopes, patterns, limits });
}

/** Why a key does not count. */
export type KeyFault = "unknown" | "wrong secret" | "revoked" | "expired" | "other network";

/** A key to check, and what is presented as it. */
export interface PresentedKey {
  /** The key of the id that is presented; undefined if there is none. */
  readonly key: Key | undefined;
  /** The networks of the key; null for everywhere. */
  readonly networks: readonly Network[] | null;
  /** The secret that is presented. */
  readonly secret: string;
  /** The address of the client; null if it is not known. */
  readonly address: AddressBytes | null;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
}

/**
 * Why a key does not count, or null if it does. The work is the same for a right and a wrong secret,
 * and for an id without a key.
 */
export function keyFault(
  { key, networks, secret, address, nowMs }: PresentedKey,
): KeyFault | null {
  const hash = secretHash(secret);
  const isCurrent = equalHashes(hash, key?.hash ?? NO_HASH);
  const isPrevious = equalHashes(hash, key?.previous?.hash ?? NO_HASH) &&
    nowMs < (key?.previous?.untilMs ?? -Infinity);
  if (key === undefined) return "unknown";
  if (!isCurrent && !isPrevious) return "wrong secret";
  const state = keyState(key, nowMs);
  if (state !== "active") return state;
  if (networks === null) return null;
  const isInside = address !== null && networks.some((network) => isInNetwork(network, address));
  return isInside ? null : "other network";
}

/** As long as a hash, and the hash of nothing that is known. */
const NO_HASH = "0".repeat(64);
