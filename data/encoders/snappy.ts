/**
 * Snappy compression (https://github.com/google/snappy/blob/main/format_description.txt).
 *
 * The compressor of the runtime may change with the runtime, and a file that is made again must have the
 * same bytes. A table finds where the next four bytes have last occurred; where none do for long, ever
 * more of them are skipped.
 *
 * @module
 */

import { type ByteBuffer, ensureBytes, putVarInt } from "./byte_buffer.ts";

/** Adds bytes, compressed, to a buffer. */
export type SnappyCompressor = (from: ByteBuffer, into: ByteBuffer) => void;

/** The table has a place for each byte, within these bounds. */
const TABLE_BITS_MIN = 8, TABLE_BITS_MAX = 14;
/** Copies reach back at most so far, as their distance has two bytes. */
const REACH = 65_535;
/** The last bytes are not looked up, so that words can be read without checking for the end. */
const MARGIN = 15;
/** Spreads the bits of a word over all bits of a product. */
const SPREAD = 0x1e35a7bd;
/** A step is a byte longer for each so many words that have not occurred before. */
const STEP_BITS = 5;
/** Lengths that fit into the first byte: of literals, and of copies of each kind. */
const LITERAL_MAX = 60, NEAR_MAX = 11, COPY_MAX = 64, COPY_MIN = 4;
/** Copies of the shorter kind reach back less far. */
const NEAR_REACH = 2_047;
const LITERAL_1_BYTE = 60, NEAR = 1, FAR = 2;

/** A compressor; it keeps its table. */
export function createSnappy(): SnappyCompressor {
  const whole = new Int32Array(1 << TABLE_BITS_MAX);
  return (from, into) => {
    const bits = Math.min(TABLE_BITS_MAX, Math.max(TABLE_BITS_MIN, 32 - Math.clz32(from.end)));
    const table = whole.subarray(0, 1 << bits).fill(0);
    // Literals of 60 bytes have one more each.
    ensureBytes(into, 32 + from.end + Math.ceil(from.end / 6));
    putVarInt(into, from.end);
    compress(from, into, { table, shift: 32 - bits });
  };
}

function compress(
  from: ByteBuffer,
  into: ByteBuffer,
  { table, shift }: { table: Int32Array; shift: number },
): void {
  const { view, end } = from;
  const limit = end - MARGIN;
  /** The first byte that is not written yet. */
  let start = 0;
  for (let at = 1; at < limit;) {
    let tries = 1 << STEP_BITS, next = at, word = 0, earlier = 0;
    do {
      at = next;
      next += tries++ >> STEP_BITS;
      if (next > limit) {
        putLiteral(from, into, { start, end });
        return;
      }
      word = view.getInt32(at, true);
      const place = Math.imul(word, SPREAD) >>> shift;
      earlier = table[place];
      table[place] = at;
    } while (at - earlier > REACH || view.getInt32(earlier, true) !== word);
    putLiteral(from, into, { start, end: at });
    do {
      const length = matchLength(from, earlier, at);
      putCopy(into, at - earlier, length);
      at += length;
      start = at;
      if (at >= limit) break;
      const before = Math.imul(view.getInt32(at - 1, true), SPREAD) >>> shift;
      table[before] = at - 1;
      word = view.getInt32(at, true);
      const place = Math.imul(word, SPREAD) >>> shift;
      earlier = table[place];
      table[place] = at;
    } while (at - earlier <= REACH && view.getInt32(earlier, true) === word);
    at++;
  }
  putLiteral(from, into, { start, end });
}

/** How many bytes from two places on are equal, of which four are known to be. */
function matchLength({ bytes, view, end }: ByteBuffer, earlier: number, at: number): number {
  const distance = at - earlier;
  let to = at + COPY_MIN;
  while (to + 4 <= end && view.getInt32(to, true) === view.getInt32(to - distance, true)) to += 4;
  while (to < end && bytes[to] === bytes[to - distance]) to++;
  return to - at;
}

/** Adds bytes as they are. There must be room. */
function putLiteral(
  { bytes: given }: ByteBuffer,
  into: ByteBuffer,
  { start, end }: { start: number; end: number },
): void {
  const length = end - start;
  if (length === 0) return;
  const { bytes } = into;
  const last = length - 1;
  let at = into.end;
  if (length <= LITERAL_MAX) bytes[at++] = last << 2;
  else {
    const count = last < 0x100 ? 1 : last < 0x10000 ? 2 : last < 0x1000000 ? 3 : 4;
    bytes[at++] = LITERAL_1_BYTE + count - 1 << 2;
    for (let index = 0; index < count; index++) bytes[at++] = last >>> 8 * index;
  }
  // For few bytes a call of `set` takes longer.
  if (length <= LITERAL_MAX) {
    for (let index = start; index < end; index++) bytes[at++] = given[index];
  } else {
    bytes.set(given.subarray(start, end), at);
    at += length;
  }
  into.end = at;
}

/** Adds a copy of bytes that are `distance` back. There must be room. */
function putCopy(into: ByteBuffer, distance: number, length: number): void {
  const { bytes } = into;
  let at = into.end, left = length;
  while (left > 0) {
    if (left <= NEAR_MAX && distance <= NEAR_REACH) {
      bytes[at++] = NEAR | left - COPY_MIN << 2 | distance >> 8 << 5;
      bytes[at++] = distance;
      break;
    }
    // No copy may be shorter than four bytes.
    const some = left <= COPY_MAX ? left : left < COPY_MAX + COPY_MIN ? left - COPY_MIN : COPY_MAX;
    bytes[at++] = FAR | some - 1 << 2;
    bytes[at++] = distance;
    bytes[at++] = distance >> 8;
    left -= some;
  }
  into.end = at;
}
