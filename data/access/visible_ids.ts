/**
 * Which ids of a sorted list patterns make visible, without looking at all of them: where the next one
 * can be, and whether other patterns show nothing more.
 *
 * @module
 */

import { matchesPattern } from "./id_pattern.ts";

/** After every id that begins with the text before it: ids are ASCII. */
const LAST = "\u{10ffff}";

/**
 * The place after which the next id can be that a pattern matches, or null if none can follow. No such
 * id lies between `afterId` and this place. "" is before all ids.
 */
export function nextVisiblePlace(patterns: readonly string[], afterId: string): string | null {
  const places = patterns.flatMap((pattern) => placeIn(pattern, afterId) ?? []);
  return places.length === 0 ? null : places.reduce((one, other) => other < one ? other : one);
}

/** Where the ids of a pattern continue; null if none can follow. */
function placeIn(pattern: string, afterId: string): string | null {
  const star = pattern.indexOf("*");
  const beginning = star < 0 ? pattern : pattern.slice(0, star);
  if (afterId < beginning) return placeBefore(beginning, afterId);
  return star >= 0 && afterId.startsWith(beginning) ? afterId : null;
}

/** A place after `afterId` and before all ids that begin with a text; nothing relevant is between. */
export function placeBefore(beginning: string, afterId: string): string {
  const last = beginning.length - 1;
  const before = String.fromCharCode(beginning.charCodeAt(last) - 1);
  const place = beginning.slice(0, last) + before + LAST;
  return place < afterId ? afterId : place;
}

/**
 * Whether some patterns show every id that the inner ones show. Null stands for every id. A pattern
 * whose text another one matches lies within it: `*` stands for any run of characters.
 */
export function coversPatterns(
  patterns: readonly string[] | null,
  inner: readonly string[] | null,
): boolean {
  if (patterns === null) return true;
  if (inner === null) return patterns.some((pattern) => matchesPattern(pattern, "*"));
  return inner.every((one) => patterns.some((pattern) => matchesPattern(pattern, one)));
}
