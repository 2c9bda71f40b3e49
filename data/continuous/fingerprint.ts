/**
 * A fingerprint of the readings of a window. It shows whether a window has changed since it was
 * written, without encoding its file again.
 *
 * @module
 */

import { toFloats } from "../readings/decimal.ts";
import { isBuiltIn, type Profile } from "../readings/profile.ts";
import type { WindowPart } from "./rows.ts";

/** Two 32-bit numbers. */
export type WindowFingerprint = readonly [number, number];

/** Start and prime of FNV-1a, and different ones for a second lane. */
const START = [0x811c9dc5, 0x9e3779b9];
const PRIME = [0x01000193, 0x85ebca6b];

/**
 * The fingerprint of readings of a profile. It depends on their times and values only: not on how they
 * are split into parts, the scale at which a decimal is stored, or the type and location of the
 * device. If the profile may grow, it does not depend on metrics at the end that no reading has
 * either: a window is not written again because its profile got another metric.
 */
export function windowFingerprint(
  parts: readonly WindowPart[],
  profile?: Profile,
): WindowFingerprint {
  const lanes = { a: START[0], b: START[1] };
  const columnCount = profile === undefined || isBuiltIn(profile.name)
    ? parts[0]?.page.columns.length ?? 0
    : usedColumns(parts);
  for (const { page } of parts) mix(lanes, page.timesMs);
  for (let column = 0; column < columnCount; column++) {
    for (const { page } of parts) {
      const { values, scale } = page.columns[column];
      mix(lanes, toFloats(values, scale));
    }
  }
  return [finish(lanes.a), finish(lanes.b)];
}

/** The number of columns up to the last one with a value. */
function usedColumns(parts: readonly WindowPart[]): number {
  let count = 0;
  for (const { page: { columns } } of parts) {
    for (let index = columns.length; index > count; index--) {
      if (columns[index - 1].values.some((value) => value === value)) count = index;
    }
  }
  return count;
}

function mix(lanes: { a: number; b: number }, values: Float64Array): void {
  // A Float64Array starts at a multiple of 8 bytes, so its memory can also be read as 32-bit words.
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  let { a, b } = lanes;
  for (let at = 0; at < words.length; at++) {
    // All missing values count as equal, whatever their bits.
    const word = Number.isNaN(values[at >> 1]) ? -1 : words[at];
    a = Math.imul(a ^ word, PRIME[0]);
    a ^= a >>> 15;
    b = Math.imul(b ^ word, PRIME[1]);
    b ^= b >>> 13;
  }
  lanes.a = a;
  lanes.b = b;
}

/** The final mix of MurmurHash3, which makes every bit depend on all others. */
function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
