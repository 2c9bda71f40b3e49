/**
 * Paths of the service to which a form may lead back.
 *
 * @module
 */

/** The path, or `/` if it would lead to another site. */
export function ownPath(text: string | undefined): string {
  // A second slash or a backslash begins a host in browsers.
  if (text === undefined || !/^\/(?![/\\])[^\\\s]*$/.test(text)) return "/";
  const base = "http://own.invalid";
  if (!URL.canParse(text, base)) return "/";
  const url = new URL(text, base);
  return url.origin === base ? url.pathname + url.search + url.hash : "/";
}
