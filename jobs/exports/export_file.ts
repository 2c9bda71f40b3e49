/**
 * The file of an export: its rows, encoded and compressed.
 *
 * @module
 */

import { type ChunkMemory, releasedChunks } from "../../data/encoders/chunk_memory.ts";
import { withDecimals } from "../../data/encoders/decimals.ts";
import type { Deflater } from "../../data/encoders/deflate.ts";
import type { FileHead, SourcePage } from "../../data/encoders/encoder.ts";
import { fileBytes } from "../../data/encoders/file_bytes.ts";
import { gzipBytes } from "../../data/encoders/gzip.ts";
import { zipBytes, type ZipEntry } from "../../data/encoders/zip.ts";
import { entryName, entryNames, gapsFileName, isArchive } from "../../data/exports/file_name.ts";
import { gapsCsv } from "../../data/exports/gaps_csv.ts";
import { formatNamed } from "../../data/encoders/formats.ts";
import { chosenOutputs, fileColumn, hasIdColumn, type Output } from "../../data/exports/outputs.ts";
import { type ExportSpec, fixedMs } from "../../data/exports/spec.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { type RowsDeps, sourceRows } from "./export_rows.ts";
import { createExportTally, type ExportTally } from "./export_tally.ts";
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
}

/** The rows of an export in the order of its file. */
export async function* exportRows(
  deps: RowsDeps,
  plan: ExportPlan,
  { tally, onShare }: WatchedRows,
): AsyncGenerator<SourcePage> {
  const { spec, profile, outputs, cadencesMs } = plan;
  const { ids, fromMs, toMs } = spec;

  function rowsOf(source: number, span: Span, onReadings: (page: Page) => void) {
    return sourceRows(deps, spec, {
      ref: { profile: profile.name, id: ids[source] },
      profile,
      span,
      outputs,
      cadenceMs: cadencesMs[source] ?? null,
      onReadings,
    });
  }

  if (spec.layout === "wide") {
    for (const window of wideWindows(spec, quickest(cadencesMs))) {
      const { addReadings } = tally;
      for await (const page of windowRows(spec, window, { rowsOf, addReadings })) {
        tally.addRows(page.timesMs.length);
        yield { source: 0, page };
      }
      onShare((window.toMs - fromMs) / (toMs - fromMs));
    }
    ids.forEach((_, source) => tally.endSource(source));
    return;
  }
  for (let source = 0; source < ids.length; source++) {
    const pages = rowsOf(source, spec, (page) => {
      tally.addReadings(source, page);
      const { timesMs } = page;
      const share = (timesMs[timesMs.length - 1] - fromMs) / (toMs - fromMs);
      onShare((source + share) / ids.length);
    });
    for await (const page of pages) {
      tally.addRows(page.timesMs.length);
      yield { source, page };
    }
    tally.endSource(source);
  }
}

/** What writing a file needs. */
export interface FileDeps extends RowsDeps {
  /** Compresses. */
  readonly deflater: Deflater;
  /** Memory for the chunks of the file. What is written is released there. */
  readonly memory: ChunkMemory;
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
