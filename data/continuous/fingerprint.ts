/**
 * A fingerprint of the readings of a window, by which an export tells whether a window is still what
 * was written of it, without making its file again.
 *
 * @module
 */

import { toFloats } from "../readings/decimal.ts";
import type { WindowPart } from "./rows.ts";

/** Two numbers of 32 bits. */
export type WindowFingerprint = readonly [number, number];

/** FNV-1a's start and prime, and those of a second lane that differs in both. */
const START = [0x811c9dc5, 0x9e3779b9];
const PRIME = [0x01000193, 0x85ebca6b];

/**
 * The fingerprint of readings. It depends on times and values alone: neither on how they are cut
 * into parts, nor on the scale at which a decimal is kept, nor on what is said of the device.
 */
export function windowFingerprint(parts: readonly WindowPart[]): WindowFingerprint {
  const lanes = { a: START[0], b: START[1] };
  const columnCount = parts[0]?.page.columns.length ?? 0;
  for (const { page } of parts) mix(lanes, page.timesMs);
  for (let column = 0; column < columnCount; column++) {
    for (const { page } of parts) {
      const { values, scale } = page.columns[column];
      mix(lanes, toFloats(values, scale));
    }
  }
  return [finish(lanes.a), finish(lanes.b)];
}

function mix(lanes: { a: number; b: number }, values: Float64Array): void {
  // A view is over memory that begins at any multiple of 8, so it is one of words too.
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  let { a, b } = lanes;
  for (let at = 0; at < words.length; at++) {
    // Missing values are one and the same, whatever their bits.
    const word = Number.isNaN(values[at >> 1]) ? -1 : words[at];
    a = Math.imul(a ^ word, PRIME[0]);
    a ^= a >>> 15;
    b = Math.imul(b ^ word, PRIME[1]);
    b ^= b >>> 13;
  }
  lanes.a = a;
  lanes.b = b;
}

/** The last mixing of MurmurHash3, after which every bit hangs on all. */
function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
