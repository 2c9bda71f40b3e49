/**
 * Whether a request comes from a page of the service itself.
 *
 * Browsers send a session's cookie by themselves, so a request counts for its session only if a page
 * of the service made it. `Sec-Fetch-Site` says so (W3C Fetch Metadata); over plain HTTP browsers leave
 * it out, and `Origin` says it for every method that changes something.
 *
 * @module
 */

/** Methods that change nothing (RFC 9110 §9.2.1). */
export const SAFE_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS"];

/**
 * Whether a page of the service, or the user, made a request. A link on another site may lead to a
 * page, but neither read an answer nor change anything.
 *
 * @param publicUrl The address of the service as its users know it; null if only `Host` says it.
 */
export function isOwnRequest(
  { method, headers }: Pick<Request, "method" | "headers">,
  publicUrl: string | null,
): boolean {
  const isSafe = SAFE_METHODS.includes(method);
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin") return true;
  if (site !== null) {
    // `none`: the address bar, a bookmark. A navigation shows its answer only to the user.
    return isSafe && (site === "none" || headers.get("sec-fetch-mode") === "navigate");
  }
  const origin = headers.get("origin");
  if (origin === null) return isSafe;
  return isOwnOrigin(origin, headers.get("host"), publicUrl);
}

/**
 * Whether an origin is that of the service. The scheme may differ from that of the connection: a proxy may
 * have ended TLS.
 */
export function isOwnOrigin(
  origin: string,
  host: string | null,
  publicUrl: string | null,
): boolean {
  if (origin === publicUrl) return true;
  return origin === `http://${host}` || origin === `https://${host}`;
}
