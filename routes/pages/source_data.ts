/**
 * What the page of a meter or device shows, asked of the same functions as the API.
 *
 * @module
 */

import { localYear, yearSpan } from "../../data/charts/heat_map.ts";
import { expectedReadings } from "../../data/exports/cadence.ts";
import { DAY_MS } from "../../data/limits.ts";
import { toFloats } from "../../data/readings/decimal.ts";
import type { Span } from "../../data/readings/page.ts";
import type { Metric } from "../../data/readings/profile.ts";
import { createLocalClock, createOffsets, localDate, localDaySpan } from "../../data/time/zone.ts";
import { type Gaps, readGaps } from "../charts/chart_gaps.ts";
import type { ChartDeps, ChartSource } from "../charts/chart_source.ts";
import { type ChartStatistics, readStatistics } from "../charts/chart_statistics.ts";
import { readSeriesTable } from "../charts/series_table.ts";

/** The share of the readings that may be missing in two spans that are compared. */
const MISSING_MAX = 0.05;
/** How many gaps the page lists. */
const GAPS_SHOWN = 20;

/** A day or a month of a metric. NaN is missing. */
export interface PeriodRow {
  /** Where it begins, epoch milliseconds. */
  readonly atMs: number;
  /** Its calendar day, `YYYY-MM-DD`. */
  readonly date: string;
  /** The sum of its readings, or their mean. */
  readonly value: number;
  /** The smallest reading. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
  /** How many readings have a value. */
  readonly count: number;
}

/** A year of a source. */
export interface SourceYear {
  /** The year. */
  readonly year: number;
  /** Its span on the clock of the zone. */
  readonly span: Span;
  /** The years in which there are readings. */
  readonly years: readonly number[];
  /** The metric of the charts. */
  readonly metric: Metric;
  /** The metric that has totals, such as an energy; null if the source has none. */
  readonly summed: Metric | null;
  /** The days of the metric that has totals, or of the metric of the charts. */
  readonly days: readonly PeriodRow[];
  /** The months likewise. */
  readonly months: readonly PeriodRow[];
  /** Statistics of the metric of the charts. */
  readonly statistics: ChartStatistics;
  /** The same of the year before, up to the same point of the year; null without readings. */
  readonly before: ChartStatistics | null;
  /** Total of the year; null if nothing is summed. */
  readonly total: number | null;
  /** Total of the year before, up to the same point. */
  readonly totalBefore: number | null;
  /** Whether the year is compared only up to its last reading. */
  readonly isPartial: boolean;
  /** The gaps. */
  readonly gaps: Gaps;
}

/** Reads a year. The source has readings. */
export async function readSourceYear(
  deps: Pick<ChartDeps, "series" | "now">,
  source: ChartSource,
  { year, zone, metric, signal }: {
    year: number;
    zone: string;
    metric: number;
    signal: AbortSignal;
  },
): Promise<SourceYear> {
  const { info, profile } = source;
  const span = yearSpan(zone, year);
  const lastMs = info?.lastMs ?? span.toMs;
  const gaps = await readGaps(deps, source, { span, limit: GAPS_SHOWN, signal });
  // The last reading of a whole year comes one cadence before its end.
  const isPartial = lastMs + 1.5 * (gaps.cadenceMs ?? 1) < span.toMs && lastMs >= span.fromMs;
  const read = { zone, signal };
  const firstSum = profile.metrics.findIndex(({ aggregate }) => aggregate === "sum");
  // Reading a year takes long, so both metrics are read at once.
  const daysOf = await readPeriods(deps, source, {
    ...read,
    span,
    metrics: [...new Set(firstSum < 0 ? [metric] : [firstSum, metric])],
    length: "1d",
  });
  const summedDays = daysOf.get(firstSum) ?? [];
  // A meter may measure power alone, though its profile has an energy.
  const sumIndex = totalOf(summedDays) === null ? -1 : firstSum;
  const shown = sumIndex < 0 ? metric : sumIndex;
  const days = daysOf.get(shown) ?? [];
  const statistics = await readStatistics(deps, source, { ...read, span, metric });
  const toMs = isPartial ? lastMs + 1 : span.toMs;
  const earlier = spanBefore(zone, { year, span, endMs: toMs });
  const hasEarlier = earlier !== null && isWhole(gaps, { fromMs: span.fromMs, toMs }) &&
    isWhole(await readGaps(deps, source, { span: earlier, limit: 0, signal }), earlier);
  const before = hasEarlier
    ? await readStatistics(deps, source, { ...read, span: earlier, metric })
    : null;
  const totalsBefore = hasEarlier && sumIndex >= 0
    ? await readPeriods(deps, source, { ...read, span: earlier, metrics: [shown], length: "1y" })
    : null;
  return {
    year,
    span,
    years: yearsOf(source, zone),
    metric: profile.metrics[metric],
    summed: sumIndex < 0 ? null : profile.metrics[sumIndex],
    days,
    months: monthsOf(days, sumIndex >= 0).filter(({ atMs, count }, index, months) =>
      count > 0 || (atMs >= (info?.firstMs ?? 0) && (months[index + 1]?.atMs ?? Infinity) <= lastMs)
    ),
    statistics,
    before: before === null || before.readings === 0 ? null : before,
    total: sumIndex < 0 ? null : totalOf(days),
    totalBefore: totalOf(totalsBefore?.get(shown) ?? []),
    isPartial,
    gaps,
  };
}

