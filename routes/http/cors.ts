/**
 * Cross-origin requests of browsers (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).
 *
 * Off unless origins are set. It decides which pages may read answers in a browser; it does not
 * protect the service from other clients. Pages send keys in headers of their own, so no credentials
 * that a browser keeps, such as cookies, are ever allowed.
 *
 * @module
 */

import { secured } from "./security_headers.ts";

/** Stands for every origin. */
export const ANY_ORIGIN = "*";

/**
 * Answer headers that a page may read, besides the few that browsers always show: `Cache-Control`,
 * `Content-Length`, `Content-Type`, `Last-Modified`.
 */
const EXPOSED = [
  "Accept-Ranges",
  "Allow",
  "Content-Disposition",
  "Content-Range",
  "ETag",
  "End-Time",
  "Link",
  "Location",
  "Preference-Applied",
  "RateLimit",
  "RateLimit-Policy",
  "Repr-Digest",
  "Retry-After",
  "Start-Time",
  "WWW-Authenticate",
  "X-Request-Id",
].join(", ");

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";

/** Request headers of the API that a page may send. */
const REQUEST_HEADERS = [
  "Accept",
  "Authorization",
  "Content-Encoding",
  "Content-Type",
  "Idempotency-Key",
  "If-Match",
  "If-Modified-Since",
  "If-None-Match",
  "If-Range",
  "If-Unmodified-Since",
  "Last-Event-ID",
  "Prefer",
  "Range",
  "X-API-Key",
  "X-Request-Id",
].join(", ");

/** How long a browser may keep the answer to a preflight, seconds: the most that Chromium keeps. */
const MAX_AGE_SECONDS = 7_200;

/**
 * The answer to a preflight of one of the origins; null for any other request. Origins are as browsers
 * send them, such as `https://app.example`; {@link ANY_ORIGIN} alone allows all.
 */
export function preflightAnswer(request: Request, origins: readonly string[]): Response | null {
  if (!isPreflight(request) || allowedOrigin(request, origins) === null) return null;
  const answer = secured(new Response(null, { status: 204 }));
  allowOrigin(answer.headers, request, origins);
  answer.headers.set("access-control-allow-methods", METHODS);
  answer.headers.set("access-control-allow-headers", REQUEST_HEADERS);
  answer.headers.set("access-control-max-age", String(MAX_AGE_SECONDS));
  return answer;
}

/** The headers of an answer that let a page of the origins read it. */
function originHeaders(
  request: Request,
  origins: readonly string[],
): Readonly<Record<string, string>> {
  if (origins.length === 0) return {};
  // Caches must not give the answer for one origin to another.
  const vary: Record<string, string> = origins.includes(ANY_ORIGIN) ? {} : { vary: "Origin" };
  const origin = allowedOrigin(request, origins);
  if (origin === null) return vary;
  return {
    ...vary,
    "access-control-allow-origin": origin,
    "access-control-expose-headers": EXPOSED,
  };
}

/** Lets a page of the origins read an answer; the same again changes nothing. */
export function allowOrigin(headers: Headers, request: Request, origins: readonly string[]): void {
  if (origins.length === 0 || headers.has("access-control-expose-headers")) return;
  for (const [name, value] of Object.entries(originHeaders(request, origins))) {
    if (name === "vary") headers.append(name, value);
    else headers.set(name, value);
  }
}

function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method");
}

/** The value of `Access-Control-Allow-Origin`; null for a request of another origin or of none. */
function allowedOrigin({ headers }: Request, origins: readonly string[]): string | null {
  if (origins.includes(ANY_ORIGIN)) return ANY_ORIGIN;
  const origin = headers.get("origin");
  return origin !== null && origins.includes(origin) ? origin : null;
}
