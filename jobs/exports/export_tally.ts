/**
 * What an export counts while its rows pass: readings, rows, first and last time, gaps.
 *
 * @module
 */

import type { FileGap } from "../../data/encoders/encoder.ts";
import { createGapFinder, type GapFinder } from "../../data/exports/cadence.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { Page } from "../../data/readings/page.ts";
import {
  createIntervalMeter,
  type IntervalMeter,
  type MeasuredIntervals,
} from "../../data/readings/sampling_interval.ts";

/** The most gaps that are kept; the rest is only counted. */
export const GAPS_KEPT = 100_000;

/** Counts of an export so far. */
export interface ExportTally {
  /** Adds the readings of a source. */
  addReadings(source: number, page: Page): void;
  /** Adds rows of the file. */
  addRows(rows: number): void;
  /** Ends a source: looks for gaps after its last reading. */
  endSource(source: number): void;
  /** The gaps so far, or null if the export does not report them. */
  gaps(): readonly FileGap[] | null;
  /** How many rows of the file there are so far. */
  rows(): number;
  /** The same tally for the file of one source, whose index there is 0. Its gaps are its own. */
  ofSource(source: number): ExportTally;
  /** The counts, once every source has ended. */
  counts(): TallyCounts;
  /** What it has counted so far, for a tally that goes on. */
  save(): SavedTally;
}

/** What a tally has counted, as a value that can be stored. */
export interface SavedTally {
  /** Rows of the file. */
  readonly rows: number;
  /** Readings that the rows are made of. */
  readonly readings: number;
  /** The first time with a reading, epoch milliseconds; null without readings. */
  readonly firstMs: number | null;
  /** The last time with a reading. */
  readonly lastMs: number | null;
  /** Steps of the usual interval without a reading, of the sources that have ended. */
  readonly missingIntervals: number | null;
  /** The sources that have begun and not ended. */
  readonly open: readonly {
    readonly source: number;
    readonly measured: MeasuredIntervals | null;
    /** The last time that the search for gaps has seen. */
    readonly searchedMs: number | null;
  }[];
  /** The gaps that are kept. */
  readonly gaps: readonly FileGap[];
  /** How many gaps there are. */
  readonly gapCount: number;
  /** How many readings they lack. */
  readonly missing: number;
}

/** The counts of an export. */
export interface TallyCounts {
  /** Rows in the file. */
  readonly rows: number;
  /** Readings that the rows are made of. */
  readonly readings: number;
  /** The first time with a reading, epoch milliseconds; null without readings. */
  readonly firstMs: number | null;
  /** The last time with a reading. */
  readonly lastMs: number | null;
  /** Steps of the usual interval without a reading; null if no source has two readings. */
  readonly missingIntervals: number | null;
  /** How many gaps there are, and how many readings they lack; null if nobody looked. */
  readonly gaps: { readonly count: number; readonly missing: number } | null;
}

/**
 * A tally of nothing, or one that goes on after what another has saved. `cadencesMs` has how often each
 * source measures, null where unknown.
 */
export function createExportTally(
  spec: Pick<ExportSpec, "ids" | "fromMs" | "toMs" | "gaps">,
  cadencesMs: readonly (number | null)[],
  saved: SavedTally | null = null,
): ExportTally {
  const { ids } = spec;
  const meters = new Map<number, IntervalMeter>();
  const finders = new Map<number, GapFinder>();
  const gaps: FileGap[] = [...saved?.gaps ?? []];
  let rows = saved?.rows ?? 0, readings = saved?.readings ?? 0;
  let firstMs = saved?.firstMs ?? Infinity, lastMs = saved?.lastMs ?? -Infinity;
  let missed = saved?.missingIntervals ?? null;
  let gapCount = saved?.gapCount ?? 0, missing = saved?.missing ?? 0;
  for (const { source, measured, searchedMs } of saved?.open ?? []) {
    meters.set(source, createIntervalMeter(measured));
    finderOf(source, searchedMs);
  }

  function meterOf(source: number): IntervalMeter {
    const meter = meters.get(source) ?? createIntervalMeter();
    meters.set(source, meter);
    return meter;
  }

  function finderOf(source: number, afterMs: number | null = null): GapFinder | null {
    const cadenceMs = cadencesMs[source] ?? null;
    if (spec.gaps !== "report" || cadenceMs === null) return null;
    const finder = finders.get(source) ?? createGapFinder({
      span: spec,
      cadenceMs,
      afterMs,
      onGap(gap) {
        gapCount++;
        missing += gap.missing;
        if (gaps.length < GAPS_KEPT) gaps.push({ source: ids[source], ...gap });
      },
    });
    finders.set(source, finder);
    return finder;
  }

  /** The missing intervals of all sources: of those that have ended, and of others so far. */
  function allMissed(more: Iterable<IntervalMeter>): number | null {
    const counts = [...more].map((meter) => meter.missingIntervals(spec));
    return [missed, ...counts].reduce((sum, one) => one === null ? sum : (sum ?? 0) + one, null);
  }

  const tally: ExportTally = {
    addReadings(source, { timesMs }) {
      readings += timesMs.length;
      firstMs = Math.min(firstMs, timesMs[0]);
      lastMs = Math.max(lastMs, timesMs[timesMs.length - 1]);
      meterOf(source).add(timesMs);
      finderOf(source)?.add(timesMs);
    },
    addRows(count) {
      rows += count;
    },
    rows: () => rows,
    endSource(source) {
      finderOf(source)?.end();
      const meter = meters.get(source);
      if (meter !== undefined) missed = allMissed([meter]);
      // What has ended needs no room in what is saved.
      meters.delete(source);
      finders.delete(source);
    },
    gaps: () => spec.gaps === "report" ? gaps : null,
    ofSource: (source) => ({
      ...tally,
      addReadings: (_, page) => tally.addReadings(source, page),
      endSource: () => tally.endSource(source),
      gaps: () => tally.gaps()?.filter((gap) => gap.source === ids[source]) ?? null,
    }),
    counts() {
      return {
        rows,
        readings,
        firstMs: readings === 0 ? null : firstMs,
        lastMs: readings === 0 ? null : lastMs,
        missingIntervals: allMissed(meters.values()),
        gaps: spec.gaps === "report" ? { count: gapCount, missing } : null,
      };
    },
    save: () => ({
      rows,
      readings,
      firstMs: readings === 0 ? null : firstMs,
      lastMs: readings === 0 ? null : lastMs,
      missingIntervals: missed,
      open: [...meters].map(([source, meter]) => ({
        source,
        measured: meter.measured(),
        searchedMs: finders.get(source)?.lastMs() ?? null,
      })),
      gaps: [...gaps],
      gapCount,
      missing,
    }),
  };
  return tally;
}