/** The year that a page shows: the one that was asked for, else that of the last reading. */
export function shownYear({ info }: ChartSource, zone: string, asked: string | undefined): number {
  const year = Number(asked);
  if (/^\d{4}$/.test(asked ?? "") && year >= 1970 && year <= 9998) return year;
  return localYear(zone, info?.lastMs ?? 0);
}

/** Every year from the first to the last reading, the newest first, at most 100. */
function yearsOf({ info }: ChartSource, zone: string): number[] {
  if (info === null) return [];
  const first = localYear(zone, info.firstMs), last = localYear(zone, info.lastMs);
  const count = Math.min(100, last - first + 1);
  return Array.from({ length: count }, (_, index) => last - index);
}

/** Whether so few readings of a span are missing that its figures can be compared. */
function isWhole({ readings, cadenceMs }: Gaps, span: Span): boolean {
  return cadenceMs !== null && readings >= expectedReadings(span, cadenceMs) * (1 - MISSING_MAX);
}

/**
 * The year before, up to the same date and time on the clock of the zone; null before 1970. What ends
 * on 29 February ends with 28 February there.
 */
function spanBefore(
  zone: string,
  { year, span, endMs }: { year: number; span: Span; endMs: number },
): Span | null {
  if (year <= 1970) return null;
  const before = yearSpan(zone, year - 1);
  if (endMs >= span.toMs) return before;
  const monthDay = localDate(zone, endMs).slice(4);
  const ofYear = String(year - 1).padStart(4, "0");
  if (monthDay === "-02-29") {
    return { fromMs: before.fromMs, toMs: localDaySpan(zone, `${ofYear}-03-01`)?.fromMs ?? endMs };
  }
  const ofDayMs = (endMs + createOffsets(zone)(endMs).offsetMs) % DAY_MS;
  const wallMs = Date.parse(`${ofYear}${monthDay}`) + ofDayMs;
  return { fromMs: before.fromMs, toMs: createLocalClock(zone).toCompatibleMs(wallMs) };
}

/** The days or years of metrics, by the index of each. */
async function readPeriods(
  deps: Pick<ChartDeps, "series">,
  source: ChartSource,
  { span, zone, metrics, length, signal }: {
    span: Span;
    zone: string;
    metrics: readonly number[];
    length: "1d" | "1y";
    signal: AbortSignal;
  },
): Promise<Map<number, PeriodRow[]>> {
  const { columns: [timeColumn, ...columns] } = await readSeriesTable(deps, source, {
    span,
    zone,
    interval: length,
    points: 0,
    metrics,
    signal,
  });
  const numbers = columns.map(({ values, scale }) => toFloats(values, scale));
  const places = Array.from(timeColumn.values, (atMs) => ({ atMs, date: localDate(zone, atMs) }));
  const perMetric = numbers.length / metrics.length;
  return new Map(metrics.map((metric, index) => {
    const [values, lows, highs, counts] = numbers.slice(index * perMetric);
    return [
      metric,
      places.map((place, row): PeriodRow => ({
        ...place,
        value: values[row],
        min: lows[row],
        max: highs[row],
        count: counts[row],
      })),
    ];
  }));
}

/** The months of some days. */
function monthsOf(days: readonly PeriodRow[], isSummed: boolean): PeriodRow[] {
  const groups = Map.groupBy(days, ({ date }) => date.slice(0, 7));
  return [...groups.values()].map((all): PeriodRow => {
    const [{ atMs, date }] = all;
    const known = all.filter(({ count }) => count > 0);
    const count = known.reduce((sum, day) => sum + day.count, 0);
    const total = known.reduce((sum, day) => sum + day.value * (isSummed ? 1 : day.count), 0);
    return {
      atMs,
      date,
      value: count === 0 ? NaN : isSummed ? total : total / count,
      min: known.reduce((least, { min }) => Math.min(least, min), Infinity),
      max: known.reduce((most, { max }) => Math.max(most, max), -Infinity),
      count,
    };
  });
}

function totalOf(rows: readonly PeriodRow[]): number | null {
  const known = rows.filter(({ count }) => count > 0);
  return known.length === 0 ? null : known.reduce((sum, { value }) => sum + value, 0);
}
