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

/** The time series of a family. */
interface SeriesOfFamily {
  /** In the order of their first value. */
  readonly all: Series[];
  /** By the values of their labels, one level for each. To join them would cost more. */
  readonly top: Level;
}

/** The time series whose labels begin alike. */
interface Level {
  readonly next: Map<string, Level>;
  /** The one without further labels. */
  series: Series | undefined;
}

/** Creates a recorder. Counters without labels begin at 0, so that their first growth is seen. */
export function createRecorder(): ReadableRecorder {
  const families = new Map<FamilyName, SeriesOfFamily>();
  for (const [name, family] of Object.entries(FAMILIES) as [FamilyName, Family][]) {
    families.set(name, { all: [], top: newLevel() });
    if (family.type !== "gauge" && family.labels.length === 0) seriesOf(name, []);
  }

  function seriesOf(name: FamilyName, labels: readonly string[]): Series {
    const family = families.get(name);
    if (family === undefined) {
      throw new TypeError(`Cannot record as there is no such metric: ${name}`);
    }
    let level: Level | undefined = family.top;
    for (let index = 0; index < labels.length && level !== undefined; index++) {
      level = level.next.get(labels[index]);
    }
    return level?.series ?? newSeries(name, labels, family);
  }

  function newSeries(
    name: FamilyName,
    labels: readonly string[],
    { all, top }: SeriesOfFamily,
  ): Series {
    if (all.length >= MAX_SERIES && !labels.every((label) => label === OTHER)) {
      return seriesOf(name, labels.map(() => OTHER));
    }
    let level = top;
    for (const label of labels) {
      const next = level.next.get(label) ?? newLevel();
      level.next.set(label, next);
      level = next;
    }
    const { buckets }: Family = FAMILIES[name];
    level.series = {
      labels: [...labels],
      value: 0,
      ...(buckets === undefined ? {} : { buckets: new Array(buckets.length + 1).fill(0) }),
    };
    all.push(level.series);
    return level.series;
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
    samples: (name) => [...families.get(name)?.all ?? []],
  };
}

function newLevel(): Level {
  return { next: new Map(), series: undefined };
}
