/**
 * Times that occur more than once in one upload.
 *
 * The last reading of a time wins. Whether the time was new, updated or unchanged is decided in the
 * first batch that has it, by its last reading there. Every reading of it but the first is a repeat,
 * however far apart they are.
 *
 * @module
 */

import { REJECTS_LISTED } from "../limits.ts";
import { gatherPage, lowerBound, type Page } from "../readings/page.ts";
import { createTimeSets, type TimeSet } from "./time_set.ts";

/**
 * Memory for the times of one upload, bytes: 1 million of any kind, 50 million at a regular step with
 * gaps, a billion without. Of an upload with more, the batches read longest ago are forgotten: if one
 * of their times comes again, it counts by what it does to the stored reading.
 */
export const REPEATS_MAX_BYTES: number = 8 * 1_048_576;

/** Readings of an upload in its order, and the place of each one: its line or its index. */
export interface UploadBatch {
  /** The readings; a time may occur more than once, in any order. */
  readonly page: Page;
  /** One entry a reading. */
  readonly places: Float64Array;
}

/** A reading whose time the upload already had. */
export interface Repeat {
  /** Its meter. */
  readonly meterId: string;
  /** Its line or its index. */
  readonly place: number;
  /** The time, epoch milliseconds. */
  readonly timeMs: number;
}

/** Readings of a batch; the two share no time. */
export interface SplitBatch {
  /** Those of times that earlier batches did not have, in the order of the upload. */
  readonly fresh: Page;
  /** Those of times that they had; null if there are none. */
  readonly again: Page | null;
  /** How many readings are repeats, of this batch or an earlier one. */
  readonly repeated: number;
}

/** Finds the repeats of one upload. */
export interface RepeatFinder {
  /** Takes the next batch of a meter. */
  split(meterId: string, batch: UploadBatch): SplitBatch;
  /** The first 100 repeats. */
  first(): readonly Repeat[];
}

/** A finder at the beginning of an upload. */
export function createRepeatFinder(maxBytes: number = REPEATS_MAX_BYTES): RepeatFinder {
  const sets = createTimeSets(maxBytes);
  const times = new Map<string, TimeSet>();
  const first: Repeat[] = [];

  function timesOf(meterId: string): TimeSet {
    const found = times.get(meterId) ?? sets.create();
    times.set(meterId, found);
    return found;
  }

  return {
    split(meterId, batch) {
      const { page } = batch;
      const distinctMs = distinctTimes(page.timesMs);
      const knownMs = timesOf(meterId).add(distinctMs);
      if (knownMs.length === 0 && distinctMs.length === page.timesMs.length) {
        return { fresh: page, again: null, repeated: 0 };
      }
      return splitBatch(batch, {
        distinctMs,
        knownMs,
        onRepeat(place, timeMs) {
          if (first.length < REJECTS_LISTED) first.push({ meterId, place, timeMs });
        },
      });
    },
    first: () => first,
  };
}

/** Whether a time is new, was met in this batch, or is known from an earlier one. */
const NEW = 0, MET = 1, KNOWN = 2;

function splitBatch(
  { page, places }: UploadBatch,
  { distinctMs, knownMs, onRepeat }: {
    distinctMs: Float64Array;
    knownMs: Float64Array;
    onRepeat: (place: number, timeMs: number) => void;
  },
): SplitBatch {
  const { timesMs } = page;
  const states = new Uint8Array(distinctMs.length);
  for (const timeMs of knownMs) states[lowerBound(distinctMs, timeMs)] = KNOWN;
  const fresh = new Uint32Array(timesMs.length), again = new Uint32Array(timesMs.length);
  let freshCount = 0, againCount = 0, repeated = 0;
  for (let row = 0; row < timesMs.length; row++) {
    const timeMs = timesMs[row];
    const index = lowerBound(distinctMs, timeMs);
    if (states[index] === KNOWN) again[againCount++] = row;
    else fresh[freshCount++] = row;
    if (states[index] === NEW) states[index] = MET;
    else {
      repeated++;
      onRepeat(places[row], timeMs);
    }
  }
  if (againCount === 0) return { fresh: page, again: null, repeated };
  return {
    fresh: gatherPage(page, fresh.subarray(0, freshCount)),
    again: gatherPage(page, again.subarray(0, againCount)),
    repeated,
  };
}

/** The times ascending, each once. */
function distinctTimes(timesMs: Float64Array): Float64Array {
  let isAscending = true;
  for (let i = 1; i < timesMs.length && isAscending; i++) isAscending = timesMs[i - 1] < timesMs[i];
  if (isAscending) return timesMs;
  const sorted = timesMs.toSorted();
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i];
  }
  return sorted.subarray(0, count);
}
