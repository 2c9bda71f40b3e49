/**
 * Small numbers of Parquet files, as levels and places in dictionaries: runs of one number, and groups of
 * eight numbers packed bit by bit, lowest first (`RLE` in
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/).
 *
 * @module
 */

import { type ByteBuffer, ensureBytes, putByte, putVarInt } from "./byte_buffer.ts";

/** Numbers that are packed together. */
const GROUP = 8;
/** Equal numbers that become a run: its two to four bytes are fewer than those of two groups. */
const RUN_MIN = 16;

/** Adds a run of one number, of so many bits. */
export function putRun(
  buffer: ByteBuffer,
  { number, count, width }: { number: number; count: number; width: number },
): void {
  putVarInt(buffer, 2 * count);
  for (let bit = 0; bit < width; bit += 8) putByte(buffer, number >> bit);
}

/** Adds the first `count` numbers, each of `width` bits at most. */
export function putNumbers(
  buffer: ByteBuffer,
  numbers: Uint16Array,
  { count, width }: { count: number; width: number },
): void {
  /** The first number that is not added yet. */
  let start = 0;
  for (let at = 0; at < count;) {
    const number = numbers[at];
    let end = at + 1;
    while (end < count && numbers[end] === number) end++;
    if (end - at < RUN_MIN) {
      at = Math.min(at + GROUP, count);
      continue;
    }
    putGroups(buffer, numbers, { start, end: at, width });
    putRun(buffer, { number, count: end - at, width });
    start = at = end;
  }
  putGroups(buffer, numbers, { start, end: count, width });
}

/** Adds numbers in groups. Only the last one of all may be shorter than a group; zeros follow it. */
function putGroups(
  buffer: ByteBuffer,
  numbers: Uint16Array,
  { start, end, width }: { start: number; end: number; width: number },
): void {
  if (end === start) return;
  const groups = Math.ceil((end - start) / GROUP);
  putVarInt(buffer, 2 * groups + 1);
  ensureBytes(buffer, groups * width);
  const { bytes } = buffer;
  let at = buffer.end, waiting = 0, bits = 0;
  for (let index = start; index < end; index++) {
    waiting |= numbers[index] << bits;
    bits += width;
    while (bits >= 8) {
      bytes[at++] = waiting;
      waiting >>>= 8;
      bits -= 8;
    }
  }
  const last = buffer.end + groups * width;
  if (bits > 0) bytes[at++] = waiting;
  bytes.fill(0, at, last);
  buffer.end = last;
}
