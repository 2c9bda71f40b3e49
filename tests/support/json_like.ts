/**
 * JSON with gaps: what documents show of an answer, where ids and times differ from run to run.
 *
 * @module
 */

import { patternOf } from "./documents.ts";

/**
 * Whether a value is what a document shows. In a text `…` stands for any characters, alone for any
 * value; an object with the key `…` may have more keys than are shown.
 */
export function isLike(value: unknown, shown: unknown): boolean {
  if (shown === "…") return true;
  if (typeof shown === "string") {
    return typeof value === "string" && new RegExp(`^${patternOf(shown).source}$`).test(value);
  }
  if (typeof shown !== "object" || shown === null) return value === shown;
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(shown) !== Array.isArray(value)) return false;
  const [mine, theirs] = [shown, value].map((one) => new Map(Object.entries(one)));
  const isOpen = mine.delete("…");
  if (!isOpen && mine.size !== theirs.size) return false;
  return [...mine].every(([name, one]) => theirs.has(name) && isLike(theirs.get(name), one));
}

/** Every JSON object and array in a text, the outermost ones only. */
export function findJson(text: string): unknown[] {
  const values: unknown[] = [];
  for (let at = 0; at < text.length; at++) {
    if (!"{[".includes(text[at])) continue;
    const end = endOfValue(text, at);
    try {
      values.push(JSON.parse(text.slice(at, end)));
      at = end - 1;
    } catch {
      // Not JSON: what opens here is text.
    }
  }
  return values;
}

/** Where the value ends that opens at a place, or the end of the text. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
  token.lastIndex = from;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (/^[{[]/.test(match[0])) depth++;
    else if (/^[}\]]/.test(match[0])) depth--;
    if (depth === 0) return token.lastIndex;
  }
  return text.length;
}
