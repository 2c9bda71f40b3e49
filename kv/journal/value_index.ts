/**
 * Entries whose keys differ by a number at their end, as places in bytes that came together.
 *
 * A segment of one reading has less than a hundred bytes, and hundreds of thousands of them may wait
 * to be folded: as an object each they would keep the collector busy.
 *
 * @module
 */

/** A record that is stored. */
export interface RecordSource {
  /** Its number. */
  readonly number: number;
  /** The bytes of what stays of it. */
  readonly bytes: Uint8Array;
  /** The version of what it changed. */
  readonly versionstamp: string;
}

/** Where a value lies. */
export interface ValueLocation {
  /** The record that holds it. */
  readonly source: RecordSource;
  /** Index of its first byte there. */
  readonly start: number;
  /** How many bytes it has. */
  readonly length: number;
}

/** Places of values by number, ascending. */
export interface ValueIndex {
  /** The place of a number's value, if it has one. */
  get(number: number): ValueLocation | undefined;
  /** Sets the place of a number's value. */
  set(number: number, place: ValueLocation): void;
  /** Takes a number away. */
  remove(number: number): void;
  /** How many numbers there are. */
  size(): number;
  /** The numbers, ascending, and their places, of records up to one. */
  list(upToRecord: number): [number, ValueLocation][];
}

/** Numbers taken away that stay in the lists, until they are as many as the others. */
const MIN_GAPS = 64;

/** A run of nothing. */
export function createValueIndex(): ValueIndex {
  let numbers: number[] = [];
  let sources: (RecordSource | null)[] = [];
  let starts: number[] = [];
  let lengths: number[] = [];
  let gaps = 0;

  /** Index of the first number that is not below one. */
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

  function placeAt(index: number): ValueLocation | undefined {
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
      return numbers[index] === number ? placeAt(index) : undefined;
    },
    set(number, { source, start, length }) {
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
    list(upToRecord) {
      const found: [number, ValueLocation][] = [];
      for (let index = 0; index < numbers.length; index++) {
        const source = sources[index];
        if (source === null || source.number > upToRecord) continue;
        found.push([numbers[index], { source, start: starts[index], length: lengths[index] }]);
      }
      return found;
    },
  };
}
