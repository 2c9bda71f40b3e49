/**
 * The key or token that a request presents.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { invalidRequest } from "../http/problem.ts";

/** A scheme and one token (RFC 9110, section 11.4). `Token` is the scheme of InfluxDB's clients. */
const AUTHORIZATION = /^(bearer|token|basic) +([A-Za-z0-9._~+/-]+=*)$/i;
const API_KEY = /^[A-Za-z0-9._~+/=-]+$/;
/**
 * Paths of line protocol. Clients of InfluxDB 1 can only send a name and a password there, so the
 * password is the key.
 */
const BASIC_PATHS = /^\/(write|api\/v2\/write)$/;

/**
 * The token of `Authorization: Bearer`, `Authorization: Token` or `X-API-Key`; null if there is none.
 * For line protocol, also the password of `Authorization: Basic`.
 *
 * @returns INVALID_REQUEST for headers that hold more than one token or contradict each other, and
 * UNAUTHENTICATED for a scheme that the service does not have. Neither quotes a header.
 */
export function presentedToken({ headers, url }: Request): string | AppError | null {
  const authorization = headers.get("authorization");
  const apiKey = headers.get("x-api-key");
  if (authorization === null && apiKey === null) return null;
  const tokens: string[] = [];
  if (authorization !== null) {
    const [, scheme, value] = AUTHORIZATION.exec(authorization) ?? [];
    if (scheme === undefined) return malformed(authorization);
    const token = scheme.toLowerCase() === "basic" ? basicPassword(value, url) : value;
    if (token instanceof AppError) return token;
    tokens.push(token);
  }
  if (apiKey !== null) {
    if (!API_KEY.test(apiKey)) return badHeader("X-API-Key", "X-API-Key must be a single key");
    tokens.push(apiKey);
  }
  if (tokens.length === 2 && tokens[0] !== tokens[1]) {
    return badHeader("X-API-Key", "Authorization and X-API-Key must not contradict each other");
  }
  return tokens[0];
}

function malformed(authorization: string): AppError {
  if (/^(bearer|token|basic)\b/i.test(authorization)) {
    const rule = "Authorization must be Bearer, a space and a single key";
    return badHeader("Authorization", rule);
  }
  const rule = "Send the key as Authorization: Bearer or as X-API-Key";
  return new AppError("UNAUTHENTICATED", `The scheme of Authorization is not supported. ${rule}`);
}

/** The password of `Basic` credentials (RFC 7617). */
function basicPassword(value: string, url: string): string | AppError {
  if (!BASIC_PATHS.test(new URL(url).pathname)) {
    const rule = "Basic authorization is only for line protocol";
    return new AppError("UNAUTHENTICATED", `${rule}. Send the key as Authorization: Bearer`);
  }
  try {
    const text = atob(value);
    return text.slice(text.indexOf(":") + 1);
  } catch {
    return badHeader("Authorization", "Basic authorization must be base64 of name:password");
  }
}

function badHeader(name: string, detail: string): AppError {
  return invalidRequest([{ pointer: `#${name}`, detail }]);
}
