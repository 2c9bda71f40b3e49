/**
 * Previews of exports: their size and first rows, from few reads.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { FileHead, SourcePage } from "../../data/encoders/encoder.ts";
import { formatNamed } from "../../data/encoders/formats.ts";
import { expectedReadings } from "../../data/exports/cadence.ts";
import { bucketsWithin, type Extent, readingsWithin } from "../../data/exports/estimate.ts";
import { exportFileName } from "../../data/exports/file_name.ts";
import { contentTypeOf } from "../../data/exports/file_type.ts";
import { type ExportSpec, fixedMs } from "../../data/exports/spec.ts";
import { DAY_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { createCalendarBuckets } from "../../data/time/calendar_buckets.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type ExportPlan, exportRows, fileHead, planExport } from "./export_file.ts";
import { needsCadence } from "./export_rows.ts";
import { createExportTally } from "./export_tally.ts";
import type { ExportEstimate, ExportPreview, ExportPreviewer } from "./preview_contract.ts";
import { cutRows, estimatedBytes, textOf, withDecimals } from "./preview_file.ts";
import { sampleCadence } from "../../kv/series/sampled_cadence.ts";

/** How many rows a preview shows. */
const SHOWN_ROWS = 10;
/** How many rows the size is estimated from: a day of minutes. */
const MEASURED_ROWS = 1_440;
/** The same for Parquet, whose rows are shorter the more there are. */
const MEASURED_PARQUET_ROWS = 20_000;
/** How much a preview reads to aggregate it: about as much as takes 50 ms. */
const READ_MAX_MS = 150 * DAY_MS;
/** How much it reads of several sources, so that the rows of all of them are whole. */
const READ_MAX_READINGS = 100_000;
/** So many sources that follow each other in a file are read at most. */
const LONG_SOURCES = 20;
/** The blocks of so many days are counted, of all sources together. More are estimated. */
const COUNTED_DAYS = 1_500;
/** The cadence of so many sources is looked up. */
const CADENCE_SOURCES = 5;

/**
 * So many sources of a wide file are shown and measured: those of 1,000 would take half a second to
 * read.
 */
const WIDE_SOURCES = 100;

/** What previews need. */
export interface PreviewDeps {
  /** The readings. */
  readonly series: Pick<SeriesStore, "read" | "extents" | "count">;
}

/** Creates a previewer. */
export function createExportPreviewer({ series }: PreviewDeps): ExportPreviewer {
  const anySignal = new AbortController().signal;
  return {
    estimate: (spec, profile) =>
      estimateExport({ series, signal: anySignal }, spec, profile).catch(rethrowRemoval),
    preview: (spec, profile, signal) =>
      previewExport({ series, signal }, spec, profile).catch(rethrowRemoval),
  };
}

/** A removal ends soon: whoever asks again sees the result. */
function rethrowRemoval(error: unknown): never {
  const isRemoved = error instanceof AppError && error.code === "SERIES_REMOVED";
  throw isRemoved ? new AppError("SERIES_BUSY", "The readings are being removed") : error;
}

interface Reader extends PreviewDeps {
  readonly signal: AbortSignal;
}

async function estimateExport(
  reader: Reader,
  spec: ExportSpec,
  profile: Profile,
): Promise<ExportEstimate> {
  const extents = await reader.series.extents(profile.name, spec.ids);
  const { emptyRows: _, ...estimate } = await estimateFrom(reader, spec, { profile, extents });
  return estimate;
}

async function estimateFrom(
  reader: Reader,
  spec: ExportSpec,
  { profile, extents }: { profile: Profile; extents: readonly (Extent | null)[] },
): Promise<ExportEstimate & { emptyRows: number }> {
  const cadenceMs = await commonCadence(reader, spec, { profile, extents });
  const days = Math.ceil((spec.toMs - spec.fromMs) / DAY_MS);
  const isCounted = days * spec.ids.length <= COUNTED_DAYS;
  const rowsOfSources: number[] = [];
  let emptyRows = 0, readings = 0, isExact = true, sourcesWithReadings = 0;
  for (const [index, extent] of extents.entries()) {
    if (extent === null) {
      const rows = fillsWithoutReadings(spec) ? bucketsWithin(spec, spec) : 0;
      rowsOfSources.push(rows);
      emptyRows += rows;
      continue;
    }
    const ref = { profile: profile.name, id: spec.ids[index] };
    const found = isCounted
      ? await reader.series.count(ref, spec)
      : { count: readingsWithin(extent, spec), isExact: isWithin(extent, spec) };
    readings += found.count;
    isExact &&= found.isExact;
    if (found.count > 0) sourcesWithReadings++;
    const rows = rowsOf(spec, { extent, count: found.count, cadenceMs });
    rowsOfSources.push(rows.all);
    emptyRows += rows.all - rows.full;
  }
  const rows = spec.layout === "wide"
    ? Math.max(0, ...rowsOfSources)
    : rowsOfSources.reduce((sum, one) => sum + one, 0);
  const isPlain = spec.interval === "raw" && spec.gaps !== "null" && spec.layout !== "wide";
  const expected = cadenceMs === null ? null : expectedReadings(spec, cadenceMs) * spec.ids.length;
  return {
    rows,
    emptyRows: spec.layout === "wide" ? 0 : emptyRows,
    readings,
    isExact: isExact && isPlain,
    sourcesWithReadings,
    missing: expected === null ? null : Math.max(0, expected - readings),
  };
}

