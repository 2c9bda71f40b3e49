/**
 * The rows of an export: pages of readings, clipped to the span, aggregated or filled, in the order
 * of the file.
 *
 * @module
 */

import { createBucketRows } from "../../data/exports/bucket_rows.ts";
import { createGapFinder, gapPages } from "../../data/exports/cadence.ts";
import { COMPLETENESS, type Output } from "../../data/exports/outputs.ts";
import { createColumnSelection } from "../../data/exports/select_columns.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
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
  /** Called with every page of readings before it is changed. */
  readonly onReadings: (page: Page) => void;
}

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
    for await (const page of pages) yield select(page);
  }
}

/** The readings, each page shown to those who watch. */
async function* readPages(
  { series, signal, reusesMemory }: RowsDeps,
  { ref, span: { fromMs, toMs }, profile, onReadings }: SourceRows,
): AsyncGenerator<Page> {
  const span = { fromMs, toMs, profile, reusesMemory };
  for await (const page of series.read(ref, span, signal)) {
    onReadings(page);
    yield page;
  }
}

async function* bucketRows(
  { zone, interval, gaps }: RowsSpec,
  { outputs, span, cadenceMs }: SourceRows,
  pages: AsyncIterable<Page>,
): AsyncGenerator<Page> {
  if (interval === "raw") throw new TypeError("Cannot aggregate as the interval is raw");
  const rows = createBucketRows({
    outputs,
    bucketAt: createCalendarBuckets(zone, interval),
    span,
    cadenceMs,
    isFilled: gaps === "null",
  });
  for await (const page of pages) {
    rows.add(page);
    yield* rows.take();
  }
  rows.end();
  yield* rows.take();
}

async function* filledRows(
  { outputs, span }: SourceRows,
  pages: AsyncIterable<Page>,
  cadenceMs: number,
): AsyncGenerator<Page> {
  const select = createColumnSelection(outputs);
  const columnCount = outputs.length;
  let found: Omit<FileGap, "source">[] = [];
  const finder = createGapFinder({ span, cadenceMs, onGap: (gap) => found.push(gap) });
  for await (const page of pages) {
    finder.add(page.timesMs);
    let row = 0;
    for (const gap of found) {
      const end = lowerBound(page.timesMs, gap.toMs);
      if (end > row) yield select(slicePage(page, row, end));
      yield* gapPages(gap, { cadenceMs, columnCount });
      row = end;
    }
    yield select(row === 0 ? page : slicePage(page, row, page.timesMs.length));
    found = [];
  }
  finder.end();
  for (const gap of found) yield* gapPages(gap, { cadenceMs, columnCount });
}
