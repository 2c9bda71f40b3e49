/**
 * An index from numbers to the locations of values, for entries whose keys differ only by the number
 * at their end.
 *
 * A segment of one reading has less than a hundred bytes, and hundreds of thousands of segments may
 * wait to be folded. One object per segment would keep the garbage collector busy, so the index
 * stores locations in parallel arrays, and the values stay in the bytes that they arrived in.
 *
 * @module
 */

import type { DecodedGroup } from "../../data/readings/group_decoder.ts";

/** A stored record, as far as it is kept in memory. */
export interface RecordSource {
  /** Its number. */
  readonly number: number;
  /** The bytes of its retained values; those of a group are in the group. */
  readonly bytes: Uint8Array;
  /** The group that the record is, if it is one. */
  readonly group?: DecodedGroup;
  /** The version of what it changed. */
  readonly versionstamp: string;
}

/** Where a value lies. */
export interface ValueLocation {
  /** The record that holds it. */
  readonly source: RecordSource;
  /** Index of its first byte in the bytes of the record, or of its first row in a group. */
  readonly start: number;
  /** How many bytes it has, or rows in a group. */
  readonly length: number;
}

/** Which numbers to list; all by default. */
export interface NumberRange {
  /** The first. */
  readonly from?: number;
  /** The last. */
  readonly to?: number;
  /** The last record of which they may be. */
  readonly upToRecord?: number;
}

/** Locations of values by number, ascending. */
export interface ValueIndex {
  /** The location of a number's value, if there is one. */
  get(number: number): ValueLocation | undefined;
  /** Sets the location of a number's value. */
  set(number: number, location: ValueLocation): void;
  /** Adds the location of a number that is greater than all others. False if it is not; then nothing. */
  append(number: number, source: RecordSource, start: number, length: number): boolean;
  /** Removes a number. */
  remove(number: number): void;
  /** How many numbers there are. */
  size(): number;
  /** The numbers in a range, ascending, with their locations, of records up to `upToRecord`. */
  list(range?: NumberRange): [number, ValueLocation][];
}

/** Removed numbers stay in the arrays until there are this many, and more of them than others. */
const MIN_GAPS = 64;

/** Creates an empty index. */
export function createValueIndex(): ValueIndex {
  // Parallel arrays. A removed number is a gap: its source is null.
  let numbers: number[] = [];
  let sources: (RecordSource | null)[] = [];
  let starts: number[] = [];
  let lengths: number[] = [];
  let gaps = 0;

  /** Index of the first number that is not smaller than `number`. */
  function indexOf(number: number): number {
    let low = 0, high = numbers.length;
    if (high === 0 || numbers[high - 1] < number) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (numbers[middle] < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function append(number: number, source: RecordSource, start: number, length: number): boolean {
    if (numbers.length > 0 && numbers[numbers.length - 1] >= number) return false;
    numbers.push(number);
    sources.push(source);
    starts.push(start);
    lengths.push(length);
    return true;
  }

  function locationAt(index: number): ValueLocation | undefined {
    const source = sources[index];
    if (source === null || source === undefined) return undefined;
    return { source, start: starts[index], length: lengths[index] };
  }

  function closeGaps(): void {
    const kept = numbers.map((_, index) => index).filter((index) => sources[index] !== null);
    numbers = kept.map((index) => numbers[index]);
    starts = kept.map((index) => starts[index]);
    lengths = kept.map((index) => lengths[index]);
    sources = kept.map((index) => sources[index]);
    gaps = 0;
  }

  return {
    get(number) {
      const index = indexOf(number);
      return numbers[index] === number ? locationAt(index) : undefined;
    },
    append,
    set(number, { source, start, length }) {
      if (append(number, source, start, length)) return;
      const index = indexOf(number);
      if (numbers[index] === number) {
        if (sources[index] === null) gaps--;
        sources[index] = source;
        starts[index] = start;
        lengths[index] = length;
        return;
      }
      numbers.splice(index, 0, number);
      sources.splice(index, 0, source);
      starts.splice(index, 0, start);
      lengths.splice(index, 0, length);
    },
    remove(number) {
      const index = indexOf(number);
      if (numbers[index] !== number || sources[index] === null) return;
      sources[index] = null;
      if (++gaps >= MIN_GAPS && 2 * gaps > numbers.length) closeGaps();
    },
    size: () => numbers.length - gaps,
    list({ from = -Infinity, to = Infinity, upToRecord = Infinity } = {}) {
      const found: [number, ValueLocation][] = [];
      for (let index = indexOf(from); index < numbers.length && numbers[index] <= to; index++) {
        const source = sources[index];
        if (source === null || source.number > upToRecord) continue;
        found.push([numbers[index], { source, start: starts[index], length: lengths[index] }]);
      }
      return found;
    },
  };
}
