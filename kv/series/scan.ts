/**
 * Reading the latest readings of every series of a profile.
 *
 * Series are read some at a time. As where one is read alone (`kv/series/read.ts`): heads first,
 * then segments, then blocks, then the heads again; a series whose head changed meanwhile is read
 * again by itself. So what is told of a series is what it was at one moment, and holds every reading
 * that was acknowledged before the scan began. Different series are seen at different moments.
 *
 * @module
 */

import { decodePage } from "../../data/readings/page_decoder.ts";
import { DAY_MS, END_OF_TIME_MS } from "../../data/limits.ts";
import {
  clipPage,
  concatPages,
  emptyPage,
  lowerBound,
  type Page,
  slicePage,
  type Span,
} from "../../data/readings/page.ts";
import { mergePages } from "../../data/readings/page_merge.ts";
import { type ProfileName, PROFILES } from "../../data/readings/profile.ts";
import { listBlocksBack, releaseBlock } from "./blocks.ts";
import { getHead, type HeadEntry, listHeads, liveHead, rangeHeads } from "./heads.ts";
import { listIdBatches } from "./ids.ts";
import { describeSeries, readOverlay } from "./read.ts";
import type { SeriesRef } from "./ref.ts";
import { haveSegments, listSegmentCountsOf } from "./segment_counts.ts";

/** Series whose blocks are read at once; with more of them others wait longer for a turn. */
const READS = 10;
/** Series whose latest readings are read with one read of heads. */
const LATEST_BATCH = 100;
/** Most blocks of a series in one read. */
const BATCH_BLOCKS = 16;
/** How often a series is read again; what was read last is right too, if less fresh. */
const MAX_REREADS = 3;

type Kv = Pick<Deno.Kv, "get" | "list">;

/** The latest readings of a series. */
export interface SeriesLatest {
  /** Its id. */
  readonly id: string;
  /** At least one reading, ascending. */
  readonly page: Page;
}

/** What is known of all series of a profile together. */
export interface ProfileExtent {
  /** How many have readings. */
  readonly seriesCount: number;
  /** The time of the last reading, epoch milliseconds, or null where there is none. */
  readonly lastMs: number | null;
}

/**
 * Of every series with readings before `toMs` those from `fromMs` on, and the last one before that,
 * in the order of ids (ASCII).
 */
export async function* scanLatest(
  kv: Kv,
  profile: ProfileName,
  { signal, ...span }: Span & { signal: AbortSignal },
): AsyncGenerator<SeriesLatest[]> {
  let afterId = "";
  for await (const ids of listIdBatches(kv, profile, "")) {
    signal.throwIfAborted();
    const range = { afterId, lastId: ids[ids.length - 1] };
    const pages = await readBatch(kv, profile, {
      ids,
      findMarked: () => markedIds(kv, profile, range),
      span,
    });
    const found = ids.map((id, index) => ({ id, page: pages[index] }));
    yield found.filter(({ page }) => page.timesMs.length > 0);
    afterId = range.lastId;
  }
}

/**
 * The latest reading of each of these series, as a page of one row. A series without readings is not
 * in the map. It costs two reads of heads and one of marks a hundred series, and one read of blocks
 * a series, plus its segments where it has any.
 */
export async function latestReadings(
  kv: Kv & Pick<Deno.Kv, "getMany">,
  profile: ProfileName,
  ids: readonly string[],
): Promise<Map<string, Page>> {
  const sorted = ids.toSorted();
  const latest = new Map<string, Page>();
  // Every reading lies before the span, and of those a read keeps the last one.
  const span = { fromMs: END_OF_TIME_MS, toMs: END_OF_TIME_MS };
  for (let at = 0; at < sorted.length; at += LATEST_BATCH) {
    const batch = sorted.slice(at, at + LATEST_BATCH);
    const findMarked = async () => {
      const marks = await haveSegments(kv, batch.map((id) => ({ profile, id })));
      return new Set(batch.filter((_, index) => marks[index]));
    };
    const pages = await readBatch(kv, profile, { ids: batch, findMarked, span });
    for (const [index, page] of pages.entries()) {
      if (page.timesMs.length > 0) latest.set(batch[index], page);
    }
  }
  return latest;
}

