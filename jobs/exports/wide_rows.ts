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

/** The rows of one window. `rowsOf` reads the rows of a source, by its index. */
export async function windowRows(
  sourceCount: number,
  rowsOf: (source: number) => AsyncIterable<Page>,
): Promise<Page> {
  const sources: Page[][] = [];
  for (let source = 0; source < sourceCount; source++) {
    const pages: Page[] = [];
    for await (const page of rowsOf(source)) pages.push(onlyFirstColumn(page));
    sources.push(pages);
  }
  return joinRows(sources);
}

/** A copy, because a page may share the memory of its other columns. */
function onlyFirstColumn({ timesMs, columns: [{ scale, values }] }: Page): Page {
  return { timesMs: timesMs.slice(), columns: [{ scale, values: values.slice() }] };
}
