/**
 * Recognizes callers by tokens of an OpenID Connect issuer (JWT access tokens, RFC 9068 and alike).
 *
 * @module
 */

import { createHash } from "node:crypto";
import { errors, type JWTPayload, jwtVerify, type JWTVerifyResult, type LocalJWKSet } from "jose";
import { type Caller, createCaller } from "../../data/access/caller.ts";
import { grantOf } from "../../data/access/oidc_rules.ts";
import type { OidcSettings } from "../../data/access_settings.ts";
import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";
import type { Authenticator } from "./authenticator.ts";
import type { IssuerKeys } from "./issuer_keys.ts";

/** The form of a signed JWT. Keys of the service have no dots. */
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;
/** The longest token, characters. */
const TOKEN_MAX = 16_384;
/** Types of tokens that may be access tokens. Others are signed by the same keys for other purposes. */
const TYPES = ["jwt", "at+jwt"];
/** The longest subject (OpenID Connect Core 1.0, section 2) and name, characters. */
const SUBJECT_MAX = 255;
/** Claims that may name the caller for people, the best first. */
const NAME_CLAIMS = ["preferred_username", "email", "name", "client_id", "azp"];
/** Characters of the hash of an issuer. */
const HASH_LENGTH = 16;

/** What the authenticator needs. */
export interface OidcDeps {
  /** The issuer and what its tokens must have. */
  readonly settings: OidcSettings;
  /** The keys of the issuer. */
  readonly keys: Pick<IssuerKeys, "current" | "renewed">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/**
 * Recognizes tokens of the issuer. A token that does not count is UNAUTHENTICATED, with the reason;
 * if the keys of the issuer cannot be read, the answer is ISSUER_UNAVAILABLE.
 */
export function oidcAuthenticator({ settings, keys, now, log }: OidcDeps): Authenticator {
  const issuerHash = createHash("sha256").update(settings.issuer).digest("hex")
    .slice(0, HASH_LENGTH);

  async function recognize(token: string): Promise<Caller | AppError> {
    try {
      return callerOf(await verified(token), settings, issuerHash);
    } catch (error) {
      if (error instanceof AppError) return error;
      if (error instanceof errors.JOSEError) return refused(reasonOf(error), error);
      // The issuer has published a key that cannot be used, such as one that is too short.
      log("error", "token not checked", { issuer: settings.issuer, error });
      return new AppError("ISSUER_UNAVAILABLE", "The key that signed your token cannot be used");
    }
  }

  async function verified(token: string): Promise<JWTPayload> {
    const set = await keys.current();
    try {
      return await verify(token, set);
    } catch (error) {
      const renewed = await renewedAfter(error);
      if (renewed === null) throw error;
      return await verify(token, renewed);
    }
  }

  /** The keys, read again if that may help a token; null if not. */
  async function renewedAfter(error: unknown): Promise<LocalJWKSet | null> {
    if (error instanceof errors.JWKSNoMatchingKey) return await keys.renewed();
    // An issuer that gives a new key the name of an old one; or, mostly, a wrong signature.
    const isWrong = error instanceof errors.JWSSignatureVerificationFailed;
    return isWrong ? await keys.renewed().catch(() => null) : null;
  }

  async function verify(token: string, set: LocalJWKSet): Promise<JWTPayload> {
    const options = {
      issuer: settings.issuer,
      audience: [...settings.audiences],
      algorithms: [...settings.algorithms],
      clockTolerance: settings.clockSkewSeconds,
      currentDate: new Date(now()),
      requiredClaims: ["exp", "sub"],
    };
    try {
      return checkedType(await jwtVerify(token, set, options));
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // The token does not say which of its issuer's keys signed it.
      for await (const key of error) {
        try {
          return checkedType(await jwtVerify(token, key, options));
        } catch (fault) {
          if (!(fault instanceof errors.JWSSignatureVerificationFailed)) throw fault;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  return {
    authenticate: ({ token }) => {
      if (token === null || !JWT.test(token)) return null;
      if (token.length > TOKEN_MAX) {
        return refused(`it has more than ${TOKEN_MAX} characters`);
      }
      return recognize(token);
    },
  };
}

function checkedType({ payload, protectedHeader: { typ } }: JWTVerifyResult): JWTPayload {
  const type = typ?.toLowerCase().replace(/^application\//, "");
  if (type === undefined || TYPES.includes(type)) return payload;
  throw refused("it is of another type than an access token");
}

function callerOf(claims: JWTPayload, settings: OidcSettings, issuerHash: string): Caller {
  const { sub } = claims;
  if (typeof sub !== "string" || sub === "" || sub.length > SUBJECT_MAX) {
    throw refused(`its subject (sub) must have 1 to ${SUBJECT_MAX} characters`);
  }
  const name = NAME_CLAIMS.map((claim) => claims[claim])
    .find((value) => typeof value === "string" && value !== "");
  return createCaller({
    owner: `oidc:${issuerHash}:${sub}`,
    actor: { kind: "oidc", id: sub, name: String(name ?? sub).slice(0, SUBJECT_MAX) },
    // A token without rights is valid: its caller is known, and may use nothing that needs a scope.
    ...grantOf(settings.rules, claims) ?? NOTHING,
  });
}

const NOTHING = { scopes: [], patterns: { meter: [], device: [], store: [] } };

function refused(reason: string, cause?: unknown): AppError {
  return new AppError("UNAUTHENTICATED", `The token is not valid: ${reason}`, { cause });
}

/** Why a token does not count. Its signature is checked first, so this tells others nothing. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return "it is signed with an algorithm that this service does not accept";
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return "it is signed with a key that its issuer does not have";
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is wrong";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return "it cannot be read";
  const { claim, reason } = error;
  if (reason === "missing") return `it lacks the claim ${claim}`;
  switch (claim) {
    case "iss":
      return "it is from another issuer (iss)";
    case "aud":
      return "it is for another service (aud)";
    case "nbf":
      return "it is for a later time (nbf)";
    default:
      return `its claim ${claim} is wrong`;
  }
}
