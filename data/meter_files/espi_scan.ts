/**
 * Reading plain `IntervalReading` elements of ESPI directly from bytes.
 *
 * Most of a Green Button file is one form over and over. Reading it from bytes is many times as fast
 * as through a parser of XML, which reads everything else: attributes, references, comments, sections
 * of CDATA, other elements, and whatever is wrong.
 *
 * @module
 */

const LF = 10, CR = 13, TAB = 9, SPACE = 32, MINUS = 45, SLASH = 47, ZERO = 48, LESS = 60;
/** The first letters of `value` and `ReadingQuality`. */
const VALUE = 118, QUALITY = 82;
/** More digits are not exact in a double. */
const MAX_DIGITS = 15;
/** Elements of a reading that are not used: they hold a number. */
const UNUSED = ["cost", "consumptionTier", "tou", "cpp"];

/** The reading that was scanned last. */
export interface ScannedReading {
  /** The start of its interval, seconds since 1970. */
  startSeconds: number;
  /** The length of its interval, seconds. */
  durationSeconds: number;
  /** Its value, a whole number. */
  value: number;
  /** The code of its quality; NaN without one. */
  quality: number;
  /** How many line feeds it and the white space before it have. */
  lines: number;
}

/** Scans the readings of one document. */
export interface ReadingScanner {
  /**
   * Reads a reading, and white space before it, into `last`. Returns where it ends, -1 if the bytes
   * are not a plain reading, or -2 if they may begin one that goes on after `end`.
   */
  scan(bytes: Uint8Array, start: number, end: number): number;
  /** The reading that was scanned last. */
  readonly last: ScannedReading;
}

/** A scanner of readings whose elements have a prefix, such as `espi:` or none. */
export function createReadingScanner(prefix: string): ReadingScanner {
  const last = { startSeconds: 0, durationSeconds: 0, value: 0, quality: NaN, lines: 0 };
  const open = (name: string) => bytesOf(`<${prefix}${name}>`);
  const close = (name: string) => bytesOf(`</${prefix}${name}>`);
  const begin = open("IntervalReading"), end = close("IntervalReading");
  const period = open("timePeriod"), periodEnd = close("timePeriod");
  const duration = open("duration"), durationEnd = close("duration");
  const startTag = open("start"), startEnd = close("start");
  const value = open("value"), valueEnd = close("value");
  const quality = bytesOf(`<${prefix}ReadingQuality><${prefix}quality>`);
  const qualityEnd = bytesOf(`</${prefix}quality></${prefix}ReadingQuality>`);
  const unused = UNUSED.map((name) => ({ begin: open(name), end: close(name) }));
  /** Where the first letter of a name is in a tag. */
  const letter = 1 + prefix.length;
  /** The number that was read last. */
  let number = 0;

  /** Reads a whole number and returns where it ends, or -1. */
  function scanNumber(bytes: Uint8Array, start: number): number {
    const isNegative = bytes[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    let at = first, size = 0;
    for (let digit = bytes[at] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ZERO) {
      size = size * 10 + digit;
    }
    number = isNegative && size !== 0 ? -size : size;
    return at > first && at - first <= MAX_DIGITS ? at : -1;
  }

  /** Reads an element that holds a whole number and returns where it ends, or -1. */
  function scanElement(
    bytes: Uint8Array,
    start: number,
    tag: Uint8Array,
    endTag: Uint8Array,
  ): number {
    const text = after(bytes, start, tag);
    const textEnd = text < 0 ? -1 : scanNumber(bytes, text);
    return textEnd < 0 ? -1 : after(bytes, textEnd, endTag);
  }

  function skipWhite(bytes: Uint8Array, start: number): number {
    let at = start;
    for (let byte = bytes[at]; isWhite(byte); byte = bytes[++at]) if (byte === LF) last.lines++;
    return at;
  }

  /** Reads the period after its tag and returns where it ends, or -1. */
  function scanPeriod(bytes: Uint8Array, start: number): number {
    let at = scanElement(bytes, skipWhite(bytes, start), duration, durationEnd);
    if (at < 0) return -1;
    last.durationSeconds = number;
    at = scanElement(bytes, skipWhite(bytes, at), startTag, startEnd);
    if (at < 0) return -1;
    last.startSeconds = number;
    return after(bytes, skipWhite(bytes, at), periodEnd);
  }

  /** Skips an element that is not used and returns where it ends, or -1. */
  function skipUnused(bytes: Uint8Array, start: number): number {
    for (const { begin, end } of unused) {
      const text = after(bytes, start, begin);
      if (text >= 0) return after(bytes, numberEnd(bytes, text), end);
    }
    return -1;
  }

  /** Reads the next child of a reading and returns where it ends, or -1. */
  function scanChild(bytes: Uint8Array, at: number): number {
    // The first letter tells them apart.
    switch (bytes[at + letter]) {
      case VALUE: {
        const next = scanElement(bytes, at, value, valueEnd);
        if (next >= 0) last.value = number;
        return next;
      }
      case QUALITY: {
        const next = scanElement(bytes, at, quality, qualityEnd);
        if (next >= 0) last.quality = number;
        return next;
      }
      default: {
        const next = after(bytes, at, period);
        return next >= 0 ? scanPeriod(bytes, next) : skipUnused(bytes, at);
      }
    }
  }

  function scanInside(bytes: Uint8Array, start: number): number {
    last.value = last.startSeconds = NaN;
    for (let at = start;;) {
      at = skipWhite(bytes, at);
      if (bytes[at + 1] === SLASH) {
        const isWhole = last.value === last.value && last.startSeconds === last.startSeconds;
        return isWhole ? after(bytes, at, end) : -1;
      }
      at = scanChild(bytes, at);
      if (at < 0) return -1;
    }
  }

  return {
    last,
    scan(bytes, start, limit) {
      last.lines = 0;
      last.quality = NaN;
      const at = skipWhite(bytes, start);
      const inside = after(bytes, at, begin);
      if (inside >= 0) {
        const readingEnd = scanInside(bytes, inside);
        if (readingEnd >= 0 && readingEnd <= limit) return readingEnd;
        return hasEnd(bytes, inside, limit, end) ? -1 : -2;
      }
      return isBeginning(bytes, at, limit, begin) ? -2 : -1;
    },
  };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Where a text ends if the bytes have it at `start`, or -1. */
function after(bytes: Uint8Array, start: number, text: Uint8Array): number {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return -1;
  return start + text.length;
}

/** Where the characters of a number end. */
function numberEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] !== LESS && bytes[at] > SPACE) at++;
  return at;
}

/** Whether the bytes end within a text that they have at `start`. */
function isBeginning(
  bytes: Uint8Array,
  start: number,
  limit: number,
  text: Uint8Array,
): boolean {
  for (let at = start; at < limit; at++) {
    if (at - start >= text.length || bytes[at] !== text[at - start]) return false;
  }
  return true;
}

function hasEnd(
  bytes: Uint8Array,
  start: number,
  limit: number,
  text: Uint8Array,
): boolean {
  for (let at = start; at + text.length <= limit; at++) {
    if (bytes[at] === LESS && after(bytes, at, text) >= 0) return true;
  }
  return false;
}

function isWhite(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}
