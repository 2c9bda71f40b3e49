/**
 * The file of an export: its rows, encoded and compressed.
 *
 * @module
 */

import { type ChunkMemory, releasedChunks } from "../../data/encoders/chunk_memory.ts";
import { withDecimals } from "../../data/encoders/decimals.ts";
import type { Deflater, PackedCut } from "../../data/encoders/deflate.ts";
import type { FileHead, SourcePage } from "../../data/encoders/encoder.ts";
import { fileBytes } from "../../data/encoders/file_bytes.ts";
import type { FileCut } from "../../data/encoders/file_cut.ts";
import { gzipBytes, gzipPieces, type GzipPlace } from "../../data/encoders/gzip.ts";
import { textPieces } from "../../data/encoders/text_pieces.ts";
import { zipBytes, type ZipEntry } from "../../data/encoders/zip.ts";
import { entryName, entryNames, gapsFileName, isArchive } from "../../data/exports/file_name.ts";
import { gapsCsv } from "../../data/exports/gaps_csv.ts";
import { formatNamed } from "../../data/encoders/formats.ts";
import { chosenOutputs, fileColumn, hasIdColumn, type Output } from "../../data/exports/outputs.ts";
import { type ExportSpec, fixedMs } from "../../data/exports/spec.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { type RowsDeps, type SourcePlace, sourceRows } from "./export_rows.ts";
import { createExportTally, type ExportTally, type SavedTally } from "./export_tally.ts";
import { wideWindows, windowRows } from "./wide_rows.ts";

/** An export about to be written. */
export interface ExportPlan {
  /** What it is. */
  readonly spec: ExportSpec;
  /** The profile of its sources. */
  readonly profile: Profile;
  /** Its columns of values. */
  readonly outputs: readonly Output[];
  /** How often each source measures, milliseconds; null where unknown. */
  readonly cadencesMs: readonly (number | null)[];
}

/** The plan of an export whose sources measure at known cadences. */
export function planExport(
  spec: ExportSpec,
  profile: Profile,
  cadencesMs: readonly (number | null)[],
): ExportPlan {
  return { spec, profile, outputs: chosenOutputs(profile, spec), cadencesMs };
}

/** What the file says before its rows. */
export function fileHead({ spec, profile, outputs, cadencesMs }: ExportPlan): FileHead {
  const { ids, zone, hasUtc, interval, csv, fromMs, toMs, layout } = spec;
  const isWide = layout === "wide";
  const columns = isWide
    ? ids.map((source) => fileColumn(profile, outputs[0], { source }))
    : outputs.map((output) => fileColumn(profile, output));
  const [first] = cadencesMs;
  const isSame = cadencesMs.every((cadenceMs) => cadenceMs === first);
  return {
    profile: profile.name,
    sources: ids,
    idColumn: isWide || !hasIdColumn(profile, spec) ? null : profile.idColumn,
    labels: [],
    columns,
    zone,
    hasUtc,
    span: { fromMs, toMs },
    interval,
    intervalMs: interval === "raw" ? (isSame ? first ?? null : null) : fixedMs(interval),
    csv,
  };
}

/** Who watches the rows while they are made. */
export interface WatchedRows {
  /** Counts them. */
  readonly tally: ExportTally;
  /** Called with the share of the work that is done, 0 to 1. */
  readonly onShare: (share: number) => void;
  /** Where the rows begin, after others of the file; with its first row by default. */
  readonly from?: RowsPlace;
  /**
   * Called before each page of rows with the place after it, null if there is none. The tally has counted
   * what is before that place, and nothing else, until the next page is requested.
   */
  readonly onPlace?: (place: RowsPlace | null) => void;
}

/** A place between the rows of a file, where other rows may begin. */
export interface RowsPlace extends SourcePlace {
  /** The source whose rows follow; 0 in a file with a column for each source. */
  readonly source: number;
}

/** Shows a place that has no other page before it. */
const NO_ROWS: Page = { timesMs: new Float64Array(0), columns: [] };

/** The rows of an export in the order of its file. Pages without rows may be among them. */
export function exportRows(
  deps: RowsDeps,
  plan: ExportPlan,
  watched: WatchedRows,
): AsyncGenerator<SourcePage> {
  return plan.spec.layout === "wide"
    ? rowsOfWindows(deps, plan, watched)
    : rowsOfSources(deps, plan, watched);
}

