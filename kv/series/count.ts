/**
 * How many readings there are, found without decoding them.
 *
 * @module
 */

import { clipPage, type Span } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import { blockStart, listBlocks, releaseBlock, type StoredBlock } from "./blocks.ts";
import { blockReadings, decodeBlock } from "./damage.ts";
import { getHead, getHeads, liveHead } from "./heads.ts";
import { describeSeries, readOverlay, type SeriesExtent } from "./read.ts";
import type { SeriesRef } from "./ref.ts";

/** Blocks read at once. Larger batches stall the event loop. */
const CHUNK_BLOCKS = 16;
/** For so few series, readings that are not folded yet are counted too. */
const EXACT_SERIES = 20;

type Kv = Pick<Deno.Kv, "get" | "getMany" | "list">;

/** A number of readings. */
export interface ReadingCount {
  /** How many. */
  readonly count: number;
  /** Whether that is exact. Readings that are not folded yet may replace others. */
  readonly isExact: boolean;
}

/**
 * The extents of some series, in their order; null for one that does not exist. Of many series, those
 * that have blocks are described by their heads alone, which do not know readings that are not folded yet.
 */
export async function seriesExtents(
  kv: Kv,
  profile: ProfileName,
  ids: readonly string[],
): Promise<(SeriesExtent | null)[]> {
  const refs = ids.map((id) => ({ profile, id }));
  const heads = await getHeads(kv, refs);
  const extents: (SeriesExtent | null)[] = [];
  for (const [index, ref] of refs.entries()) {
    const head = ids.length <= EXACT_SERIES ? null : liveHead(heads[index]);
    extents.push(head ?? await describeSeries(kv, ref));
  }
  return extents;
}

/** The number of readings of a series in a span. Costs a read of the blocks of the span. */
export async function countReadings(
  kv: Kv,
  ref: SeriesRef,
  span: Span,
): Promise<ReadingCount> {
  const head = await getHead(kv, ref);
  const overlay = clipPage(await readOverlay(kv, ref, head), span);
  const waiting = overlay.timesMs.length;
  const live = liveHead(head);
  if (live === null) return { count: waiting, isExact: true };
  const isWhole = span.fromMs <= live.firstMs && live.lastMs < span.toMs;
  const count = isWhole ? live.count : await countInBlocks(kv, ref, span);
  return { count: count + waiting, isExact: waiting === 0 };
}

async function countInBlocks(kv: Kv, ref: SeriesRef, span: Span): Promise<number> {
  let count = 0;
  let fromMs = await blockStart(kv, ref, span.fromMs);
  for (;;) {
    const options = { fromMs, toMs: span.toMs, limit: CHUNK_BLOCKS + 1 };
    const blocks = await listBlocks(kv, ref, options);
    const next = blocks.length > CHUNK_BLOCKS ? blocks.pop() : undefined;
    blocks.forEach((block, index) => {
      const isInside = block.startMs >= span.fromMs &&
        (next !== undefined || index < blocks.length - 1);
      count += isInside ? blockReadings(ref, block) : readingsWithin(ref, block, span);
      releaseBlock(block);
    });
    if (next === undefined) return count;
    releaseBlock(next);
    fromMs = next.startMs;
  }
}

function readingsWithin(ref: SeriesRef, block: StoredBlock, span: Span): number {
  return clipPage(decodeBlock(ref, block), span).timesMs.length;
}
