/**
 * Patterns of ids: `*` stands for any run of characters, also for none. Every other character stands
 * for itself, so `site-a.*` matches `site-a.` and `site-a.roof`, but not `site-ax`.
 *
 * @module
 */

/** A pattern: 1 to 64 characters of ids and `*`. */
export const ID_PATTERN_FORM: RegExp = /^[A-Za-z0-9_.:*-]{1,64}$/;
/** {@link ID_PATTERN_FORM} in words. */
export const ID_PATTERN_RULE =
  "1 to 64 characters of A-Z a-z 0-9 _ . : - and * for any run of characters";

/** Whether a text is a pattern. */
export function isPattern(text: string): boolean {
  return ID_PATTERN_FORM.test(text);
}

/** Whether a pattern matches a whole id. It takes at most their lengths multiplied. */
export function matchesPattern(pattern: string, id: string): boolean {
  // Where the last `*` stands, and the first character that it may not have swallowed yet.
  let star = -1, swallowed = 0;
  let at = 0, place = 0;
  while (at < id.length) {
    if (pattern[place] === "*") {
      star = place++;
      swallowed = at;
    } else if (pattern[place] === id[at]) {
      place++;
      at++;
    } else if (star >= 0) {
      place = star + 1;
      at = ++swallowed;
    } else return false;
  }
  while (pattern[place] === "*") place++;
  return place === pattern.length;
}

/** Whether some id matches both patterns. It takes their lengths multiplied. */
export function patternsOverlap(one: string, other: string): boolean {
  // Whether the ends of both from (i, j) on overlap, for one `i` after the other, the last first.
  let after: boolean[] = [];
  for (let i = one.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = other.length; j >= 0; j--) {
      if (i === one.length && j === other.length) row[j] = true;
      else if (one[i] === "*" || other[j] === "*") {
        // The star ends here, or swallows what the other pattern has here: the same two moves.
        row[j] = i < one.length && after[j] || j < other.length && row[j + 1];
      } else row[j] = i < one.length && one[i] === other[j] && after[j + 1];
    }
    after = row;
  }
  return after[0];
}

/** Whether one of the patterns matches every id. */
export function matchesEverything(patterns: readonly string[]): boolean {
  return patterns.some((pattern) => /^\*+$/.test(pattern));
}