/** Whether even a source without readings has rows: one for each bucket. */
function fillsWithoutReadings({ interval, gaps }: ExportSpec): boolean {
  return interval !== "raw" && gaps === "null";
}

function isWithin({ firstMs, lastMs }: Extent, { fromMs, toMs }: Span): boolean {
  return fromMs <= firstMs && lastMs < toMs;
}

/** The rows of a source: all of them, and those that have readings. */
function rowsOf(
  spec: ExportSpec,
  { extent, count, cadenceMs }: { extent: Extent; count: number; cadenceMs: number | null },
): { all: number; full: number } {
  const isFilled = spec.gaps === "null";
  if (spec.interval === "raw") {
    const steps = isFilled && cadenceMs !== null
      ? Math.ceil((spec.toMs - spec.fromMs) / cadenceMs)
      : 0;
    return { all: Math.max(count, steps), full: count };
  }
  const fromMs = Math.max(spec.fromMs, extent.firstMs);
  const toMs = Math.min(spec.toMs, extent.lastMs + 1);
  const touched = count === 0 || toMs <= fromMs ? 0 : bucketsWithin(spec, { fromMs, toMs }, count);
  // Readings without a pause fill so many buckets, of which the first and the last may be cut.
  const lengthMs = fixedMs(spec.interval);
  const filled = lengthMs === null || cadenceMs === null
    ? touched
    : Math.min(touched, Math.ceil(count * cadenceMs / lengthMs) + 1);
  return isFilled
    ? { all: bucketsWithin(spec, spec), full: filled }
    : { all: filled, full: filled };
}

/** How often the sources measure, if the first few of them agree; null if they do not. */
async function commonCadence(
  { series, signal }: Reader,
  { ids, fromMs, toMs }: ExportSpec,
  { profile, extents }: { profile: Profile; extents: readonly (Extent | null)[] },
): Promise<number | null> {
  const known = ids.filter((_, index) => extents[index] !== null).slice(0, CADENCE_SOURCES);
  const found = new Set<number | null>();
  for (const id of known) {
    const ref = { profile: profile.name, id };
    found.add(await sampleCadence(series, ref, { fromMs, toMs, signal }));
  }
  const [only] = found;
  return found.size === 1 ? only ?? null : null;
}

async function previewExport(
  reader: Reader,
  spec: ExportSpec,
  profile: Profile,
): Promise<ExportPreview> {
  const extents = await reader.series.extents(profile.name, spec.ids);
  const { emptyRows, ...estimate } = await estimateFrom(reader, spec, { profile, extents });
  const format = formatNamed(spec.format);
  const most = spec.format === "parquet" ? MEASURED_PARQUET_ROWS : MEASURED_ROWS;
  const sources = Math.max(1, estimate.sourcesWithReadings);
  const perSource = { rows: estimate.rows / sources, readings: estimate.readings / sources };
  const previewed = { spec, profile, extents, perSource, most };
  const plan = await previewPlan(reader, previewed);
  const { pages, count } = await firstRows(reader, plan, most);
  const head = withDecimals(fileHead(plan), pages);
  const shown = cutRows(pages, SHOWN_ROWS);
  const measured = emptyRows === 0 ? { pages, count } : await fullRows(reader, previewed);
  const file = { spec, format, head: withDecimals(head, measured.pages) };
  const sizeBytes = await estimatedBytes(file, { ...measured, rows: estimate.rows, emptyRows });
  return {
    ...estimate,
    filename: exportFileName(spec),
    contentType: contentTypeOf(spec),
    // In a wide file the columns of the other sources are as long as those that were read.
    sizeBytes: spec.layout === "wide"
      ? Math.round(sizeBytes * spec.ids.length / plan.spec.ids.length)
      : sizeBytes,
    columns: columnNames(fileHead(planExport(spec, profile, []))),
    firstRows: await textOf(
      spec.format === "parquet" || spec.format === "xlsx" ? formatNamed("ndjson") : format,
      head,
      shown,
    ),
    firstRowCount: Math.min(count, SHOWN_ROWS),
  };
}

/** What is previewed. */
interface Previewed {
  readonly spec: ExportSpec;
  readonly profile: Profile;
  readonly extents: readonly (Extent | null)[];
  /** About how many rows and readings a source has. */
  readonly perSource: { readonly rows: number; readonly readings: number };
  /** How many rows are measured. */
  readonly most: number;
}

/** The first rows with readings. */
async function fullRows(
  reader: Reader,
  previewed: Previewed,
): Promise<{ pages: SourcePage[]; count: number }> {
  const spec: ExportSpec = { ...previewed.spec, gaps: "omit" };
  const plan = await previewPlan(reader, { ...previewed, spec });
  return await firstRows(reader, plan, previewed.most);
}

