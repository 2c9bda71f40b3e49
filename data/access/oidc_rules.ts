/**
 * Rules that turn the claims of a token into rights.
 *
 * The rules are asked in order, and the first one that holds gives all rights of the caller. Rights of
 * several rules are not added up, because a rule may limit its scopes to some ids.
 *
 * @module
 */

import { z } from "zod";
import { EVERY_ID, type Kind, type Patterns } from "./caller.ts";
import { ID_PATTERN_FORM, ID_PATTERN_RULE } from "./id_pattern.ts";
import { isScope, type Scope, SCOPES } from "./scopes.ts";

/** The claims of a token, whose signature is verified. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a token may do. */
export interface Grant {
  /** At least one scope. */
  readonly scopes: readonly Scope[];
  /** The ids for which it may. */
  readonly patterns: Patterns;
}

/** A rule: which tokens it holds for, and what it gives them. */
export interface OidcRule {
  /** The claims that a token must have, each with one of some values. */
  readonly when: Readonly<Record<string, readonly (string | number | boolean)[]>>;
  /** The scopes that it gives. */
  readonly scopes: readonly Scope[];
  /** The claim whose values are names of more scopes, after a prefix; null for none. */
  readonly scopesFrom: { readonly claim: string; readonly prefix: string } | null;
  /** Patterns of ids, in which `{claim}` stands for the values of a claim; null for every id. */
  readonly patterns: Patterns;
}

/** A pattern in which `{claim}` stands for the values of a claim. */
const CLAIM_IN_PATTERN = /\{([^{}]+)\}/g;
/** A value that may stand in a pattern: the characters of ids, so that it widens no pattern. */
const ID_PART = /^[A-Za-z0-9_.:-]{1,64}$/;
/** The most values of a claim that a pattern is filled with. Each costs time in every request. */
const FILLED_MAX = 100;
const PATTERN_RULE = `a pattern has ${ID_PATTERN_RULE}, and {CLAIM} for the values of a claim`;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const wanted = z.union([scalar.transform((value) => [value]), z.array(scalar).min(1)], {
  error: "a claim has a text, a number, true or false, or a list of them",
});
const patternList = z.array(z.string().refine(isPattern, PATTERN_RULE)).min(
  1,
  "a list has an item",
);

const ruleSchema = z.strictObject({
  when: z.record(z.string(), wanted).default({}),
  scopes: z.array(z.enum(SCOPES, `a scope is ${SCOPES.join(", ")}`)).default([]),
  scopes_from: z.string().optional(),
  prefix: z.string().default(""),
  meters: patternList.optional(),
  devices: patternList.optional(),
  stores: patternList.optional(),
}).refine(
  ({ scopes, scopes_from }) => scopes.length > 0 || scopes_from !== undefined,
  "a rule has scopes or scopes_from",
);

const rulesSchema = z.array(ruleSchema, "it is a list of rules").min(1, "it is a list of rules");

/** The rules without a setting: `scope` (RFC 8693) or `scp` holds `openwatts:read` and the like. */
export const DEFAULT_OIDC_RULES: readonly OidcRule[] = ["scope", "scp"].map((claim) => ({
  when: {},
  scopes: [],
  scopesFrom: { claim, prefix: "openwatts:" },
  patterns: EVERY_ID,
}));

/** The rules in a text of JSON, or what is wrong with it, one clause each. */
export function parseOidcRules(
  text: string,
): { readonly rules: readonly OidcRule[] } | { readonly problems: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problems: ["it is not valid JSON"] };
  }
  const result = rulesSchema.safeParse(value);
  if (result.success) return { rules: result.data.map(ruleOf) };
  return {
    problems: result.error.issues.map(({ path: [index, ...path], message }) =>
      index === undefined
        ? message
        : [`rule ${Number(index) + 1}`, ...path.map(String), message].join(": ")
    ),
  };
}

function ruleOf(
  { when, scopes, scopes_from: claim, prefix, meters, devices, stores }: z.output<
    typeof ruleSchema
  >,
): OidcRule {
  return {
    when,
    scopes,
    scopesFrom: claim === undefined ? null : { claim, prefix },
    patterns: { meter: meters ?? null, device: devices ?? null, store: stores ?? null },
  };
}

/** What a token with these claims may do; null if no rule gives it a scope. */
export function grantOf(rules: readonly OidcRule[], claims: Claims): Grant | null {
  for (const rule of rules) {
    if (!holds(rule, claims)) continue;
    const scopes = scopesOf(rule, claims);
    const found = patternsOf(rule, claims);
    if (scopes.length > 0 && found !== null) return { scopes, patterns: found };
  }
  return null;
}

/**
 * The values of a claim as texts: of a list each item, of `scope` and `scp` each word. Dots lead into
 * objects: `realm_access.roles`. A claim whose own name has dots comes first.
 */
export function claimValues(claims: Claims, name: string): readonly string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : valueAt(claims, name.split("."));
  const values = (Array.isArray(value) ? value : [value])
    .filter((one) => ["string", "number", "boolean"].includes(typeof one)).map(String);
  return name === "scope" || name === "scp"
    ? values.flatMap((text) => text.split(" ")).filter((word) => word !== "")
    : values;
}

function valueAt(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return null;
    value = Reflect.get(value, part);
  }
  return value;
}

function holds({ when }: OidcRule, claims: Claims): boolean {
  return Object.entries(when).every(([name, wanted]) => {
    const values = claimValues(claims, name);
    return wanted.some((one) => values.includes(String(one)));
  });
}

function scopesOf({ scopes, scopesFrom: from }: OidcRule, claims: Claims): Scope[] {
  const named = from === null ? [] : claimValues(claims, from.claim)
    .filter((text) => text.startsWith(from.prefix)).map((text) => text.slice(from.prefix.length))
    .filter(isScope);
  return [...new Set([...scopes, ...named])];
}

/** The patterns of a rule, claims filled in; null if a list has none because claims are missing. */
function patternsOf({ patterns }: OidcRule, claims: Claims): Patterns | null {
  const found: Record<Kind, readonly string[] | null> = { ...EVERY_ID };
  for (const kind of ["meter", "device", "store"] as const) {
    const list = patterns[kind];
    if (list === null) continue;
    const filled = list.flatMap((pattern) => filledPatterns(pattern, claims));
    if (filled.length === 0) return null;
    found[kind] = filled;
  }
  return found;
}

/** A pattern with the first {@link FILLED_MAX} values of its claims in their places. */
function filledPatterns(pattern: string, claims: Claims): string[] {
  const [, name] = pattern.match(/\{([^{}]+)\}/) ?? [];
  if (name === undefined) return ID_PATTERN_FORM.test(pattern) ? [pattern] : [];
  return claimValues(claims, name).filter((value) => ID_PART.test(value)).slice(0, FILLED_MAX)
    .flatMap((value) => filledPatterns(pattern.replace(`{${name}}`, () => value), claims));
}

function isPattern(text: string): boolean {
  return ID_PATTERN_FORM.test(text.replaceAll(CLAIM_IN_PATTERN, "x"));
}
