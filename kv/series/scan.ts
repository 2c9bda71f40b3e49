/**
 * Reading the latest readings of every series of a profile.
 *
 * Series are read in batches, in the same order as a single one (`kv/series/read.ts`): heads first,
 * then segments, then blocks, then the heads again. A series whose head changed in between is read
 * again by itself. So the result for one series is its state at a single moment, and contains every
 * reading that was acknowledged before the scan began. Different series are seen at different
 * moments.
 *
 * @module
 */

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
import type { ProfileName } from "../../data/readings/profile.ts";
import { listBlocksBack, releaseBlock } from "./blocks.ts";
import { DamagedDataError, decodeBlock } from "./damage.ts";
import { getHead, type HeadEntry, listHeads, liveHead, rangeHeads } from "./heads.ts";
import { listIdBatches } from "./ids.ts";
import { describeSeries, readOverlay } from "./read.ts";
import type { SeriesRef } from "./ref.ts";
import { haveSegments, listSegmentCountsOf } from "./segment_counts.ts";

/** Series whose blocks are read at once. With more of them, other requests wait longer. */
const READS = 10;
/** Series per read of heads in {@link latestReadings}. */
const LATEST_BATCH = 100;
/** Most blocks of a series in one read. */
const BATCH_BLOCKS = 16;
/** How often a series is read again. The last result is also correct, only less fresh. */
const MAX_REREADS = 3;

type Kv = Pick<Deno.Kv, "get" | "list">;

/** Hears of damaged data that a read goes on without. */
export type OnDamage = (error: DamagedDataError) => void;

/** The latest readings of a series. */
export interface SeriesLatest {
  /** Its id. */
  readonly id: string;
  /** At least one reading, ascending. */
  readonly page: Page;
}

/** All series of a profile as a whole. */
export interface ProfileExtent {
  /** How many have readings. */
  readonly seriesCount: number;
  /** Time of the last reading, epoch milliseconds, or null if there are no readings. */
  readonly lastMs: number | null;
}

/**
 * For every series of a profile: its readings in a span, and the last reading before the span. In
 * batches, in the order of ids (ASCII). Series without readings before `toMs` are left out.
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
      findSegments: () => idsWithSegments(kv, profile, range),
      span,
    });
    const found = ids.map((id, index) => ({ id, page: pages[index] }));
    yield found.filter(({ page }) => page.timesMs.length > 0);
    afterId = range.lastId;
  }
}

/**
 * The latest reading of each of some series, as a page of one row. Series without readings are not
 * in the map. For each hundred series it costs two reads of heads and one of segment counts; for each
 * series one read of blocks, and its segments if it has any. A series whose latest readings are damaged
 * is not in the map either, so that the others can be listed.
 */
export async function latestReadings(
  kv: Kv & Pick<Deno.Kv, "getMany">,
  profile: ProfileName,
  ids: readonly string[],
  onDamage: OnDamage = () => {},
): Promise<Map<string, Page>> {
  const sorted = ids.toSorted();
  const latest = new Map<string, Page>();
  // Every reading is before this span, so the last reading before the span is the latest one.
  const span = { fromMs: END_OF_TIME_MS, toMs: END_OF_TIME_MS };
  for (let at = 0; at < sorted.length; at += LATEST_BATCH) {
    const batch = sorted.slice(at, at + LATEST_BATCH);
    const findSegments = async () => {
      const hasSegments = await haveSegments(kv, batch.map((id) => ({ profile, id })));
      return new Set(batch.filter((_, index) => hasSegments[index]));
    };
    const pages = await readBatch(kv, profile, { ids: batch, findSegments, span, onDamage });
    for (const [index, page] of pages.entries()) {
      if (page.timesMs.length > 0) latest.set(batch[index], page);
    }
  }
  return latest;
}

/** About how many series a profile has, and the time of their last reading. */
export async function profileExtent(kv: Kv, profile: ProfileName): Promise<ProfileExtent> {
  const ids = new Set<string>();
  let lastMs = -Infinity;
  // Segment counts before heads: what a fold moves out of segments in between is in a head.
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

/** The readings of a series in a span, and the last reading before it, as they are at one moment. */
export function readWithPrevious(kv: Kv, ref: SeriesRef, span: Span): Promise<Page> {
  return readAlone(kv, ref, span);
}

async function readBatch(
  kv: Kv,
  profile: ProfileName,
  { ids, findSegments, span, onDamage }: {
    ids: readonly string[];
    /** Finds the ids of those series that have segments. */
    findSegments: () => Promise<ReadonlySet<string>>;
    span: Span;
    /** If it is given, a series with damaged readings has none; else the read fails. */
    onDamage?: OnDamage;
  },
): Promise<Page[]> {
  const refs = ids.map((id) => ({ profile, id }));
  const heads = await rangeHeads(kv, profile, ids);
  // After the heads: a fold that moves segments in between changes a head.
  const withSegments = await findSegments();
  const pages: Page[] = [];
  for (let at = 0; at < refs.length; at += READS) {
    const reads = refs.slice(at, at + READS).map((ref, index) => {
      const hasSegments = withSegments.has(ref.id);
      const reading = readLatest(kv, ref, { head: heads[at + index], hasSegments, span });
      return onDamage === undefined ? reading : withoutDamaged(reading, onDamage);
    });
    pages.push(...await Promise.all(reads));
  }
  const now = await rangeHeads(kv, profile, ids);
  return await Promise.all(pages.map((page, index) => {
    const isSame = now[index].versionstamp === heads[index].versionstamp;
    if (isSame) return page;
    const reading = readAlone(kv, refs[index], span);
    return onDamage === undefined ? reading : withoutDamaged(reading, onDamage);
  }));
}

async function withoutDamaged(reading: Promise<Page>, onDamage: OnDamage): Promise<Page> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof DamagedDataError)) throw error;
    onDamage(error);
    return emptyPage(0);
  }
}

async function idsWithSegments(
  kv: Kv,
  profile: ProfileName,
  range: { afterId: string; lastId: string },
): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { ref } of listSegmentCountsOf(kv, profile, range)) ids.add(ref.id);
  return ids;
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
  const overlay = hasSegments ? await readOverlay(kv, ref, head) : emptyPage(0);
  // If the series is not live, blocks that still exist are being removed.
  const isLive = liveHead(head) !== null;
  const pages = isLive ? await readBlocksBack(kv, ref, span) : [];
  const base = pages.length === 0 ? emptyPage(0) : concatPages(pages);
  const { page } = mergePages(base, overlay);
  const all = clipPage(page, { fromMs: -Infinity, toMs: span.toMs });
  const start = Math.max(0, lowerBound(all.timesMs, span.fromMs) - 1);
  return slicePage(all, start, all.timesMs.length);
}

/** The blocks of a span, and earlier ones back to the first that has a reading before the span. */
async function readBlocksBack(kv: Kv, ref: SeriesRef, { fromMs, toMs }: Span): Promise<Page[]> {
  const pages: Page[] = [];
  const days = Math.ceil((toMs - fromMs) / DAY_MS) + 2;
  const batchSize = Math.min(days, BATCH_BLOCKS);
  for await (const block of listBlocksBack(kv, ref, { toMs, batchSize })) {
    const page = decodeBlock(ref, block);
    releaseBlock(block);
    pages.push(page);
    if (page.timesMs[0] < fromMs) break;
  }
  return pages.reverse();
}