async function* rowsOfWindows(
  deps: RowsDeps,
  plan: ExportPlan,
  { tally, onShare, from, onPlace }: WatchedRows,
): AsyncGenerator<SourcePage> {
  const { spec, cadencesMs } = plan;
  const { ids, fromMs, toMs } = spec;
  for (const window of wideWindows(spec, quickest(cadencesMs))) {
    if (from !== undefined && window.toMs <= from.fromMs) continue;
    const rowsOf = (source: number, span: Span, onReadings: (page: Page) => void) =>
      sourceRows(deps, spec, { ...sourceOf(plan, source), span, onReadings });
    const { addReadings } = tally;
    onPlace?.(null);
    for await (const page of windowRows(spec, window, { rowsOf, addReadings })) {
      tally.addRows(page.timesMs.length);
      yield { source: 0, page };
    }
    onShare((window.toMs - fromMs) / (toMs - fromMs));
    onPlace?.({ source: 0, fromMs: window.toMs });
    yield { source: 0, page: NO_ROWS };
  }
  ids.forEach((_, source) => tally.endSource(source));
}

async function* rowsOfSources(
  deps: RowsDeps,
  plan: ExportPlan,
  { tally, onShare, from, onPlace }: WatchedRows,
): AsyncGenerator<SourcePage> {
  const { spec } = plan;
  const { ids, fromMs, toMs } = spec;
  for (let source = from?.source ?? 0; source < ids.length; source++) {
    const pages = sourceRows(deps, spec, {
      ...sourceOf(plan, source),
      span: spec,
      from: source === from?.source ? from : undefined,
      onPlace: (place) => onPlace?.({ source, ...place }),
      onReadings(page) {
        tally.addReadings(source, page);
        const { timesMs } = page;
        const share = (timesMs[timesMs.length - 1] - fromMs) / (toMs - fromMs);
        onShare((source + share) / ids.length);
      },
    });
    for await (const page of pages) {
      tally.addRows(page.timesMs.length);
      yield { source, page };
    }
    tally.endSource(source);
  }
}

/** What the rows of a source are made of. */
function sourceOf({ spec, profile, outputs, cadencesMs }: ExportPlan, source: number) {
  const ref = { profile: profile.name, id: spec.ids[source] };
  return { ref, profile, outputs, cadenceMs: cadencesMs[source] ?? null };
}

/** What writing a file needs. */
export interface FileDeps extends RowsDeps {
  /** Compresses. */
  readonly deflater: Deflater;
  /** Memory for the chunks of the file. What is written is released there. */
  readonly memory: ChunkMemory;
}

/** What the rows before a cut were: where others begin, and what was counted. */
export interface RowsBefore {
  /** The place of the cut. */
  readonly place: RowsPlace;
  /** The counts of the rows before it. */
  readonly tally: SavedTally;
}

/** A cut in the file of an export, before or after compression. */
export type ExportCut = FileCut<RowsBefore> | PackedCut<RowsBefore>;

/** Where the file of an export goes on. */
export interface ExportPlace {
  /** The rows before it. */
  readonly before: RowsBefore;
  /** How many bytes of text those rows are. */
  readonly sizeBytes: number;
  /** Where the compressed file goes on; null for one that is not. */
  readonly gzip: GzipPlace | null;
}

/** Whether the file of an export has cuts, where it can go on: text, alone or compressed by gzip. */
export function hasCuts(spec: ExportSpec): boolean {
  return formatNamed(spec.format).parts === "text" && !isArchive(spec);
}

/**
 * The file of an export that {@link hasCuts}, with a cut wherever `nextCut` wants one. With `after`, it goes on
 * there.
 *
 * @throws {ChangedBytes} if rows have changed whose bytes are written already.
 */
