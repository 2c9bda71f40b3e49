/**
 * The rows of an export: pages of readings, clipped to the span, aggregated or filled, in the order
 * of the file.
 *
 * @module
 */

import { createBucketRows, PAGE_ROWS } from "../../data/exports/bucket_rows.ts";
import { createGapFinder, gapPages } from "../../data/exports/cadence.ts";
import { COMPLETENESS, type Output } from "../../data/exports/outputs.ts";
import { createColumnSelection } from "../../data/exports/select_columns.ts";
import { type ExportInterval, type ExportSpec, fixedMs } from "../../data/exports/spec.ts";
import { DAY_MS } from "../../data/limits.ts";
import type { FileGap } from "../../data/encoders/encoder.ts";
import { lowerBound, type Page, slicePage, type Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { createCalendarBuckets } from "../../data/time/calendar_buckets.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SeriesStore } from "../../kv/series/store.ts";

/** What rows are made of. */
export interface RowsDeps {
  /** The readings. */
  readonly series: Pick<SeriesStore, "read">;
  /** Aborts the reads. */
  readonly signal: AbortSignal;
  /** Whether rows are used up before the next ones are requested, so that their memory is reused. */
  readonly reusesMemory?: boolean;
}

/** The rows of one source in a span. */
export interface SourceRows {
  /** The source. */
  readonly ref: SeriesRef;
  /** Its profile, which every page of the export follows. */
  readonly profile: Profile;
  /** The span, within that of the export. */
  readonly span: Span;
  /** How often the source measures, milliseconds; null if unknown or not needed. */
  readonly cadenceMs: number | null;
  /** The columns of the rows. */
  readonly outputs: readonly Output[];
  /** Called with the readings of rows before these are requested, page by page. */
  readonly onReadings: (page: Page) => void;
  /** Where these rows begin, after others of the source; with its first row by default. */
  readonly from?: SourcePlace;
  /** Called before each page of rows with the place after it. No other readings were shown then. */
  readonly onPlace?: (place: SourcePlace) => void;
}

/** A place between the rows of a source, where other rows may begin. */
export interface SourcePlace {
  /** Every row before it is before this time, and every row after it is not; epoch milliseconds. */
  readonly fromMs: number;
  /** The scales of the rows before it (`BucketRows.scales`), for buckets. */
  readonly scales?: readonly number[];
}

/** A page of buckets is no longer than this, so that there are places between rows often enough. */
const PAGE_SPAN_MS = 31 * DAY_MS;

/** What decides how the readings of a source become rows. */
export type RowsSpec = Pick<ExportSpec, "zone" | "interval" | "gaps">;

/** Whether the rows of an export depend on how often its sources measure. */
export function needsCadence(
  { interval, gaps, format }: Pick<ExportSpec, "interval" | "gaps" | "format">,
  outputs: readonly Output[],
): boolean {
  // ESPI names the interval of its readings.
  return gaps === "report" || (interval === "raw" && (gaps === "null" || format === "xml")) ||
    outputs.some(({ name }) => name === COMPLETENESS);
}

/** The rows of one source, ascending, in pages. */
export async function* sourceRows(
  deps: RowsDeps,
  spec: RowsSpec,
  source: SourceRows,
): AsyncGenerator<Page> {
  if (spec.interval !== "raw") {
    yield* bucketRows(spec, source, readPages({ ...deps, reusesMemory: true }, source));
    return;
  }
  const pages = readPages(deps, source);
  if (spec.gaps === "null" && source.cadenceMs !== null) {
    yield* filledRows(source, pages, source.cadenceMs);
  } else {
    const select = createColumnSelection(source.outputs);
    for await (const page of pages) {
      source.onReadings(page);
      source.onPlace?.(placeAfter(page));
      yield select(page);
    }
  }
}

/** The readings from the first row on. */
function readPages(
  { series, signal, reusesMemory }: RowsDeps,
  { ref, span, profile, from }: SourceRows,
): AsyncIterable<Page> {
  const { fromMs, toMs } = { ...span, ...from };
  return series.read(ref, { fromMs, toMs, profile, reusesMemory }, signal);
}

/** The place after rows at the times of a page. */
function placeAfter({ timesMs }: Page): SourcePlace {
  return { fromMs: timesMs[timesMs.length - 1] + 1 };
}

async function* bucketRows(
  { zone, interval, gaps }: RowsSpec,
  { outputs, span, cadenceMs, onReadings, onPlace, from }: SourceRows,
  pages: AsyncIterable<Page>,
): AsyncGenerator<Page> {
  if (interval === "raw") throw new TypeError("Cannot aggregate as the interval is raw");
  const bucketAt = createCalendarBuckets(zone, interval);
  const rows = createBucketRows({
    outputs,
    bucketAt,
    span: { ...span, fromMs: from?.fromMs ?? span.fromMs },
    cadenceMs,
    isFilled: gaps === "null",
    pageRows: pageRows(interval),
    scales: from?.scales,
  });

  function* finished(): Generator<Page> {
    for (const page of rows.take()) {
      const fromMs = bucketAt(page.timesMs[page.timesMs.length - 1]).toMs;
      onPlace?.({ fromMs, scales: rows.scales() });
      yield page;
    }
  }

  for await (const page of pages) {
    for (let start = 0; start < page.timesMs.length;) {
      const end = start + rows.addSome(slicePage(page, start, page.timesMs.length));
      if (end > start) onReadings(slicePage(page, start, end));
      yield* finished();
      start = end;
    }
  }
  rows.end();
  yield* finished();
}

function pageRows(interval: Exclude<ExportInterval, "raw">): number {
  const lengthMs = fixedMs(interval) ?? (interval === "1d" ? DAY_MS : PAGE_SPAN_MS);
  return Math.min(PAGE_ROWS, Math.floor(PAGE_SPAN_MS / lengthMs));
}

async function* filledRows(
  { outputs, span, from, onReadings, onPlace }: SourceRows,
  pages: AsyncIterable<Page>,
  cadenceMs: number,
): AsyncGenerator<Page> {
  const select = createColumnSelection(outputs);
  const columnCount = outputs.length;
  let found: Omit<FileGap, "source">[] = [];
  const finder = createGapFinder({
    span,
    cadenceMs,
    onGap: (gap) => found.push(gap),
    afterMs: from === undefined ? null : from.fromMs - 1,
  });

  function* readings(page: Page): Generator<Page> {
    onReadings(page);
    onPlace?.(placeAfter(page));
    yield select(page);
  }

  function* gapRows(gap: Omit<FileGap, "source">): Generator<Page> {
    for (const page of gapPages(gap, { cadenceMs, columnCount })) {
      onPlace?.(placeAfter(page));
      yield page;
    }
  }

  for await (const page of pages) {
    finder.add(page.timesMs);
    let row = 0;
    for (const gap of found) {
      const end = lowerBound(page.timesMs, gap.toMs);
      if (end > row) yield* readings(slicePage(page, row, end));
      yield* gapRows(gap);
      row = end;
    }
    yield* readings(slicePage(page, row, page.timesMs.length));
    found = [];
  }
  finder.end();
  for (const gap of found) yield* gapRows(gap);
}
