/**
 * A set of times that stays within a given memory: beyond it, the parts added longest ago are
 * forgotten.
 *
 * A part is an ascending stretch of up to {@link PART_TIMES} times; parts do not overlap. Each takes
 * the smallest of three forms: a regular step needs no array, a regular step with gaps needs a bit a
 * step, other times need 4 bytes each (8 if the part spans very many steps).
 *
 * @module
 */

import { lowerBound } from "../readings/page.ts";

/** Most times of a part: about a batch of an import. */
const PART_TIMES = 32_768;
/** What a part costs besides its array's content, bytes: some numbers and the heads of both. */
const PART_BYTES = 200;

/** Times that were added. */
export interface TimeSet {
  /** Adds ascending times without repeats. Returns those that the set already had, ascending. */
  add(timesMs: Float64Array): Float64Array;
}

/** Sets of times that share memory. */
export interface TimeSets {
  /** A new empty set. */
  create(): TimeSet;
}

interface Part {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  /** Every time is the first one plus a multiple of this. */
  readonly stepMs: number;
  /** Which multiples: null for all up to the last time, a bit for each, their list; or the times. */
  readonly taken: null | Uint8Array | Uint32Array | Float64Array;
  /** The parts of its set, ascending. */
  readonly owner: Part[];
}

const NO_TIMES = new Float64Array(0);

/** Sets that together hold at most so many bytes between two calls. */
export function createTimeSets(maxBytes: number): TimeSets {
  /** The parts of all sets, those that were added longest ago first. */
  const ages = new Set<Part>();
  let sizeBytes = 0;

  function replace(
    parts: Part[],
    { index, removed, added }: { index: number; removed: number; added: readonly Part[] },
  ): void {
    const gone = parts.splice(index, removed, ...added);
    gone.forEach((part) => ages.delete(part));
    added.forEach((part) => ages.add(part));
    sizeBytes += sizeOf(added) - sizeOf(gone);
  }

  function forgetOldest(): void {
    for (const part of ages) {
      if (sizeBytes <= maxBytes) return;
      const index = part.owner.indexOf(part);
      replace(part.owner, { index, removed: 1, added: [] });
    }
  }

  return { create: () => createSet(replace, forgetOldest) };
}

/** An empty set that holds at most so many bytes between two calls. */
export function createTimeSet(maxBytes: number): TimeSet {
  return createTimeSets(maxBytes).create();
}

/** Puts parts in the place of `removed` ones. */
type ReplaceParts = (
  parts: Part[],
  change: { index: number; removed: number; added: readonly Part[] },
) => void;

function createSet(replace: ReplaceParts, forgetOldest: () => void): TimeSet {
  /** Ascending. */
  const parts: Part[] = [];

  /** Puts parts of these times in the place of `removed` ones. */
  function put(index: number, removed: number, timesMs: Float64Array): void {
    const pieces = Math.ceil(timesMs.length / PART_TIMES);
    const length = Math.ceil(timesMs.length / pieces);
    const added: Part[] = [];
    for (let at = 0; at < timesMs.length; at += length) {
      added.push(encodePart(timesMs.subarray(at, at + length), parts));
    }
    replace(parts, { index, removed, added });
  }

  /** Adds times that belong to one part: all of them are before the next part. */
  function addTo(index: number, timesMs: Float64Array): Float64Array {
    const part = parts[index];
    const next = continued(part, timesMs);
    if (next !== null) {
      replace(parts, { index, removed: 1, added: [next] });
      return NO_TIMES;
    }
    const isAfter = timesMs[0] > part.lastMs;
    const isApart = isAfter || timesMs[timesMs.length - 1] < part.firstMs;
    if (isApart && part.count + timesMs.length > PART_TIMES) {
      put(isAfter ? index + 1 : index, 0, timesMs);
      return NO_TIMES;
    }
    const { together, known } = merge(decodePart(part), timesMs);
    put(index, 1, together);
    return known;
  }

  return {
    add(timesMs) {
      const known: Float64Array[] = [];
      if (parts.length === 0 && timesMs.length > 0) put(0, 0, timesMs);
      else {
        for (let at = 0; at < timesMs.length;) {
          const index = Math.max(0, lastNotAfter(parts, timesMs[at]));
          const end = lowerBound(timesMs, parts[index + 1]?.firstMs ?? Infinity);
          known.push(addTo(index, timesMs.subarray(at, end)));
          at = end;
        }
      }
      forgetOldest();
      return joined(known);
    },
  };
}

