/**
 * Reading the latest readings of every series of a profile from a database file (`kv/database_file.ts`).
 *
 * A file misses segments, which wait in a journal. So the series that have some are found in the database
 * itself **before** the file is opened (`findUnfolded()`), and are read from there: what a fold moves into
 * blocks after that is read there too, and what it moved before is in the file.
 *
 * The heads are read first, then the blocks of a batch of series and the versions of their heads, in one
 * statement. Series with many blocks are read by themselves, and their heads again after that. A series whose
 * head changed in between is read from the database itself, too: its blocks may be those of several
 * moments, or of a fold that is half done. So what is found of one series is its state at one moment, and
 * has every reading that was acknowledged before the scan. Different series are seen at different moments.
 *
 * @module
 */

import type { Page, Span } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { DatabaseFile } from "../database_file.ts";
import type { StoredBlock } from "./blocks.ts";
import { type BlocksOfMoment, readBlocksOfMany } from "./file_blocks.ts";
import { listHeads, rangeHeads } from "./heads.ts";
import { createBatchPacker, type PackedLatest } from "./packed_batch.ts";
import { describeSeries } from "./read.ts";
import { isLastBack, likelyBlocks, readLatestBlocks } from "./read_latest.ts";
import {
  nextTurn,
  type ProfileExtent,
  type ScannedBatch,
  type ScanOptions,
  TURN_HEADS,
} from "./scan.ts";
import { listSegmentCountsOf } from "./segment_counts.ts";

/** Series of a batch. */
const BATCH = 100;
/** A batch with so many bytes ends early, as series may have many readings. */
const BATCH_BYTES = 2_097_152;
/** Series that are read at once from the database itself. */
const READS = 10;
/** Most blocks of a series that is read together with others, and of all that are: some megabytes. */
const TOGETHER_BLOCKS = 40, TOGETHER_BLOCKS_OF_ALL = 1_600;

/** A series whose readings are not all in the file. */
export interface UnfoldedSeries {
  /** Its id. */
  readonly id: string;
  /** Time of its last reading, epoch milliseconds. */
  readonly lastMs: number;
}

/**
 * The series of a profile with segments, in the order of their ids; null if there are `limit` or more. To be
 * called before the file is opened.
 */
export async function findUnfolded(
  kv: Pick<Deno.Kv, "get" | "list">,
  profile: ProfileName,
  limit: number,
): Promise<UnfoldedSeries[] | null> {
  const counts = await Array.fromAsync(listSegmentCountsOf(kv, profile, { limit }));
  if (counts.length >= limit) return null;
  const found: UnfoldedSeries[] = [];
  for (const { ref } of counts) {
    const extent = await describeSeries(kv, ref);
    // Kept without an extent, too: it may get readings before the file is read.
    found.push({ id: ref.id, lastMs: extent?.lastMs ?? -Infinity });
  }
  return found;
}

/** What is read from a file. */
export interface FileSource {
  /** The file. */
  readonly file: Pick<DatabaseFile, "get" | "list" | "query" | "rest">;
  /** The series with segments, ascending. */
  readonly unfolded: readonly UnfoldedSeries[];
  /** Reads a series from the database itself: its readings in a span, and the last one before it. */
  readUnfolded(id: string, span: Span): Promise<Page>;
}

/** A series to read. */
export interface FileSeries {
  /** Its id. */
  readonly id: string;
  /** Its head, of which the times are used; null if it is not read from the file. */
  readonly head: KnownHead | null;
}

