/**
 * Finding the list of objects in a streamed JSON object, as services answer with one around it:
 * `{"count": 2, "results": [{…}, {…}]}`.
 *
 * @module
 */

const QUOTE = 34, BACKSLASH = 92, OPEN_SQUARE = 91, CLOSE_SQUARE = 93;
const OPEN_BRACE = 123, CLOSE_BRACE = 125;

/** Looks for the first array of objects among the members of an object. */
export interface EnvelopeScan {
  /**
   * Reads on from `start`, at first from the brace that opens the object. Returns where the first
   * element of the array begins, or -1 if it does not within these bytes.
   */
  find(bytes: Uint8Array, start: number): number;
  /** Whether the object has ended, or begun an array, so that nothing is left to look for. */
  isOver(): boolean;
  /** Whether an empty array was among the members: a list without elements. */
  hasEmptyList(): boolean;
}

/** A scan at the beginning of an object. */
export function createEnvelopeScan(): EnvelopeScan {
  let depth = 0;
  let isQuoted = false, isEscaped = false;
  /** Whether the byte before, white space aside, opened an array among the members. */
  let isAtList = false;
  let isOver = false, hasEmptyList = false;

  /** Reads a byte outside of texts. Returns whether it begins the first element. */
  function isElement(byte: number): boolean {
    const wasAtList = isAtList;
    isAtList = false;
    if (wasAtList && byte === OPEN_BRACE) return true;
    if (wasAtList && byte === CLOSE_SQUARE) hasEmptyList = true;
    if (byte === QUOTE) isQuoted = true;
    else if (byte === OPEN_SQUARE || byte === OPEN_BRACE) {
      isAtList = byte === OPEN_SQUARE && depth === 1;
      depth++;
    } else if (byte === CLOSE_SQUARE || byte === CLOSE_BRACE) depth--;
    isOver = depth === 0;
    return false;
  }

  return {
    find(bytes, start) {
      for (let at = start; at < bytes.length && !isOver; at++) {
        const byte = bytes[at];
        if (isQuoted) {
          if (isEscaped) isEscaped = false;
          else if (byte === BACKSLASH) isEscaped = true;
          else if (byte === QUOTE) isQuoted = false;
        } else if (!isWhite(byte) && isElement(byte)) {
          isOver = true;
          return at;
        }
      }
      return -1;
    },
    isOver: () => isOver,
    hasEmptyList: () => hasEmptyList,
  };
}

function isWhite(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}
