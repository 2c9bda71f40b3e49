/**
 * Reading the latest readings of every series of a profile.
 *
 * Series are read in batches, in the same order as a single one (`kv/series/read.ts`): heads first,
 * then segments, then blocks, then the heads again. A series whose head changed in between is read
 * again by itself. So the result for one series is its state at a single moment, and contains every
 * reading that was acknowledged before the scan began. Different series are seen at different
 * moments.
 *
 * A batch is a range of ids: a series without a head whose segments are folded after the heads are read
 * shows in the range when they are read again.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { END_OF_TIME_MS } from "../../data/limits.ts";
import { emptyPage, type Page, type Span } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import { DamagedDataError } from "./damage.ts";
import {
  type HeadEntry,
  listHeadEntries,
  listHeads,
  listHeadVersions,
  rangeHeads,
} from "./heads.ts";
import { decodeLatest } from "./latest_page.ts";
import {
  type BatchPacker,
  createBatchPacker,
  packedAt,
  type PackedBatch,
  type PackedLatest,
} from "./packed_batch.ts";
import { describeSeries } from "./read.ts";
import { readLatest, readLatestAlone } from "./read_latest.ts";
import type { SeriesRef } from "./ref.ts";
import { haveSegments, listSegmentCountsOf } from "./segment_counts.ts";

/** Series whose blocks are read at once. With more of them, other requests wait longer. */
const READS = 10;
/** Series of a batch: as many heads as a list reads at once. */
const BATCH = 100;
/** A batch with so many bytes ends early, as series may have many readings. */
const BATCH_BYTES = 2_097_152;

/** After so many heads of a list, timers have a turn. */
export const TURN_HEADS = 500;
/** The same for series whose blocks are read. */
const TURN_SERIES = 20;

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

/** Series as they are stored, in the order of their ids. */
export interface ScannedBatch extends PackedBatch {
  /** How many series there are in the range of ids, wanted or not. */
  readonly looked: number;
}

/** A scan whose batches somebody else decodes. */
export interface PackedScan {
  /** The batches. Their memory is the caller's. */
  readonly batches: AsyncIterable<ScannedBatch>;
  /** Reports that a block is damaged. */
  damaged(error: DamagedDataError): void;
}

/** What is scanned. */
export interface ScanOptions extends Span {
  /** Aborts it. */
  readonly signal: AbortSignal;
  /** Whether a series is wanted; by default, all are. */
  readonly wants?: (id: string) => boolean;
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
  options: ScanOptions,
): AsyncGenerator<SeriesLatest[]> {
  for await (const batch of scanPacked(kv, profile, options)) {
    const pages = batch.ids.map((id, index) => (
      { id, page: decodeLatest({ profile, id }, packedAt(batch, index), options) }
    ));
    yield pages.filter(({ page }) => page.timesMs.length > 0);
  }
}

/** The same as it is stored. A series may turn out to have no reading before `toMs`. */
export async function* scanPacked(
  kv: Kv,
  profile: ProfileName,
  { signal, wants = () => true, ...span }: ScanOptions,
): AsyncGenerator<ScannedBatch> {
  for (let afterId: string | null = ""; afterId !== null;) {
    signal.throwIfAborted();
    const { found, lastId: endId } = await findBatch(kv, profile, afterId);
    const packer = createBatchPacker();
    const count = await packSome(kv, found, { packer, signal, span, wants });
    const lastId: string | null = count === found.length ? endId : found[count - 1].ref.id;
    const versions = await listHeadVersions(kv, profile, { afterId, lastId, most: count });
    const known = new Map(
      found.slice(0, count).map((
        { ref, head },
      ) => [ref.id, head.versionstamp]),
    );
    for (const [id, version] of versions) {
      // A head that is not known is that of a series whose segments were folded meanwhile.
      if (version === known.get(id) || !wants(id)) continue;
      packer.add(id, await readLatestAlone(kv, { profile, id }, span));
    }
    yield { ...packer.finish(), looked: count };
    await nextTurn();
    afterId = lastId;
  }
}

/**
 * Lets timers and other requests have a turn. The answers of a local database come so fast that its lists
 * follow each other without one.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A series of a batch. */
interface FoundSeries {
  readonly ref: SeriesRef;
  readonly head: HeadEntry;
  readonly hasSegments: boolean;
}

/** The next series that have a head or segments, and the end of their range of ids; null at the last. */
async function findBatch(
  kv: Kv,
  profile: ProfileName,
  afterId: string,
): Promise<{ found: FoundSeries[]; lastId: string | null }> {
  const heads = await listHeadEntries(kv, profile, { afterId, limit: BATCH });
  const lastHead = heads.length === BATCH ? idOf(heads[BATCH - 1]) : undefined;
  // After the heads: a fold that moves segments in between changes a head.
  const withSegments: string[] = [];
  const counts = listSegmentCountsOf(kv, profile, { afterId, lastId: lastHead, limit: BATCH });
  for await (const { ref } of counts) withSegments.push(ref.id);
  const lastId = (withSegments.length === BATCH ? withSegments[BATCH - 1] : lastHead) ?? null;
  const inRange = (id: string) => lastId === null || id <= lastId;
  const found = new Map<string, FoundSeries>();
  for (const head of heads) {
    const id = idOf(head);
    if (inRange(id)) found.set(id, { ref: { profile, id }, head, hasSegments: false });
  }
  for (const id of withSegments) {
    const head = found.get(id)?.head ?? { key: [], value: null, versionstamp: null };
    found.set(id, { ref: { profile, id }, head, hasSegments: true });
  }
  const sorted = [...found.values()].sort((a, b) => a.ref.id < b.ref.id ? -1 : 1);
  return { found: sorted, lastId };
}