export async function* exportPieces(
  deps: FileDeps,
  plan: ExportPlan,
  { tally, onShare, nextCut, after }: Omit<WatchedRows, "from" | "onPlace"> & {
    /** What to say about a cut at a place; null for no cut there. */
    nextCut: (place: RowsPlace) => RowsBefore | null;
    after: ExportPlace | null;
  },
): AsyncGenerator<Uint8Array<ArrayBuffer> | ExportCut> {
  const format = formatNamed(plan.spec.format);
  if (format.parts !== "text") throw new TypeError(`Cannot cut as it is not text: ${format.name}`);
  let place: RowsPlace | null = null;
  const pieces = textPieces(await format.open(fileHead(plan)), {
    pages: exportRows({ ...deps, reusesMemory: true }, plan, {
      tally,
      onShare,
      from: after?.before.place,
      onPlace: (next) => place = next,
    }),
    end: () => ({ gaps: tally.gaps() }),
    cuts: { next: () => place === null ? null : nextCut(place) },
    after: after === null
      ? undefined
      : { rows: after.before.tally.rows, sizeBytes: after.sizeBytes },
    memory: deps.memory,
  });
  if (plan.spec.compression === "gzip") {
    const plain = releasedChunks(pieces, deps.memory);
    yield* gzipPieces(plain, deps.deflater, after?.gzip ?? undefined);
  } else yield* pieces;
}

/** The file of an export as bytes, compressed as the export says. */
export function exportBytes(
  deps: FileDeps,
  plan: ExportPlan,
  watched: WatchedRows,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const { spec } = plan;
  if (isArchive(spec)) return zipBytes(archiveEntries(deps, plan, watched), deps.deflater);
  const bytes = plainBytes(deps, plan, watched);
  return spec.compression === "gzip"
    ? gzipBytes(releasedChunks(bytes, deps.memory), deps.deflater)
    : bytes;
}

/** The file without compression. */
async function* plainBytes(
  deps: FileDeps,
  plan: ExportPlan,
  watched: WatchedRows,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const format = formatNamed(plan.spec.format);
  yield* fileBytes(format, {
    head: format.needsDecimals ? await headWithDecimals(deps, plan) : fileHead(plan),
    pages: exportRows({ ...deps, reusesMemory: true }, plan, watched),
    end: () => ({ gaps: watched.tally.gaps() }),
    deflater: deps.deflater,
    memory: deps.memory,
  });
}

/** The head, after a first look at all rows. */
function headWithDecimals(deps: FileDeps, plan: ExportPlan): Promise<FileHead> {
  const tally = createExportTally({ ...plan.spec, gaps: "omit" }, plan.cadencesMs);
  const rows = exportRows({ ...deps, reusesMemory: true }, plan, { tally, onShare: () => {} });
  return withDecimals(fileHead(plan), rows);
}

/** The files of an archive: one of all sources or one of each, and the gaps if they are reported. */
async function* archiveEntries(
  deps: FileDeps,
  plan: ExportPlan,
  { tally, onShare }: WatchedRows,
): AsyncGenerator<ZipEntry> {
  const { spec } = plan;
  if (spec.layout === "per_source") {
    const names = entryNames(spec);
    for (const [source, name] of names.entries()) {
      const one = sourcePlan(plan, source);
      const ownTally = tally.ofSource(source);
      const share = (part: number) => onShare((source + part) / names.length);
      yield {
        name,
        bytes: releasedChunks(
          plainBytes(deps, one, { tally: ownTally, onShare: share }),
          deps.memory,
        ),
        isLarge: true,
      };
    }
  } else {
    const name = entryName(spec, null);
    const bytes = plainBytes(deps, plan, { tally, onShare });
    yield { name, bytes: releasedChunks(bytes, deps.memory), isLarge: true };
  }
  const gaps = tally.gaps();
  if (gaps !== null) yield { name: gapsFileName(spec), bytes: gapsCsv(gaps) };
}

/** The plan of the file of one source of several. */
function sourcePlan(plan: ExportPlan, source: number): ExportPlan {
  const ids = [plan.spec.ids[source]];
  const spec: ExportSpec = { ...plan.spec, ids, layout: "long" };
  return { ...plan, spec, cadencesMs: [plan.cadencesMs[source]] };
}

function quickest(cadencesMs: readonly (number | null)[]): number | null {
  const known = cadencesMs.filter((cadenceMs) => cadenceMs !== null);
  return known.length === 0 ? null : Math.min(...known);
}
