/**
 * The cookie of a session.
 *
 * @module
 */

import { isSessionId } from "../../data/access/session_seal.ts";

const NAME = "openwatts_session";
const COOKIE = new RegExp(`(?:^|;)\\s*${NAME}=([^;\\s]*)`);

/** How long a session counts at most, milliseconds. It ends sooner with its key. */
export const SESSION_MS = 7 * 24 * 60 * 60 * 1_000;

/** The id of the session that a request names; null if it names none. */
export function sessionIdOf({ headers }: Pick<Request, "headers">): string | null {
  const [, id = ""] = COOKIE.exec(headers.get("cookie") ?? "") ?? [];
  return isSessionId(id) ? id : null;
}

/** The `Set-Cookie` header that begins a session. `isSecure`: whether the browser came over TLS. */
export function sessionCookie(id: string, isSecure: boolean): string {
  return cookie(id, SESSION_MS / 1_000, isSecure);
}

/** The `Set-Cookie` header that makes a browser forget its session. */
export function endedSessionCookie(isSecure: boolean): string {
  return cookie("", 0, isSecure);
}

/** Whether the browser of a request came over TLS, which a proxy may have ended. */
export function isOverTls({ url, headers }: Pick<Request, "url" | "headers">): boolean {
  return url.startsWith("https:") || (headers.get("origin") ?? "").startsWith("https:");
}

function cookie(value: string, maxAgeSeconds: number, isSecure: boolean): string {
  return `${NAME}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict` +
    (isSecure ? "; Secure" : "");
}