/** Index of the last part that begins at or before a time, or -1. */
function lastNotAfter(parts: readonly Part[], timeMs: number): number {
  let low = 0, high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (parts[middle].firstMs <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { taken }) => sum + PART_BYTES + (taken?.byteLength ?? 0), 0);
}

/**
 * A part without gaps and the times that go on at its step; null if they do not. Most meters of an
 * upload go on like this, a few readings at a time.
 */
function continued(part: Part, timesMs: Float64Array): Part | null {
  const { lastMs, count, stepMs, taken } = part;
  if (taken !== null || count === 1 || count + timesMs.length > PART_TIMES) return null;
  for (let i = 0; i < timesMs.length; i++) {
    if (timesMs[i] !== lastMs + (i + 1) * stepMs) return null;
  }
  return { ...part, lastMs: timesMs[timesMs.length - 1], count: count + timesMs.length };
}

function encodePart(timesMs: Float64Array, owner: Part[]): Part {
  const count = timesMs.length;
  const firstMs = timesMs[0], lastMs = timesMs[count - 1];
  const stepMs = commonStep(timesMs);
  const part = { firstMs, lastMs, count, stepMs, owner };
  const slots = (lastMs - firstMs) / stepMs + 1;
  if (slots === count) return { ...part, taken: null };
  if (slots > 2 ** 32) return { ...part, taken: timesMs.slice() };
  const isList = slots / 8 > count * 4;
  const taken = isList ? new Uint32Array(count) : new Uint8Array(Math.ceil(slots / 8));
  for (let i = 0; i < count; i++) {
    const slot = (timesMs[i] - firstMs) / stepMs;
    if (isList) taken[i] = slot;
    else taken[slot >>> 3] |= 1 << (slot & 7);
  }
  return { ...part, taken };
}

/** The largest step that leads from the first time to all others; 1 for a single time. */
function commonStep(timesMs: Float64Array): number {
  let step = 0;
  for (let i = 1; i < timesMs.length && step !== 1; i++) {
    let rest = timesMs[i] - timesMs[i - 1];
    // Mostly so; a remainder of doubles is slow.
    if (rest === step) continue;
    while (rest !== 0) {
      const smaller = step % rest;
      step = rest;
      rest = smaller;
    }
  }
  return step === 0 ? 1 : step;
}

function decodePart({ firstMs, count, stepMs, taken }: Part): Float64Array {
  if (taken instanceof Float64Array) return taken;
  const timesMs = new Float64Array(count);
  if (taken instanceof Uint8Array) {
    for (let slot = 0, i = 0; i < count; slot++) {
      if ((taken[slot >>> 3] & (1 << (slot & 7))) !== 0) timesMs[i++] = firstMs + slot * stepMs;
    }
  } else {
    for (let i = 0; i < count; i++) timesMs[i] = firstMs + (taken?.[i] ?? i) * stepMs;
  }
  return timesMs;
}

/** The times of both, and those that are in both, ascending. */
function merge(
  one: Float64Array,
  other: Float64Array,
): { together: Float64Array; known: Float64Array } {
  const together = new Float64Array(one.length + other.length);
  const known = new Float64Array(Math.min(one.length, other.length));
  let count = 0, both = 0;
  for (let i = 0, j = 0; i < one.length || j < other.length; count++) {
    const oneMs = i < one.length ? one[i] : Infinity;
    const otherMs = j < other.length ? other[j] : Infinity;
    together[count] = Math.min(oneMs, otherMs);
    if (oneMs === otherMs) known[both++] = oneMs;
    if (oneMs <= otherMs) i++;
    if (otherMs <= oneMs) j++;
  }
  return { together: together.subarray(0, count), known: known.subarray(0, both) };
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