/** The plan of the first rows: the same export over the beginning of its span. */
async function previewPlan(
  { series, signal }: Reader,
  previewed: Previewed,
): Promise<ExportPlan> {
  const { spec, profile, extents, most } = previewed;
  const { fromMs, toMs } = spec;
  const hasRows = ({ firstMs, lastMs }: Extent) => firstMs < toMs && lastMs >= fromMs;
  const isWide = spec.layout === "wide";
  // Rows for gaps begin with the first source, even if that has no readings.
  const isFirstShown = !isWide && fillsWithoutReadings(spec);
  const present = spec.ids.flatMap((id, index) => {
    const extent = extents[index];
    return extent !== null && hasRows(extent) ? [{ id, firstMs: extent.firstMs }] : [];
  });
  const { sources, isWhole: isReadWhole } = sourcesRead(previewed);
  const firstIds = spec.ids.slice(0, sources);
  const shown = isFirstShown
    ? present.filter(({ id }) => firstIds.includes(id))
    : present.slice(0, sources);
  const isWhole = present.length === 0 || (isWide && spec.ids.length <= WIDE_SOURCES);
  const others = isWhole ? spec.ids.slice(0, WIDE_SOURCES) : shown.map(({ id }) => id);
  const ids = isFirstShown ? firstIds : others;
  const startsMs = shown.map(({ firstMs }) => firstMs);
  const startMs = startsMs.length === 0 ? fromMs : Math.max(fromMs, Math.min(...startsMs));
  const plan = planExport({ ...spec, ids }, profile, ids.map(() => null));
  const cadencesMs: (number | null)[] = [];
  for (const id of needsCadence(spec, plan.outputs) || isWide ? ids : []) {
    const ref = { profile: profile.name, id };
    const own = await sampleCadence(series, ref, { fromMs: startMs, toMs, signal });
    cadencesMs.push(own);
    // The sources of a wide file have their rows together, so one cadence tells how far to read.
    if (isWide && cadencesMs.length >= CADENCE_SOURCES) break;
  }
  const rows = Math.max(2 * SHOWN_ROWS, Math.floor(most / ids.length));
  const endMs = isReadWhole
    ? toMs
    : previewEndMs(spec, { startMs, rows, cadenceMs: cadencesMs[0] ?? null });
  return { ...plan, spec: { ...plan.spec, toMs: endMs }, cadencesMs };
}

/**
 * How many sources are read, the first ones. Where buckets are so long that a source has few rows, each
 * is read to its end, because the next one follows it.
 */
function sourcesRead(
  { spec, perSource, most }: Previewed,
): { sources: number; isWhole: boolean } {
  const single = { sources: 1, isWhole: false };
  if (spec.layout === "wide") return { sources: WIDE_SOURCES, isWhole: false };
  if (spec.layout === "per_source") return single;
  const rows = Math.max(1, Math.floor(perSource.rows));
  if (spec.interval === "raw") {
    return { sources: Math.min(LONG_SOURCES, Math.ceil(most / rows)), isWhole: true };
  }
  const sources = Math.ceil(SHOWN_ROWS / rows);
  return sources > 1 && perSource.readings * sources <= READ_MAX_READINGS
    ? { sources, isWhole: true }
    : single;
}

/** Where the span of a preview ends: after so many rows as it shows, if there are no gaps. */
function previewEndMs(
  spec: ExportSpec,
  { startMs, rows, cadenceMs }: { startMs: number; rows: number; cadenceMs: number | null },
): number {
  if (spec.interval !== "raw") {
    const bucketAt = createCalendarBuckets(spec.zone, spec.interval);
    const firstMs = spec.gaps === "null" ? spec.fromMs : startMs;
    let endMs = bucketAt(firstMs).toMs;
    for (let row = 1; row < SHOWN_ROWS && endMs - firstMs < READ_MAX_MS; row++) {
      endMs = bucketAt(endMs).toMs;
    }
    // A whole day tells more about the size of rows.
    return Math.min(spec.toMs, Math.max(endMs, startMs + DAY_MS));
  }
  if (spec.layout !== "wide") return spec.toMs;
  return Math.min(spec.toMs, startMs + rows * (cadenceMs ?? DAY_MS));
}

/** The first rows of a plan, at most about `most`. */
async function firstRows(
  reader: Reader,
  plan: ExportPlan,
  most: number,
): Promise<{ pages: SourcePage[]; count: number }> {
  const tally = createExportTally({ ...plan.spec, gaps: "omit" }, plan.cadencesMs);
  const pages: SourcePage[] = [];
  let count = 0;
  for await (const rows of exportRows(reader, plan, { tally, onShare: () => {} })) {
    pages.push(rows);
    count += rows.page.timesMs.length;
    if (count >= most) break;
  }
  return { pages, count };
}

function columnNames({ hasUtc, idColumn, columns }: FileHead): string[] {
  return [
    "timestamp",
    ...(hasUtc ? ["utc"] : []),
    ...(idColumn === null ? [] : [idColumn]),
    ...columns.map(({ name }) => name),
  ];
}
