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
import type { ExportSpec } from "../../data/exports/spec.ts";
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
import { sampleCadence } from "./sampled_cadence.ts";

/** How many rows a preview shows. */
const SHOWN_ROWS = 10;
/** How many rows the size is estimated from: a day of minutes. */
const MEASURED_ROWS = 1_440;
/** How much a preview reads to aggregate it: about as much as takes 50 ms. */
const READ_MAX_MS = 150 * DAY_MS;
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
  return await estimateFrom(reader, spec, { profile, extents });
}

async function estimateFrom(
  reader: Reader,
  spec: ExportSpec,
  { profile, extents }: { profile: Profile; extents: readonly (Extent | null)[] },
): Promise<ExportEstimate> {
  const cadenceMs = await commonCadence(reader, spec, { profile, extents });
  const days = Math.ceil((spec.toMs - spec.fromMs) / DAY_MS);
  const isCounted = days * spec.ids.length <= COUNTED_DAYS;
  const rowsOfSources: number[] = [];
  let readings = 0, isExact = true, sourcesWithReadings = 0;
  for (const [index, extent] of extents.entries()) {
    if (extent === null) {
      if (fillsWithoutReadings(spec)) rowsOfSources.push(bucketsWithin(spec, spec));
      continue;
    }
    const ref = { profile: profile.name, id: spec.ids[index] };
    const found = isCounted
      ? await reader.series.count(ref, spec)
      : { count: readingsWithin(extent, spec), isExact: isWithin(extent, spec) };
    readings += found.count;
    isExact &&= found.isExact;
    if (found.count > 0) sourcesWithReadings++;
    rowsOfSources.push(rowsOf(spec, { extent, count: found.count, cadenceMs }));
  }
  const rows = spec.layout === "wide"
    ? Math.max(0, ...rowsOfSources)
    : rowsOfSources.reduce((sum, one) => sum + one, 0);
  const isPlain = spec.interval === "raw" && spec.gaps !== "null" && spec.layout !== "wide";
  const expected = cadenceMs === null ? null : expectedReadings(spec, cadenceMs) * spec.ids.length;
  return {
    rows,
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

function rowsOf(
  spec: ExportSpec,
  { extent, count, cadenceMs }: { extent: Extent; count: number; cadenceMs: number | null },
): number {
  const isFilled = spec.gaps === "null";
  if (spec.interval === "raw") {
    return isFilled && cadenceMs !== null
      ? Math.max(count, Math.ceil((spec.toMs - spec.fromMs) / cadenceMs))
      : count;
  }
  if (isFilled) return bucketsWithin(spec, spec);
  const fromMs = Math.max(spec.fromMs, extent.firstMs);
  const toMs = Math.min(spec.toMs, extent.lastMs + 1);
  return count === 0 || toMs <= fromMs ? 0 : bucketsWithin(spec, { fromMs, toMs }, count);
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
  const estimate = await estimateFrom(reader, spec, { profile, extents });
  const plan = await previewPlan(reader, { spec, profile, extents });
  const { pages, count } = await firstRows(reader, plan, MEASURED_ROWS);
  const format = formatNamed(spec.format);
  const head = withDecimals(fileHead(plan), pages);
  const shown = cutRows(pages, SHOWN_ROWS);
  const file = { spec, format, head };
  const sizeBytes = await estimatedBytes(file, { pages, count, rows: estimate.rows });
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

/** The plan of the first rows: the same export over the beginning of its span. */
async function previewPlan(
  { series, signal }: Reader,
  { spec, profile, extents }: {
    spec: ExportSpec;
    profile: Profile;
    extents: readonly (Extent | null)[];
  },
): Promise<ExportPlan> {
  const { fromMs, toMs } = spec;
  const hasRows = ({ firstMs, lastMs }: Extent) => firstMs < toMs && lastMs >= fromMs;
  const isWide = spec.layout === "wide";
  // Rows for gaps begin with the first source, even if that has no readings.
  const isFirstShown = !isWide && fillsWithoutReadings(spec);
  const present = spec.ids.flatMap((id, index) => {
    const extent = extents[index];
    return extent !== null && hasRows(extent) ? [{ id, firstMs: extent.firstMs }] : [];
  });
  const shown = isFirstShown
    ? present.filter(({ id }) => id === spec.ids[0])
    : present.slice(0, isWide ? WIDE_SOURCES : 1);
  const isWhole = present.length === 0 || (isWide && spec.ids.length <= WIDE_SOURCES);
  const others = isWhole ? spec.ids.slice(0, WIDE_SOURCES) : shown.map(({ id }) => id);
  const ids = isFirstShown ? spec.ids.slice(0, 1) : others;
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
  const endMs = previewEndMs(spec, startMs, cadencesMs[0] ?? null);
  return { ...plan, spec: { ...plan.spec, toMs: endMs }, cadencesMs };
}

/** Where the span of a preview ends: after so many rows as it shows, if there are no gaps. */
function previewEndMs(spec: ExportSpec, startMs: number, cadenceMs: number | null): number {
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
  return Math.min(spec.toMs, startMs + 2 * SHOWN_ROWS * (cadenceMs ?? DAY_MS));
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
