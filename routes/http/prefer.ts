/**
 * The `Prefer` header (RFC 7240): `respond-async` and `wait`.
 *
 * @module
 */

/** The longest wait, seconds. A request that prefers more waits this long. */
export const MAX_WAIT_SECONDS = 60;

/** The preferences of a request that the service knows. */
export interface Preferences {
  /** Whether the client prefers 202 to waiting for the result. */
  readonly isAsync: boolean;
  /** How long the client waits for the result, 0 to {@link MAX_WAIT_SECONDS}; null if it does not say. */
  readonly waitSeconds: number | null;
}

/** Longer headers are ignored: matching takes time that grows with the square of the length. */
const MAX_LENGTH = 1_000;
/** A list element: text without commas, except in quoted strings. */
const ELEMENT = /(?:[^,"]|"(?:\\.|[^"\\])*")+/g;
/** A preference: a name, perhaps a value (a token or a quoted string), perhaps parameters. */
const PREFERENCE =
  /^\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:=\s*(?:(?:"((?:\\.|[^"\\])*)"|([!#$%&'*+.^_`|~\w-]+))\s*)?)?(?:;|$)/;

/**
 * The preferences of a `Prefer` header; several headers arrive joined by commas. Names have any
 * case, the first of two equal names counts (RFC 7240 §2), and an invalid preference is ignored.
 */
export function readPreferences(header = ""): Preferences {
  const values = new Map<string, string>();
  if (header.length > MAX_LENGTH) return { isAsync: false, waitSeconds: null };
  for (const element of header.match(ELEMENT) ?? []) {
    const [isPreference, name, quotedValue, token] = PREFERENCE.exec(element) ?? [];
    if (isPreference === undefined || values.has(name.toLowerCase())) continue;
    values.set(name.toLowerCase(), quotedValue?.replace(/\\(.)/g, "$1") ?? token ?? "");
  }
  const wait = values.get("wait") ?? "";
  return {
    // It has no value, and an empty one is none.
    isAsync: values.get("respond-async") === "",
    // RFC 7240 §4.3 takes delta-seconds: digits alone.
    waitSeconds: /^\d+$/.test(wait) ? Math.min(Number(wait), MAX_WAIT_SECONDS) : null,
  };
}
