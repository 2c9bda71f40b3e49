/**
 * Counts what happens, in memory, for `GET /metrics`. Costs about as much as an access to a map, so it
 * may stand in every request.
 *
 * @module
 */

import {
  FAMILIES,
  type Family,
  type FamilyName,
  type LabelValues,
  type NameOf,
} from "./families.ts";

/** Takes note of what happens. */
export interface Recorder {
  /** Adds to a counter, 1 by default. */
  add<Name extends NameOf<"counter">>(name: Name, labels: LabelValues<Name>, by?: number): void;
  /** Sets a gauge, in place of its last value. */
  set<Name extends NameOf<"gauge">>(name: Name, labels: LabelValues<Name>, value: number): void;
  /** Adds to a gauge, or subtracts. */
  shift<Name extends NameOf<"gauge">>(name: Name, labels: LabelValues<Name>, by: number): void;
  /** Adds a value to a histogram. */
  observe<Name extends NameOf<"histogram">>(
    name: Name,
    labels: LabelValues<Name>,
    value: number,
  ): void;
}

/** One time series of a family as it is now. */
export interface Sample {
  /** The values of its labels. */
  readonly labels: readonly string[];
  /** The count or value; of a histogram the sum of its values. */
  readonly value: number;
  /** Of a histogram: how many values lie in each bucket alone, and above the last one. */
  readonly buckets?: readonly number[];
}

/** A recorder that can be read. */
export interface ReadableRecorder extends Recorder {
  /** The time series of a family, in the order of their first value. */
  samples(name: FamilyName): readonly Sample[];
}

interface Series {
  readonly labels: readonly string[];
  value: number;
  readonly buckets?: number[];
}

/** Forgets everything: for parts that nobody watches. */
export const NO_RECORDER: Recorder = {
  add: () => {},
  set: () => {},
  shift: () => {},
  observe: () => {},
};

/** How many time series a family may have. More would be a mistake: a label that has ids. */
const MAX_SERIES = 2_000;
/** The labels of what is one too many. */
const OTHER = "other";

/** Creates a recorder. Counters without labels begin at 0, so that their first growth is seen. */
export function createRecorder(): ReadableRecorder {
  const families = new Map<FamilyName, Map<string, Series>>();
  for (const [name, family] of Object.entries(FAMILIES) as [FamilyName, Family][]) {
    families.set(name, new Map());
    if (family.type !== "gauge" && family.labels.length === 0) seriesOf(name, []);
  }

  function seriesOf(name: FamilyName, labels: readonly string[]): Series {
    const all = families.get(name);
    if (all === undefined) throw new TypeError(`Cannot record as there is no such metric: ${name}`);
    const key = labels.length === 1 ? labels[0] : labels.join("\n");
    const known = all.get(key);
    if (known !== undefined) return known;
    if (all.size >= MAX_SERIES && !labels.every((label) => label === OTHER)) {
      return seriesOf(name, labels.map(() => OTHER));
    }
    const { buckets }: Family = FAMILIES[name];
    const series = {
      labels: [...labels],
      value: 0,
      ...(buckets === undefined ? {} : { buckets: new Array(buckets.length + 1).fill(0) }),
    };
    all.set(key, series);
    return series;
  }

  return {
    add: (name, labels, by = 1) => void (seriesOf(name, labels).value += by),
    set: (name, labels, value) => void (seriesOf(name, labels).value = value),
    shift: (name, labels, by) => void (seriesOf(name, labels).value += by),
    observe(name, labels, value) {
      const series = seriesOf(name, labels);
      const bounds: readonly number[] = FAMILIES[name].buckets;
      let index = 0;
      while (index < bounds.length && value > bounds[index]) index++;
      series.value += value;
      if (series.buckets !== undefined) series.buckets[index]++;
    },
    samples: (name) => [...families.get(name)?.values() ?? []],
  };
}
