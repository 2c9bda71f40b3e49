/**
 * The settings of who may use the service. They are part of all settings (`data/settings.ts`).
 *
 * @module
 */

import { z } from "zod";
import { KEY_RULE, parseKey } from "./access/key_text.ts";
import { platformOf } from "./platform.ts";
import { DEFAULT_OIDC_RULES, type OidcRule, parseOidcRules } from "./access/oidc_rules.ts";

/** The settings of tokens that an OpenID Connect issuer signs. */
export interface OidcSettings {
  /** The issuer, exactly as its tokens name it in `iss`. */
  readonly issuer: string;
  /** Tokens must name one of these in `aud`. */
  readonly audiences: readonly string[];
  /** Where the issuer publishes its keys; null to read the place from its discovery document. */
  readonly jwksUrl: string | null;
  /** The algorithms of signatures that are accepted. None of them is symmetric. */
  readonly algorithms: readonly string[];
  /** How far the clock of the issuer may be off, seconds. */
  readonly clockSkewSeconds: number;
  /** What the claims of a token allow. */
  readonly rules: readonly OidcRule[];
}

/** The settings of who may use the service. */
export interface AccessSettings {
  /** Whether requests may come with a key. */
  readonly hasKeys: boolean;
  /** The issuer whose tokens requests may come with; null for none. */
  readonly oidc: OidcSettings | null;
  /** The text of a key that holds all scopes; null for none. */
  readonly adminKey: string | null;
  /** The address of the service as its users know it, without a slash at the end; null if unknown. */
  readonly publicUrl: string | null;
}

/** The algorithms of signatures that may be accepted. */
export const OIDC_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** A host name or IP address to listen on. */
export const HOST_PATTERN: RegExp = /^[A-Za-z0-9.:_-]+$/;

const AUTH_WAYS = ["off", "keys", "oidc"];

/** The rule of each variable, in words. */
export const ACCESS_RULES = {
  AUTH: "off, keys, oidc or keys,oidc",
  ALLOW_ANONYMOUS: "true or false",
  ADMIN_KEY: KEY_RULE,
  PUBLIC_URL: "an http(s) URL of a host without a path",
  OIDC_ISSUER: "an https URL without query and fragment, or an http URL of this machine",
  OIDC_AUDIENCE: "names of this service at the issuer, separated by commas",
  OIDC_JWKS_URL: "an https URL without fragment, or an http URL of this machine",
  OIDC_ALGORITHMS: `algorithms of ${OIDC_ALGORITHMS.join(", ")}, separated by commas`,
  OIDC_CLOCK_SKEW_SECONDS: "a whole number of 0 to 300",
  OIDC_MAPPING: "a list of rules as JSON",
} as const;

/** Variables whose values never appear in messages. */
export const ACCESS_SECRETS: readonly string[] = ["ADMIN_KEY"];

