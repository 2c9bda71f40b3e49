/**
 * Ids of devices from bytes, as texts that are made once: the same devices send again and again.
 *
 * @module
 */

const DOT = 46;
/** Most characters of an id. */
const MOST = 64;
/** How many ids are remembered, a power of two; a new one takes the place of an old one. */
const REMEMBERED = 8_192;
/** Which bytes ids may have. */
const IS_ID: Uint8Array = Uint8Array.from(
  { length: 256 },
  (_, byte) => /[A-Za-z0-9_.:-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** The id that begins at an index, as far as ids go; "" if it is none, or begins with a dot. */
export type InternedId = (bytes: Uint8Array, start: number) => string;

/** Creates a reader of ids that remembers them. It is made for many requests. */
export function createInternedIds(): InternedId {
  const remembered: string[] = [];
  return (bytes, start) => {
    let at = start, hash = 0;
    for (; IS_ID[bytes[at]] === 1; at++) hash = Math.imul(hash, 31) + bytes[at] | 0;
    const length = at - start;
    if (length === 0 || length > MOST || bytes[start] === DOT) return "";
    const place = (hash ^ hash >>> 13) & REMEMBERED - 1;
    const known = remembered[place];
    if (known !== undefined && isSame(known, bytes, start, length)) return known;
    return remembered[place] = String.fromCharCode(...bytes.subarray(start, at));
  };
}

function isSame(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}