/** The version of a head, and the times of the first and last reading in blocks. */
interface KnownHead {
  readonly versionstamp: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** The series of a profile in the order of their ids. */
export async function listFileSeries(
  { file, unfolded }: FileSource,
  profile: ProfileName,
): Promise<FileSeries[]> {
  const series: FileSeries[] = [];
  let next = 0, headCount = 0;
  for await (const { id, head, versionstamp } of listHeads(file, profile, "")) {
    const { state, firstMs, lastMs } = head;
    if (++headCount % TURN_HEADS === 0) await restForTurn(file);
    while (unfolded[next]?.id < id) series.push({ id: unfolded[next++].id, head: null });
    if (unfolded[next]?.id === id) series.push({ id: unfolded[next++].id, head: null });
    // If it is not live, blocks that still exist are being removed.
    else if (state === "live") series.push({ id, head: { versionstamp, firstMs, lastMs } });
  }
  for (const { id } of unfolded.slice(next)) series.push({ id, head: null });
  return series;
}

/** About how many of these series have readings, and the time of their last reading. */
export function fileExtent(
  { unfolded }: FileSource,
  series: readonly FileSeries[],
): ProfileExtent {
  let count = 0, lastMs = -Infinity;
  for (const { lastMs: ownMs } of [...series.map(({ head }) => head ?? NEVER), ...unfolded]) {
    if (ownMs === -Infinity) continue;
    count++;
    lastMs = Math.max(lastMs, ownMs);
  }
  return { seriesCount: count, lastMs: count === 0 ? null : lastMs };
}

const NEVER = { lastMs: -Infinity };

/** What `scanPacked()` gives, from a file. */
export async function* scanFile(
  source: FileSource,
  profile: ProfileName,
  { series, signal, wants = () => true, ...span }: ScanOptions & {
    readonly series: readonly FileSeries[];
  },
): AsyncGenerator<ScannedBatch> {
  for (let next = 0; next < series.length;) {
    await restForTurn(source.file);
    const packer = createBatchPacker();
    const asked: string[] = [];
    const heads = new Map<string, KnownHead>();
    const first = next;
    const wanted = series.slice(first, first + BATCH).filter(({ id }) => wants(id));
    const together = readTogether(source.file, profile, wanted, span);
    while (next < series.length && next - first < BATCH && packer.sizeBytes() < BATCH_BYTES) {
      signal.throwIfAborted();
      const { id, head } = series[next++];
      if (!wants(id)) continue;
      if (head === null) {
        asked.push(id);
        continue;
      }
      let blocks = together(id, head);
      if (blocks === null) {
        heads.set(id, head);
        blocks = await readLatestBlocks(source.file, { profile, id }, head, span);
      }
      packer.add(id, { blocks, overlay: null });
    }
    asked.push(...await changedSince(source.file, profile, heads));
    if (asked.length > 0) source.file.rest();
    for (let at = 0; at < asked.length; at += READS) {
      signal.throwIfAborted();
      await Promise.all(
        asked.slice(at, at + READS).map(async (id) => {
          packer.add(id, await readItself(source, id, span));
        }),
      );
    }
    yield { ...packer.finish(), looked: next - first };
  }
}

/** The blocks of a series that was read together with others; null if it has to be read by itself. */
type TogetherRead = (id: string, head: KnownHead) => readonly StoredBlock[] | null;

/** Reads series of a batch together, some at a time, when the first of them is asked for. */
function readTogether(
  file: FileSource["file"],
  profile: ProfileName,
  series: readonly FileSeries[],
  span: Span,
): TogetherRead {
  const known = series.flatMap(({ id, head }) =>
    head === null ? [] : [{ id, lastMs: head.lastMs }]
  );
  const lastMs = known.reduce((latestMs, one) => Math.max(latestMs, one.lastMs), -Infinity);
  const limit = likelyBlocks({ ...span, lastMs });
  if (limit > TOGETHER_BLOCKS) return () => null;
  const many = Math.floor(TOGETHER_BLOCKS_OF_ALL / limit);
  let next = 0;
  let found = new Map<string, BlocksOfMoment>();

  /** Reads on, up to the portion of a series. */
  function find(id: string): BlocksOfMoment | undefined {
    while (next < known.length && known[next].id <= id) {
      const ids = known.slice(next, next + many).map((one) => one.id);
      found = readBlocksOfMany(file, profile, ids, { toMs: span.toMs, limit });
      next += ids.length;
    }
    return found.get(id);
  }

  return (id, { versionstamp, firstMs }) => {
    const one = find(id);
    if (one?.versionstamp !== versionstamp) return null;
    if (firstMs >= span.toMs) return [];
    const last = one.blocks.findIndex((block) => isLastBack(block, span.fromMs));
    if (last >= 0) return one.blocks.slice(0, last + 1);
    // With fewer than were asked for, these are all.
    return one.blocks.length < limit ? one.blocks : null;
  };
}

/** Lets other tasks of this thread have a turn: what is read from a file is there at once. */
async function restForTurn(file: FileSource["file"]): Promise<void> {
  file.rest();
  await nextTurn();
}

/** The ids of those series whose heads have changed. */
async function changedSince(
  file: FileSource["file"],
  profile: ProfileName,
  heads: ReadonlyMap<string, KnownHead>,
): Promise<string[]> {
  if (heads.size === 0) return [];
  const ids = [...heads.keys()];
  const now = await rangeHeads(file, profile, ids);
  return ids.filter((id, index) => now[index].versionstamp !== heads.get(id)?.versionstamp);
}

/** A series of the database itself. */
async function readItself(
  { readUnfolded }: FileSource,
  id: string,
  span: Span,
): Promise<PackedLatest> {
  const page = await readUnfolded(id, span);
  return { blocks: [], overlay: page.timesMs.length === 0 ? null : page };
}