function idOf({ key }: HeadEntry): string {
  return String(key[2]);
}

/**
 * Reads series and packs them, several at a time, until the batch is full. Returns how many of the series
 * are done.
 */
async function packSome(
  kv: Kv,
  found: readonly FoundSeries[],
  { packer, signal, wants, ...rest }: Required<Omit<ScanOptions, keyof Span>> & {
    packer: BatchPacker;
    span: Span;
  },
): Promise<number> {
  let next = 0, isFailed = false;
  const readOn = async () => {
    while (next < found.length && packer.sizeBytes() < BATCH_BYTES && !isFailed) {
      const { ref, head, hasSegments } = found[next++];
      signal.throwIfAborted();
      if (!wants(ref.id)) continue;
      if (next % TURN_SERIES === 0) await nextTurn();
      packer.add(ref.id, await readLatest(kv, ref, { head, hasSegments, ...rest }));
    }
  };
  try {
    await Promise.all(Array.from({ length: READS }, readOn));
  } finally {
    // If one fails, the others begin no further reads.
    isFailed = true;
  }
  return next;
}

/**
 * The latest reading of each of some series, as a page of one row. Series without readings are not
 * in the map. For each hundred series it costs two reads of heads and one of segment counts; for each
 * series one read of blocks, and its segments if it has any. A series whose latest readings are damaged
 * is not in the map either, so that the others can be listed. At most `lanes` series are read at a time.
 */
export async function latestReadings(
  kv: Kv & Pick<Deno.Kv, "getMany">,
  profile: ProfileName,
  ids: readonly string[],
  { onDamage = () => {}, lanes = READS }: { onDamage?: OnDamage; lanes?: number } = {},
): Promise<Map<string, Page>> {
  const sorted = ids.toSorted();
  const latest = new Map<string, Page>();
  // Every reading is before this span, so the last reading before the span is the latest one.
  const span = { fromMs: END_OF_TIME_MS, toMs: END_OF_TIME_MS };
  for (let at = 0; at < sorted.length; at += BATCH) {
    const batch = sorted.slice(at, at + BATCH);
    const findSegments = async () => {
      const hasSegments = await haveSegments(kv, batch.map((id) => ({ profile, id })));
      return new Set(batch.filter((_, index) => hasSegments[index]));
    };
    const pages = await readBatch(kv, profile, {
      ids: batch,
      findSegments,
      span,
      onDamage,
      lanes,
    });
    for (const [index, page] of pages.entries()) {
      if (page.timesMs.length > 0) latest.set(batch[index], page);
    }
    if (at + BATCH < sorted.length) await nextTurn();
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
    if (ids.size % TURN_HEADS === 0) await nextTurn();
  }
  return { seriesCount: ids.size, lastMs: lastMs === -Infinity ? null : lastMs };
}

/** The latest readings of some series. One with damaged readings has none. */
async function readBatch(
  kv: Kv,
  profile: ProfileName,
  { ids, findSegments, span, onDamage, lanes }: {
    ids: readonly string[];
    /** Finds the ids of those series that have segments. */
    findSegments: () => Promise<ReadonlySet<string>>;
    span: Span;
    onDamage: OnDamage;
    lanes: number;
  },
): Promise<Page[]> {
  const refs = ids.map((id) => ({ profile, id }));
  const heads = await rangeHeads(kv, profile, ids);
  // After the heads: a fold that moves segments in between changes a head.
  const withSegments = await findSegments();
  const decoded = async (ref: SeriesRef, read: Promise<PackedLatest>) => {
    try {
      return decodeLatest(ref, await read, span);
    } catch (error) {
      if (!(error instanceof DamagedDataError)) throw error;
      onDamage(error);
      return emptyPage(0);
    }
  };
  const pages: Page[] = [];
  for (let at = 0, turnAt = TURN_SERIES; at < refs.length; at += lanes) {
    if (at >= turnAt) {
      turnAt += TURN_SERIES;
      await nextTurn();
    }
    const reads = refs.slice(at, at + lanes).map((ref, index) => {
      const hasSegments = withSegments.has(ref.id);
      return decoded(ref, readLatest(kv, ref, { head: heads[at + index], hasSegments, span }));
    });
    pages.push(...await Promise.all(reads));
  }
  const now = await rangeHeads(kv, profile, ids);
  return await Promise.all(pages.map((page, index) => {
    const isSame = now[index].versionstamp === heads[index].versionstamp;
    return isSame ? page : decoded(refs[index], readLatestAlone(kv, refs[index], span));
  }));
}
