/**
 * Times in the form `2026-02-01T14:23:45Z`, read from bytes. Those of one day are read faster.
 *
 * @module
 */

import { plainInstant } from "./plain_instant.ts";

const CHARS = 20, DATE_CHARS = 10;
const ZERO = 48, COLON = 58, UPPER_T = 84, UPPER_Z = 90;

/** Reads times. */
export interface InstantBytes {
  /** The time that begins at an index, as `plainInstant()` has it, epoch milliseconds; else NaN. */
  read(bytes: Uint8Array, start: number): number;
  /** How many bytes a time has. */
  readonly length: number;
}

/** Creates a reader. */
export function createInstantBytes(): InstantBytes {
  /** The date that was read last. */
  const date = new Uint8Array(DATE_CHARS);
  let dayMs = NaN;

  function readDate(bytes: Uint8Array, start: number): void {
    for (let index = 0; index < DATE_CHARS; index++) {
      if (bytes[start + index] === date[index]) continue;
      const own = bytes.subarray(start, start + DATE_CHARS);
      date.set(own);
      dayMs = plainInstant(`${String.fromCharCode(...own)}T00:00:00Z`);
      return;
    }
  }

  return {
    length: CHARS,
    read(bytes, start) {
      if (start + CHARS > bytes.length) return NaN;
      readDate(bytes, start);
      const isForm = bytes[start + 10] === UPPER_T && bytes[start + 13] === COLON &&
        bytes[start + 16] === COLON && bytes[start + 19] === UPPER_Z;
      const hour = twoDigits(bytes, start + 11), minute = twoDigits(bytes, start + 14);
      const second = twoDigits(bytes, start + 17);
      // Every comparison with NaN is false.
      if (!isForm || !(hour <= 23 && minute <= 59 && second <= 59)) return NaN;
      return dayMs + ((hour * 60 + minute) * 60 + second) * 1_000;
    },
  };
}

/** Two digits as a number; NaN if either is not a digit. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - ZERO, ones = bytes[at + 1] - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}