/** How many series of a profile there are, about, and the time of their last reading. */
export async function profileExtent(kv: Kv, profile: ProfileName): Promise<ProfileExtent> {
  const ids = new Set<string>();
  let lastMs = -Infinity;
  // Marks first: what a fold takes from segments meanwhile is in a head afterwards.
  for await (const { ref } of listSegmentCountsOf(kv, profile)) {
    const extent = await describeSeries(kv, ref);
    if (extent === null) continue;
    ids.add(ref.id);
    lastMs = Math.max(lastMs, extent.lastMs);
  }
  for await (const { id, head } of listHeads(kv, profile, "")) {
    if (head.state !== "live") continue;
    ids.add(id);
    lastMs = Math.max(lastMs, head.lastMs);
  }
  return { seriesCount: ids.size, lastMs: lastMs === -Infinity ? null : lastMs };
}

async function readBatch(
  kv: Kv,
  profile: ProfileName,
  { ids, findMarked, span }: {
    ids: readonly string[];
    findMarked: () => Promise<ReadonlySet<string>>;
    span: Span;
  },
): Promise<Page[]> {
  const refs = ids.map((id) => ({ profile, id }));
  const heads = await rangeHeads(kv, profile, ids);
  const marked = await findMarked();
  const pages: Page[] = [];
  for (let at = 0; at < refs.length; at += READS) {
    const reads = refs.slice(at, at + READS).map((ref, index) => {
      const hasSegments = marked.has(ref.id);
      return readLatest(kv, ref, { head: heads[at + index], hasSegments, span });
    });
    pages.push(...await Promise.all(reads));
  }
  const now = await rangeHeads(kv, profile, ids);
  return await Promise.all(pages.map((page, index) => {
    const isSame = now[index].versionstamp === heads[index].versionstamp;
    return isSame ? page : readAlone(kv, refs[index], span);
  }));
}

/** Ids of the series of a range that have segments. */
async function markedIds(
  kv: Kv,
  profile: ProfileName,
  { afterId, lastId }: { afterId: string; lastId: string },
): Promise<Set<string>> {
  const marked = new Set<string>();
  for await (const { ref } of listSegmentCountsOf(kv, profile, { afterId, lastId })) {
    marked.add(ref.id);
  }
  return marked;
}

async function readAlone(kv: Kv, ref: SeriesRef, span: Span): Promise<Page> {
  for (let reread = 1;; reread++) {
    const head = await getHead(kv, ref);
    const page = await readLatest(kv, ref, { head, hasSegments: true, span });
    const now = await getHead(kv, ref);
    if (now.versionstamp === head.versionstamp || reread === MAX_REREADS) return page;
  }
}

async function readLatest(
  kv: Kv,
  ref: SeriesRef,
  { head, hasSegments, span }: { head: HeadEntry; hasSegments: boolean; span: Span },
): Promise<Page> {
  const empty = emptyPage(PROFILES[ref.profile].metrics.length);
  const overlay = hasSegments ? await readOverlay(kv, ref, head) : empty;
  // Of a series that is not live, blocks that are still there belong to a life that ended.
  const isLive = liveHead(head) !== null;
  const pages = isLive ? await readBlocksBack(kv, ref, span) : [];
  const base = pages.length === 0 ? empty : concatPages(pages);
  const { page } = mergePages(base, overlay);
  const all = clipPage(page, { fromMs: -Infinity, toMs: span.toMs });
  const start = Math.max(0, lowerBound(all.timesMs, span.fromMs) - 1);
  return slicePage(all, start, all.timesMs.length);
}

/** The pages of the blocks of a span, and of those before it up to one with a reading before it. */
async function readBlocksBack(kv: Kv, ref: SeriesRef, { fromMs, toMs }: Span): Promise<Page[]> {
  const pages: Page[] = [];
  const days = Math.ceil((toMs - fromMs) / DAY_MS) + 2;
  const batchSize = Math.min(days, BATCH_BLOCKS);
  for await (const block of listBlocksBack(kv, ref, { toMs, batchSize })) {
    const page = decodePage(block.bytes);
    releaseBlock(block);
    pages.push(page);
    if (page.timesMs[0] < fromMs) break;
  }
  return pages.reverse();
}
