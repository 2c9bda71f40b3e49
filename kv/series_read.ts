/**
 * Reading a series.
 *
 * Segments are read first, then blocks, a stretch at a time: the other way round would miss what
 * compaction moves in between. Where the series' generation changed meanwhile, segments and stretch
 * are read again. Stretches do not overlap, so a block that splits between two of them neither
 * repeats nor loses a reading.
 *
 * A read sees every reading that was acknowledged before it began. Of what is written while it
 * runs it may see some.
 *
 * @module
 */

import { AppError } from "../data/app_error.ts";
import { decodePage } from "../data/block_codec.ts";
import { clipPage, concatPages, type Page, slicePage, type Span } from "../data/page.ts";
import { mergePages } from "../data/page_merge.ts";
import { listBlocks, stretchStart } from "./blocks.ts";
import { listSegments, segmentsPage } from "./segments.ts";
import { getHead, type HeadEntry, type SeriesHead } from "./series_heads.ts";
import type { SeriesRef } from "./series_ref.ts";

/** Blocks read at once; larger batches stall the event loop (measured, `docs/storage.md`). */
const STRETCH_BLOCKS = 16;
/** How often a stretch is read again; what was read last is right too, if less fresh. */
const MAX_REREADS = 3;

type Kv = Pick<Deno.Kv, "get" | "list">;

/** How many readings a series has, and the times of the first and last one, epoch milliseconds. */
export type SeriesExtent = Pick<SeriesHead, "count" | "firstMs" | "lastMs">;

interface Stretch {
  readonly pages: readonly Page[];
  /** Where the next one begins. */
  readonly toMs: number;
}

/**
 * The readings of a series within a span, ascending, in pages of 1 to some 24,000; none for a
 * series that does not exist.
 *
 * @throws {AppError} SMART_METER_NOT_FOUND when the series is removed while it is read.
 */
export async function* readReadings(
  kv: Kv,
  ref: SeriesRef,
  { fromMs, toMs, signal }: Span & { signal: AbortSignal },
): AsyncGenerator<Page> {
  let head = await getHead(kv, ref);
  if (head.value?.state === "deleting") return;
  const bornMs = head.value?.bornMs ?? null;
  let overlay = await readOverlay(kv, ref, { fromMs, toMs });
  for (let atMs = fromMs; atMs < toMs;) {
    signal.throwIfAborted();
    let stretch = await readStretch(kv, ref, { fromMs: atMs, toMs, overlay });
    for (let reread = 0; reread <= MAX_REREADS; reread++) {
      const now = await getHead(kv, ref);
      requireSameLife(now, ref, bornMs);
      if (now.value?.generation === head.value?.generation) break;
      head = now;
      overlay = await readOverlay(kv, ref, { fromMs: atMs, toMs });
      stretch = await readStretch(kv, ref, { fromMs: atMs, toMs, overlay });
    }
    yield* stretch.pages;
    atMs = stretch.toMs;
  }
}

/**
 * What is known of a series as a whole, segments included; null where it does not exist. Segments
 * are read before the head: what compaction moves in between then counts as a repeat, not twice.
 */
export async function describeSeries(kv: Kv, ref: SeriesRef): Promise<SeriesExtent | null> {
  const overlay = segmentsPage(ref, await listSegments(kv, ref));
  const head = (await getHead(kv, ref)).value;
  if (head?.state === "deleting") return null;
  const waiting = overlay.timesMs.length;
  if (waiting === 0) return head;
  const firstMs = overlay.timesMs[0];
  const lastMs = overlay.timesMs[waiting - 1];
  return {
    count: (head?.count ?? 0) + await countNew(kv, ref, overlay),
    firstMs: Math.min(head?.firstMs ?? firstMs, firstMs),
    lastMs: Math.max(head?.lastMs ?? lastMs, lastMs),
  };
}

/** How many readings of an ascending page have a time that no block holds. */
async function countNew(kv: Kv, ref: SeriesRef, page: Page): Promise<number> {
  const toMs = page.timesMs[page.timesMs.length - 1] + 1;
  const overlay = slicePage(page, 0, 0);
  let count = 0;
  for (let atMs = page.timesMs[0]; atMs < toMs;) {
    const stretch = await readStretch(kv, ref, { fromMs: atMs, toMs, overlay });
    const over = clipPage(page, { fromMs: atMs, toMs: stretch.toMs });
    const { inserted } = mergePages(concatPages([overlay, ...stretch.pages]), over);
    count += inserted;
    atMs = stretch.toMs;
  }
  return count;
}

async function readOverlay(kv: Kv, ref: SeriesRef, span: Span): Promise<Page> {
  return clipPage(segmentsPage(ref, await listSegments(kv, ref)), span);
}

async function readStretch(
  kv: Kv,
  ref: SeriesRef,
  { fromMs, toMs, overlay }: Span & { overlay: Page },
): Promise<Stretch> {
  const startMs = await stretchStart(kv, ref, fromMs);
  const blocks = await listBlocks(kv, ref, { fromMs: startMs, toMs, limit: STRETCH_BLOCKS + 1 });
  // One block more than is used: it says where the stretch of the last used one ends.
  const next = blocks.length > STRETCH_BLOCKS ? blocks.pop() : undefined;
  const span = { fromMs, toMs: next?.startMs ?? toMs };
  const pages = blocks.map(({ bytes }) => clipPage(decodePage(bytes), span));
  const over = clipPage(overlay, span);
  if (over.timesMs.length > 0) pages.splice(0, pages.length, laidOver(pages, over));
  return { pages: pages.filter(({ timesMs }) => timesMs.length > 0), toMs: span.toMs };
}

function laidOver(pages: readonly Page[], over: Page): Page {
  return pages.length === 0 ? over : mergePages(concatPages(pages), over).page;
}

/** Segments may become the first blocks of a series while it is read; its removal is an error. */
function requireSameLife({ value }: HeadEntry, ref: SeriesRef, bornMs: number | null): void {
  if (bornMs === null || (value?.bornMs === bornMs && value.state === "live")) return;
  throw new AppError("SMART_METER_NOT_FOUND", `Smart meter with ID '${ref.id}' was removed`, {
    details: "The readings were removed while they were read",
  });
}
