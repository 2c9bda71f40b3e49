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
import type { ExportSpec } from "../../data/exports/spec.ts";
import { slicePage } from "../../data/readings/page.ts";

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

/** The size of the whole file: what rows add, measured with many and with half as many. */
export async function estimatedBytes(
  file: { spec: ExportSpec; format: FileFormat; head: FileHead },
  { pages, count, rows }: { pages: readonly SourcePage[]; count: number; rows: number },
): Promise<number> {
  const all = await bytesOf(file, pages);
  const half = Math.floor(count / 2);
  if (rows <= count || half === 0) return all;
  const less = await bytesOf(file, cutRows(pages, half));
  return Math.round(all + (all - less) / (count - half) * (rows - count));
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
