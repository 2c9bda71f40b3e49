/**
 * What an export counts while its rows pass: readings, rows, first and last time, gaps.
 *
 * @module
 */

import type { FileGap } from "../../data/encoders/encoder.ts";
import { createGapFinder, type GapFinder } from "../../data/exports/cadence.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { Page } from "../../data/readings/page.ts";
import { createIntervalMeter, type IntervalMeter } from "../../data/readings/sampling_interval.ts";

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

/** A tally of nothing. `cadencesMs` has how often each source measures, null where unknown. */
export function createExportTally(
  spec: Pick<ExportSpec, "ids" | "fromMs" | "toMs" | "gaps">,
  cadencesMs: readonly (number | null)[],
): ExportTally {
  const { ids } = spec;
  const meters: IntervalMeter[] = [];
  const finders: (GapFinder | null)[] = [];
  const gaps: FileGap[] = [];
  let rows = 0, readings = 0, firstMs = Infinity, lastMs = -Infinity;
  let gapCount = 0, missing = 0;

  function finderOf(source: number): GapFinder | null {
    const cadenceMs = cadencesMs[source] ?? null;
    if (spec.gaps !== "report" || cadenceMs === null) return null;
    return finders[source] ??= createGapFinder({
      span: spec,
      cadenceMs,
      onGap(gap) {
        gapCount++;
        missing += gap.missing;
        if (gaps.length < GAPS_KEPT) gaps.push({ source: ids[source], ...gap });
      },
    });
  }

  const tally: ExportTally = {
    addReadings(source, { timesMs }) {
      readings += timesMs.length;
      firstMs = Math.min(firstMs, timesMs[0]);
      lastMs = Math.max(lastMs, timesMs[timesMs.length - 1]);
      (meters[source] ??= createIntervalMeter()).add(timesMs);
      finderOf(source)?.add(timesMs);
    },
    addRows(count) {
      rows += count;
    },
    rows: () => rows,
    endSource(source) {
      finderOf(source)?.end();
    },
    gaps: () => spec.gaps === "report" ? gaps : null,
    ofSource: (source) => ({
      ...tally,
      addReadings: (_, page) => tally.addReadings(source, page),
      endSource: () => tally.endSource(source),
      gaps: () => tally.gaps()?.filter((gap) => gap.source === ids[source]) ?? null,
    }),
    counts() {
      const missed = meters.map((meter) => meter.missingIntervals(spec)).filter((n) => n !== null);
      return {
        rows,
        readings,
        firstMs: readings === 0 ? null : firstMs,
        lastMs: readings === 0 ? null : lastMs,
        missingIntervals: missed.length === 0 ? null : missed.reduce((sum, one) => sum + one, 0),
        gaps: spec.gaps === "report" ? { count: gapCount, missing } : null,
      };
    },
  };
  return tally;
}