/** The schema of each variable. */
export const ACCESS_VARIABLES = {
  AUTH: z.string().transform(listOf).refine(areWays).default(["off"]),
  ALLOW_ANONYMOUS: z.enum(["true", "false"]).default("false"),
  ADMIN_KEY: z.string().refine((text) => parseKey(text) !== null).optional(),
  PUBLIC_URL: z.string().regex(/^https?:\/\/[^/?#@\\\s*]+\/?$/).refine(isUrl).optional(),
  OIDC_ISSUER: z.string().refine((text) => isSafeUrl(text) && !text.includes("?")).optional(),
  OIDC_AUDIENCE: z.string().transform(listOf).pipe(z.array(z.string()).min(1)).optional(),
  OIDC_JWKS_URL: z.string().refine(isSafeUrl).optional(),
  OIDC_ALGORITHMS: z.string().transform(listOf).pipe(z.array(z.enum(OIDC_ALGORITHMS)).min(1))
    .default(["RS256", "PS256", "ES256", "EdDSA"]),
  OIDC_CLOCK_SKEW_SECONDS: z.string().regex(/^\d+$/).transform(Number)
    .pipe(z.number().max(300)).default(30),
  OIDC_MAPPING: z.string().optional(),
};

/** What is wrong because of other variables, one sentence each; only if each is right by itself. */
export function accessProblems(given: Readonly<Record<string, string>>): string[] {
  const result = z.object(ACCESS_VARIABLES).safeParse(given);
  if (!result.success) return [];
  const { AUTH: ways, ADMIN_KEY: adminKey, OIDC_ISSUER: issuer } = result.data;
  const [isOff, hasOidc] = [ways.includes("off"), ways.includes("oidc")];
  const isAnonymous = result.data.ALLOW_ANONYMOUS === "true";
  const problems = isOff && !isAnonymous ? openDoor(given) : [];
  if (!isOff && isAnonymous) {
    problems.push(`ALLOW_ANONYMOUS must not be true with AUTH=${ways.join()}: remove one of them`);
  }
  if (adminKey !== undefined && !ways.includes("keys")) {
    problems.push(`ADMIN_KEY needs AUTH=keys, but AUTH is ${ways.join()}`);
  }
  if (!hasOidc && issuer !== undefined) {
    problems.push(`OIDC_ISSUER needs AUTH=oidc, but AUTH is ${ways.join()}`);
  }
  for (const name of ["OIDC_ISSUER", "OIDC_AUDIENCE"]) {
    if (hasOidc && !(name in given)) problems.push(`${name} must be set, as AUTH has oidc`);
  }
  problems.push(...parsedMapping(result.data.OIDC_MAPPING).problems);
  return problems;
}

function parsedMapping(
  text: string | undefined,
): { rules: readonly OidcRule[]; problems: readonly string[] } {
  if (text === undefined) return { rules: DEFAULT_OIDC_RULES, problems: [] };
  const parsed = parseOidcRules(text);
  if ("rules" in parsed) return { rules: parsed.rules, problems: [] };
  const problems = parsed.problems.map((problem) =>
    `OIDC_MAPPING must be ${ACCESS_RULES.OIDC_MAPPING}: ${problem}`
  );
  return { rules: [], problems };
}

/** A sentence if other machines could reach a service that asks for no credentials. */
function openDoor(given: Readonly<Record<string, string>>): string[] {
  const { ROLE: role, HOST: host = "127.0.0.1" } = given;
  const { isDeploy } = platformOf(given);
  if (role === "worker" || !HOST_PATTERN.test(host)) return [];
  if (!isDeploy && isLoopback(host)) return [];
  const reach = isDeploy ? "Deno Deploy lets" : `HOST=${host} lets`;
  return [
    `${reach} other machines connect, and AUTH is off: set AUTH=keys to require keys, or ` +
    `ALLOW_ANONYMOUS=true to let everyone who reaches the service read, write and delete`,
  ];
}

/** The settings of variables without problems. */
export function accessSettings(
  values: z.output<z.ZodObject<typeof ACCESS_VARIABLES>>,
): AccessSettings {
  const { AUTH: ways, OIDC_ISSUER: issuer, OIDC_AUDIENCE: audiences } = values;
  const hasOidc = ways.includes("oidc") && issuer !== undefined && audiences !== undefined;
  return {
    hasKeys: ways.includes("keys"),
    oidc: !hasOidc ? null : {
      issuer,
      audiences,
      jwksUrl: values.OIDC_JWKS_URL ?? null,
      algorithms: values.OIDC_ALGORITHMS,
      clockSkewSeconds: values.OIDC_CLOCK_SKEW_SECONDS,
      rules: parsedMapping(values.OIDC_MAPPING).rules,
    },
    adminKey: values.ADMIN_KEY ?? null,
    publicUrl: values.PUBLIC_URL?.replace(/\/$/, "") ?? null,
  };
}

/**
 * Whether only programs of this machine can connect to an address: 127.0.0.0/8, ::1, or a name that
 * always stands for them (RFC 6761 §6.3). URLs write addresses in one way: `127.1` as `127.0.0.1`.
 */
export function isLoopback(host: string): boolean {
  const text = `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}/`;
  if (!URL.canParse(text)) return false;
  const name = new URL(text).hostname;
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]+\])$/
    .test(name);
}

function listOf(text: string): string[] {
  return [...new Set(text.split(",").map((name) => name.trim()).filter((name) => name !== ""))];
}

/** `off` stands alone. */
function areWays(ways: string[]): boolean {
  const areKnown = ways.length > 0 && ways.every((way) => AUTH_WAYS.includes(way));
  return areKnown && (ways.length === 1 || !ways.includes("off"));
}

function isUrl(text: string): boolean {
  return URL.canParse(text);
}

/** Whether nobody can replace what a URL answers on its way: https, or http within this machine. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text) || /[#\s]/.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}
