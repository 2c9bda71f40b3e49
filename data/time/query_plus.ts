/**
 * Offsets from UTC in a query string, where `+` means a space: a client that does not write it as
 * `%2B` sends `2026-02-01T00:00:00 01:00`.
 *
 * @module
 */

/** A time of day, then a space where a `+` was, then an offset of hours and maybe minutes. */
const LOST_PLUS = /^(\S+[Tt ]\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?) (\d\d(?::?\d\d)?)$/;
/** A zone that is an offset whose `+` was lost. */
const LOST_ZONE_PLUS = /^ (\d\d(?::?\d\d)?)$/;

/** A time with its `+` restored if it is clear that there was one; else the text as it is. */
export function restorePlus(text: string): string {
  return text.replace(LOST_PLUS, "$1+$2");
}

/** A zone such as `+05:30` with its `+` restored; any other text as it is. */
export function restoreZonePlus(text: string): string {
  return text.replace(LOST_ZONE_PLUS, "+$1");
}

/** What to add to the error for a wrong time: a hint if a space in it may have been a `+`. */
export function plusHint(text: unknown): string {
  return typeof text === "string" && /\d \d/.test(text)
    ? "; in a query, write the + of an offset as %2B"
    : "";
}
