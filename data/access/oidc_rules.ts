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
  readonly when: Readonly<Record<string, readonly Scalar[]>>;
  /** The scopes that it gives. */
  readonly scopes: readonly Scope[];
  /** The claim whose values are names of more scopes, after a prefix; null for none. */
  readonly scopesFrom: { readonly claim: string; readonly prefix: string } | null;
  /** Patterns of ids, in which `{claim}` stands for the values of a claim; null for every id. */
  readonly patterns: Patterns;
}

/** A pattern in which `{claim}` stands for the values of a claim. */
const CLAIM_IN_PATTERN = /\{([^{}]+)\}/;
/** A value that may stand in a pattern: the characters of ids, so that it widens no pattern. */
const ID_PART = /^[A-Za-z0-9_.:-]{1,64}$/;
/** The most patterns of a rule for a kind, claims filled in. Each costs time in every request. */
const PATTERNS_MAX = 100;
const PATTERN_RULE = `a pattern has ${ID_PATTERN_RULE}, and {CLAIM} for the values of a claim`;

type Scalar = string | number | boolean;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const wanted = z.union([scalar.transform((value) => [value]), z.array(scalar).min(1)], {
  error: "a claim has a text, a number, true or false, or a list of them",
});
const patternList = z.array(z.string().refine(isPattern, PATTERN_RULE))
  .min(1, "a list has an item").max(PATTERNS_MAX, `a list has at most ${PATTERNS_MAX} items`);

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
  let isUnsafe = false;
  try {
    // zod leaves out what has this name: a condition would be gone, and its rule hold for everyone.
    value = JSON.parse(text, (name, part) => {
      isUnsafe ||= name === "__proto__";
      return part;
    });
  } catch {
    return { problems: ["it is not valid JSON"] };
  }
  if (isUnsafe) return { problems: ["nothing in it can have the name __proto__"] };
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
  return claimScalars(claims, name).map(String);
}

/** The same with their types: the text "true" is not `true`. */
function claimScalars(claims: Claims, name: string): readonly Scalar[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : valueAt(claims, name.split("."));
  const values = (Array.isArray(value) ? value : [value]).filter(isScalar);
  return name === "scope" || name === "scp"
    ? values.flatMap((one) => String(one).split(" ")).filter((word) => word !== "")
    : values;
}

function isScalar(value: unknown): value is Scalar {
  return ["string", "number", "boolean"].includes(typeof value);
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
    const values = claimScalars(claims, name);
    return wanted.some((one) => values.includes(one));
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
    const filled = filledPatterns(list, claims);
    if (filled.length === 0) return null;
    found[kind] = filled;
  }
  return found;
}

/**
 * The patterns with the values of claims in their places, in the order of the list. Of those with
 * claims, the first count, until there are {@link PATTERNS_MAX}; those without claims always do.
 */
function filledPatterns(list: readonly string[], claims: Claims): string[] {
  const fixedCount = list.filter((pattern) => !CLAIM_IN_PATTERN.test(pattern)).length;
  let left = PATTERNS_MAX - fixedCount;
  return list.flatMap((pattern) => {
    if (!CLAIM_IN_PATTERN.test(pattern)) return [pattern];
    // Each try costs time, also one that gives too long a pattern.
    const tries = withClaims(pattern, claims).take(left).toArray();
    left -= tries.length;
    return tries.filter((text) => ID_PATTERN_FORM.test(text));
  });
}

/** A pattern with each value of each claim in its place, one after the other. */
function* withClaims(pattern: string, claims: Claims): Generator<string, void> {
  const [place, name] = CLAIM_IN_PATTERN.exec(pattern) ?? [];
  if (place === undefined) {
    yield pattern;
    return;
  }
  for (const value of claimValues(claims, name).filter((one) => ID_PART.test(one))) {
    yield* withClaims(pattern.replace(place, () => value), claims);
  }
}

function isPattern(text: string): boolean {
  return ID_PATTERN_FORM.test(text.replaceAll(new RegExp(CLAIM_IN_PATTERN, "g"), "x"));
}
