/**
 * A fingerprint of the readings of a window. It shows whether a window has changed since it was
 * written, without encoding its file again.
 *
 * @module
 */

import { powerOfTen } from "../readings/decimal.ts";
import { isBuiltIn, type Profile } from "../readings/profile.ts";
import type { WindowPart } from "./rows.ts";

/** Two 32-bit numbers. */
export type WindowFingerprint = readonly [number, number];

/** Start and prime of FNV-1a, and different ones for a second lane. */
const START = [0x811c9dc5, 0x9e3779b9];
const PRIME_A = 0x01000193, PRIME_B = 0x85ebca6b;

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
  for (const { page } of parts) mix(lanes, page.timesMs, 0);
  for (let column = 0; column < columnCount; column++) {
    for (const { page } of parts) {
      const { values, scale } = page.columns[column];
      mix(lanes, values, scale);
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

/** Memory in which numbers become words, for one stretch after the other. */
const floats = new Float64Array(512);
const words = new Int32Array(floats.buffer);

/** Mixes values at a scale into both lanes, as plain doubles. */
function mix(lanes: { a: number; b: number }, values: Float64Array, scale: number): void {
  const unit = scale <= 0 ? 1 : powerOfTen(scale);
  let { a, b } = lanes;
  for (let start = 0; start < values.length; start += floats.length) {
    const count = Math.min(floats.length, values.length - start);
    for (let index = 0; index < count; index++) floats[index] = values[start + index] / unit;
    for (let index = 0; index < count; index++) {
      // All missing values count as equal, whatever their bits.
      const isMissing = floats[index] !== floats[index];
      const low = isMissing ? -1 : words[2 * index], high = isMissing ? -1 : words[2 * index + 1];
      a = Math.imul(a ^ low, PRIME_A);
      b = Math.imul(b ^ low, PRIME_B);
      a ^= a >>> 15;
      b ^= b >>> 13;
      a = Math.imul(a ^ high, PRIME_A);
      b = Math.imul(b ^ high, PRIME_B);
      a ^= a >>> 15;
      b ^= b >>> 13;
    }
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
