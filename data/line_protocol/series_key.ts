/**
 * The first part of a line: its measurement and tags.
 *
 * @module
 */

const COMMA = 44, EQUALS = 61, BACKSLASH = 92;
/** What a backslash escapes, by where it stands. Before anything else it is itself. */
const MEASUREMENT_ESCAPES = /\\([, ])/g;
const TAG_ESCAPES = /\\([,= ])/g;

const decoder = new TextDecoder();

/** A measurement and its tags. */
export interface SeriesKey {
  /** The measurement. */
  readonly measurement: string;
  /** Values of the tags by their keys. */
  readonly tags: ReadonlyMap<string, string>;
}

/** A key, or why it is none. */
export type SeriesKeyResult = { readonly key: SeriesKey } | { readonly reason: string };

/** Reads the key at bytes `[start, end)`, which hold no unescaped space. */
export function readSeriesKey(bytes: Uint8Array, start: number, end: number): SeriesKeyResult {
  const measurementEnd = findByte(bytes, { start, end }, COMMA);
  if (measurementEnd === start) return { reason: "missing measurement" };
  const measurement = unescaped(bytes, start, measurementEnd, MEASUREMENT_ESCAPES);
  const tags = new Map<string, string>();
  let at = measurementEnd;
  while (at < end) {
    const tagEnd = findByte(bytes, { start: at + 1, end }, COMMA);
    const equals = findByte(bytes, { start: at + 1, end: tagEnd }, EQUALS);
    if (equals === at + 1 || tagEnd === at + 1) return { reason: "missing tag key" };
    if (equals >= tagEnd - 1) return { reason: "missing tag value" };
    if (findByte(bytes, { start: equals + 1, end: tagEnd }, EQUALS) < tagEnd) {
      return { reason: "invalid tag format" };
    }
    const name = unescaped(bytes, at + 1, equals, TAG_ESCAPES);
    if (tags.has(name)) return { reason: "duplicate tags" };
    tags.set(name, unescaped(bytes, equals + 1, tagEnd, TAG_ESCAPES));
    at = tagEnd;
  }
  return { key: { measurement, tags } };
}

/** The field key at bytes `[start, end)`. */
export function fieldKeyOf(bytes: Uint8Array, start: number, end: number): string {
  return unescaped(bytes, start, end, TAG_ESCAPES);
}

/** Index of the first byte of a kind that no backslash precedes; `end` if there is none. */
function findByte(
  bytes: Uint8Array,
  { start, end }: { start: number; end: number },
  wanted: number,
): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === wanted) return at;
  }
  return end;
}

function unescaped(bytes: Uint8Array, start: number, end: number, escapes: RegExp): string {
  const text = decoder.decode(bytes.subarray(start, end));
  return text.includes("\\") ? text.replace(escapes, "$1") : text;
}
