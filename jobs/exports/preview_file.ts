/**
 * The beginning of a file for a preview, and from it the size of the whole.
 *
 * @module
 */

import { createDecimalsMeter } from "../../data/encoders/decimals.ts";
import { inlineDeflater } from "../../data/encoders/deflate.ts";
import type { FileFormat, FileHead, SourcePage } from "../../data/encoders/encoder.ts";
import { fileBytes } from "../../data/encoders/file_bytes.ts";
import { gzipBytes } from "../../data/encoders/gzip.ts";
import { gapPages } from "../../data/exports/cadence.ts";
import { isArchive } from "../../data/exports/file_name.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import { MINUTE_MS } from "../../data/limits.ts";
import { slicePage } from "../../data/readings/page.ts";

/** What an archive has for each file besides its bytes: headers, sizes, and twice a name. */
const ENTRY_BYTES = 240;
/** So many rows without readings are measured at least. */
const EMPTY_ROWS = 1_440;

/** The first `most` rows of pages. */
export function cutRows(pages: readonly SourcePage[], most: number): SourcePage[] {
  const cut: SourcePage[] = [];
  let left = most;
  for (const rows of pages) {
    if (left <= 0) break;
    const end = Math.min(left, rows.page.timesMs.length);
    cut.push({ ...rows, page: slicePage(rows.page, 0, end) });
    left -= end;
  }
  return cut;
}

/** What the size of a file is estimated from. */
export interface MeasuredRows {
  /** Its first rows with readings. */
  readonly pages: readonly SourcePage[];
  /** How many these are. */
  readonly count: number;
  /** How many rows it has. */
  readonly rows: number;
  /** How many of them have no readings. */
  readonly emptyRows: number;
}

/**
 * The size of the whole file, or of all files in an archive: what rows with readings and rows without
 * add to a file, and what a file has besides rows.
 */
export async function estimatedBytes(
  file: { spec: ExportSpec; format: FileFormat; head: FileHead },
  { pages, count, rows, emptyRows }: MeasuredRows,
): Promise<number> {
  const { layout, ids } = file.spec;
  const files = layout === "per_source" ? ids.length : 1;
  const around = isArchive(file.spec) ? ENTRY_BYTES * files : 0;
  const all = await bytesOf(file, pages);
  if (rows <= count && files === 1) return all + around;
  const fullBytes = await rowBytes(file, { pages, count, all });
  const emptyBytes = emptyRows === 0 ? 0 : await emptyRowBytes(file, { pages, count, all });
  const fileBytes = Math.max(0, all - count * fullBytes);
  const rowsBytes = (rows - emptyRows) * fullBytes + emptyRows * emptyBytes;
  return Math.round(around + files * fileBytes + rowsBytes);
}

/** What a row with readings adds: measured with all and with half of those that are there. */
async function rowBytes(
  file: { spec: ExportSpec; format: FileFormat; head: FileHead },
  { pages, count, all }: { pages: readonly SourcePage[]; count: number; all: number },
): Promise<number> {
  const half = Math.floor(count / 2);
  if (count === 0) return 0;
  return (all - await bytesOf(file, cutRows(pages, half))) / (count - half);
}

/** What a row without readings adds: measured with as many after the others, a minute apart. */
async function emptyRowBytes(
  file: { spec: ExportSpec; format: FileFormat; head: FileHead },
  { pages, count, all }: { pages: readonly SourcePage[]; count: number; all: number },
): Promise<number> {
  const last = pages.at(-1);
  const lastMs = last?.page.timesMs.at(-1) ?? file.spec.fromMs;
  const missing = Math.max(count, EMPTY_ROWS);
  const gap = { fromMs: lastMs + MINUTE_MS, toMs: lastMs + (missing + 1) * MINUTE_MS, missing };
  const gapPagesOf = gapPages(gap, {
    cadenceMs: MINUTE_MS,
    columnCount: file.head.columns.length,
  });
  const empty = [...gapPagesOf].map((page): SourcePage => ({ source: last?.source ?? 0, page }));
  return (await bytesOf(file, [...pages, ...empty]) - all) / missing;
}

async function bytesOf(
  { spec, format, head }: { spec: ExportSpec; format: FileFormat; head: FileHead },
  pages: readonly SourcePage[],
): Promise<number> {
  const bytes = encoded(format, head, pages);
  const isPacked = spec.compression !== "none" || spec.layout === "per_source";
  let size = 0;
  for await (const chunk of isPacked ? gzipBytes(bytes, inlineDeflater) : bytes) {
    size += chunk.length;
  }
  return size;
}

/** The file of some rows, which is text. */
export async function textOf(
  format: FileFormat,
  head: FileHead,
  pages: readonly SourcePage[],
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of encoded(format, head, pages)) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function encoded(
  format: FileFormat,
  head: FileHead,
  pages: readonly SourcePage[],
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  return fileBytes(format, {
    head,
    pages: listed(pages),
    end: () => ({ gaps: null }),
    deflater: inlineDeflater,
  });
}

/** A head with the decimals of its columns, which some formats must know. */
export function withDecimals(head: FileHead, pages: readonly SourcePage[]): FileHead {
  const meter = createDecimalsMeter(head.columns.length);
  for (const { page } of pages) meter.add(page);
  const decimals = meter.decimals();
  const columns = head.columns.map((column, index) => ({ ...column, decimals: decimals[index] }));
  return { ...head, columns };
}

async function* listed(pages: readonly SourcePage[]): AsyncGenerator<SourcePage> {
  yield* pages;
}
