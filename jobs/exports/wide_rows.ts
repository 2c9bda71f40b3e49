/**
 * Rows with a column for each source, made window by window: in each, every source is read, then
 * their rows are joined. So memory holds one window of all sources.
 *
 * @module
 */

import { joinRows } from "../../data/exports/joined_rows.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import { fixedMs } from "../../data/exports/spec.ts";
import { DAY_MS, dayStartMs, HOUR_MS } from "../../data/limits.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import { createCalendarBuckets } from "../../data/time/calendar_buckets.ts";

/** About so many values are in memory at once. */
const WINDOW_VALUES = 2_000_000;
/** The shortest window, milliseconds. */
const WINDOW_MIN_MS = HOUR_MS;
/** Windows as short as this are not halved, milliseconds. */
const HALVED_MIN_MS = 60_000;

/** So many sources tell how often all of them measure. */
const SAMPLES = 5;

/** How many sources a wide file of readings looks at first, to choose its windows. */
export function wideSamples({ layout, interval }: Pick<ExportSpec, "layout" | "interval">): number {
  return layout === "wide" && interval === "raw" ? SAMPLES : 0;
}

/** How many rows a day has at most, if nothing is known about the sources: one each second. */
const UNKNOWN_CADENCE_MS = 1_000;

/**
 * The windows of a span, so short that the sources have about {@link WINDOW_VALUES} values in one.
 * Buckets are not split. `cadenceMs` is how often the quickest source measures.
 */
export function* wideWindows(
  { fromMs, toMs, zone, interval, ids }: ExportSpec,
  cadenceMs: number | null,
): Generator<Span> {
  const rowMs = interval === "raw" ? cadenceMs ?? UNKNOWN_CADENCE_MS : fixedMs(interval) ?? DAY_MS;
  const lengthMs = Math.max(WINDOW_MIN_MS, Math.floor(WINDOW_VALUES / ids.length) * rowMs);
  const bucketAt = interval === "raw" ? null : createCalendarBuckets(zone, interval);
  for (let atMs = fromMs; atMs < toMs;) {
    const endMs = bucketAt === null
      ? blockEndMs(atMs + lengthMs, atMs)
      : bucketAt(atMs + lengthMs - 1).toMs;
    const window = { fromMs: atMs, toMs: Math.min(toMs, endMs) };
    yield window;
    atMs = window.toMs;
  }
}

/** Blocks never cross midnight UTC, so a window that ends there reads none twice. */
function blockEndMs(endMs: number, startMs: number): number {
  const midnightMs = dayStartMs(endMs);
  return midnightMs > startMs ? midnightMs : endMs;
}

/** The rows of one source in a window. Shows its readings to `onReadings`. */
export type ReadRows = (
  source: number,
  window: Span,
  onReadings: (page: Page) => void,
) => AsyncIterable<Page>;

/** What reads the sources of a window. */
export interface WindowReader {
  /** Reads the rows of a source. */
  readonly rowsOf: ReadRows;
  /** Called with the readings of a source, once each. */
  readonly addReadings: (source: number, page: Page) => void;
  /** How many values a page has at most; {@link WINDOW_VALUES} by default. */
  readonly valuesMax?: number;
}

/**
 * The rows of one window, in pages of at most `valuesMax` values. A window of readings as they
 * are that has many more than expected is read in halves.
 */
export async function* windowRows(
  { ids, interval }: Pick<ExportSpec, "ids" | "interval">,
  window: Span,
  reader: WindowReader,
): AsyncGenerator<Page> {
  const { valuesMax = WINDOW_VALUES } = reader;
  const sources = await readWindow({ ids, interval }, window, { ...reader, valuesMax });
  if (sources === null) {
    const halfMs = Math.floor((window.fromMs + window.toMs) / 2);
    yield* windowRows({ ids, interval }, { ...window, toMs: halfMs }, reader);
    yield* windowRows({ ids, interval }, { ...window, fromMs: halfMs }, reader);
    return;
  }
  // Sources that measure at different times make rows that are mostly empty, so a window may have
  // many more cells than values.
  yield* joinRows(sources, Math.max(1, Math.floor(valuesMax / ids.length)));
}

/** The rows of each source in a window; null if they are too many, and the window may be halved. */
async function readWindow(
  { ids, interval }: Pick<ExportSpec, "ids" | "interval">,
  window: Span,
  { rowsOf, addReadings, valuesMax }: Required<WindowReader>,
): Promise<Page[][] | null> {
  const isRaw = interval === "raw";
  const mayHalve = isRaw && window.toMs - window.fromMs > HALVED_MIN_MS;
  const sources: Page[][] = [], readings: Page[][] = [];
  let values = 0;
  for (let source = 0; source < ids.length; source++) {
    const pages: Page[] = [], seen: Page[] = [];
    // Buckets have far more readings than rows, so only the readings of raw rows are kept.
    const onReadings = (page: Page) =>
      isRaw ? seen.push(onlyTimes(page)) : addReadings(source, page);
    for await (const page of rowsOf(source, window, onReadings)) {
      pages.push(onlyFirstColumn(page));
      values += page.timesMs.length;
      if (values > 2 * valuesMax && mayHalve) return null;
    }
    sources.push(pages);
    readings.push(seen);
  }
  readings.forEach((pages, source) => pages.forEach((page) => addReadings(source, page)));
  return sources;
}

/** A copy, because a page may share the memory of its other columns. */
function onlyFirstColumn({ timesMs, columns: [{ scale, values }] }: Page): Page {
  return { timesMs: timesMs.slice(), columns: [{ scale, values: values.slice() }] };
}

function onlyTimes({ timesMs }: Page): Page {
  return { timesMs: timesMs.slice(), columns: [] };
}
