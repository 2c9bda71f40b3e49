/**
 * Paths of the service to which a form may lead back.
 *
 * @module
 */

import { isOwnOrigin, SAFE_METHODS } from "../access/same_origin.ts";

/**
 * The path and query of the page that a request concerns. For a form it is the page that sent it, because
 * there may be no page at the address of the form; `/` if the browser does not name it.
 *
 * @param publicUrl The address of the service as its users know it; null if only `Host` says it.
 */
export function pathOfPage(
  { method, url, headers }: Pick<Request, "method" | "url" | "headers">,
  publicUrl: string | null,
): string {
  if (SAFE_METHODS.includes(method)) return pathAndQuery(new URL(url));
  const referrer = headers.get("referer") ?? "";
  if (!URL.canParse(referrer)) return "/";
  const page = new URL(referrer);
  const isOwn = isOwnOrigin(page.origin, headers.get("host"), publicUrl);
  return isOwn ? ownPath(pathAndQuery(page)) : "/";
}

function pathAndQuery({ pathname, search }: URL): string {
  return pathname + search;
}

/** The path, or `/` if it would lead to another site. */
export function ownPath(text: string | undefined): string {
  // A second slash or a backslash begins a host in browsers.
  if (text === undefined || !/^\/(?![/\\])[^\\\s]*$/.test(text)) return "/";
  const base = "http://own.invalid";
  if (!URL.canParse(text, base)) return "/";
  const url = new URL(text, base);
  const path = pathAndQuery(url) + url.hash;
  // Without its dots, `/.//host` begins with two slashes.
  return url.origin === base && !path.startsWith("//") ? path : "/";
}
