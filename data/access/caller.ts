/**
 * Who sends a request, and what they may do.
 *
 * @module
 */

import { matchesEverything, matchesPattern } from "./id_pattern.ts";
import type { KeyLimits } from "./key_limits.ts";
import { heldScopes, type Scope, SCOPES } from "./scopes.ts";

/** What has an id that a caller may be restricted to. */
export type Kind = "meter" | "device" | "store";

/**
 * Patterns of the ids that a caller may touch (`data/access/id_pattern.ts`). Null stands for every
 * id, an empty list for none.
 */
export type Patterns = Readonly<Record<Kind, readonly string[] | null>>;

/** Every id of every kind. */
export const EVERY_ID: Patterns = { meter: null, device: null, store: null };

/** Owner of the jobs that callers without a key create. Jobs are stored with it. */
export const ANYONE = "anyone";

/** Who acts, for the log and the audit. It never holds a secret. */
export interface Actor {
  /** How the caller was recognized. */
  readonly kind: "anonymous" | "key" | "oidc" | "link";
  /** The id of the key, the subject, or the address of an anonymous caller. */
  readonly id: string;
  /** A name for people; that of the key. */
  readonly name: string;
}

/** Who sends a request. */
export interface Caller {
  /** Whom jobs belong to: {@link ANYONE} without keys, `key:<id>`, `oidc:<issuer hash>:<sub>`. */
  readonly owner: string;
  /** Who acts. */
  readonly actor: Actor;
  /** Everything that the caller may do; with `admin`, all scopes are in it. */
  readonly scopes: ReadonlySet<Scope>;
  /** The ids that the caller may touch. */
  readonly patterns: Patterns;
  /** Whether some ids of a kind are not visible. False: lists need no filter. */
  readonly isRestricted: Readonly<Record<Kind, boolean>>;
  /** The caller's own limits; null if only those of the service hold. */
  readonly limits: KeyLimits | null;
  /** Whether the caller may touch what has this id. Ids that it may not touch do not exist for it. */
  mayTouch(kind: Kind, id: string): boolean;
}

/** What a caller is made of. */
export interface CallerParts {
  /** Whom jobs belong to. */
  readonly owner: string;
  /** Who acts. */
  readonly actor: Actor;
  /** The scopes that were given; `admin` stands for all. */
  readonly scopes: readonly Scope[];
  /** The ids that the caller may touch; every id by default. */
  readonly patterns?: Patterns;
  /** The caller's own limits; null by default. */
  readonly limits?: KeyLimits | null;
}

/** A caller with these rights. */
export function createCaller(
  { owner, actor, scopes, patterns = EVERY_ID, limits = null }: CallerParts,
): Caller {
  const isRestrictedTo = (list: readonly string[] | null) =>
    list !== null && !matchesEverything(list);
  const isRestricted = {
    meter: isRestrictedTo(patterns.meter),
    device: isRestrictedTo(patterns.device),
    store: isRestrictedTo(patterns.store),
  };
  return {
    owner,
    actor,
    scopes: heldScopes(scopes),
    patterns,
    isRestricted,
    limits,
    mayTouch: (kind, id) =>
      !isRestricted[kind] ||
      (patterns[kind]?.some((pattern) => matchesPattern(pattern, id)) ?? true),
  };
}

/** The caller of a service without authentication: anyone, who may do everything. */
export function anonymousCaller(address: string): Caller {
  return { ...EVERYONE, actor: { kind: "anonymous", id: address, name: address } };
}

/** A caller without valid credentials, who may only use public routes. */
export function unknownCaller(address: string): Caller {
  return { ...NOBODY, actor: { kind: "anonymous", id: address, name: address } };
}

const UNKNOWN = { kind: "anonymous", id: "", name: "" } as const;
const EVERYONE = createCaller({ owner: ANYONE, actor: UNKNOWN, scopes: SCOPES });
const NOBODY = createCaller({
  owner: "nobody",
  actor: UNKNOWN,
  scopes: [],
  patterns: { meter: [], device: [], store: [] },
});
