/**
 * Reading the latest readings of every series of a profile from a database as it is at one moment
 * (`kv/file_snapshot.ts`).
 *
 * A snapshot of a file misses segments, which wait in a journal. So the series that have some are found in
 * the database itself **before** the snapshot is opened (`findUnfolded()`), and are read from there: what a
 * fold moves into blocks after that is read there too, and what it moved before is in the snapshot.
 *
 * @module
 */

import type { Page, Span } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import { listHeads } from "./heads.ts";
import { createBatchPacker, type PackedLatest } from "./packed_batch.ts";
import { describeSeries } from "./read.ts";
import { readLatestBlocks } from "./read_latest.ts";
import type { ProfileExtent, ScannedBatch, ScanOptions } from "./scan.ts";
import { listSegmentCountsOf } from "./segment_counts.ts";

/** Series of a batch. */
const BATCH = 100;
/** A batch with so many bytes ends early, as series may have many readings. */
const BATCH_BYTES = 2_097_152;

/** A series whose readings are not all in a snapshot. */
export interface UnfoldedSeries {
  /** Its id. */
  readonly id: string;
  /** Time of its last reading, epoch milliseconds. */
  readonly lastMs: number;
}

/**
 * The series of a profile with segments, in the order of their ids, at most `limit`. To be called before the
 * snapshot is opened.
 */
export async function findUnfolded(
  kv: Pick<Deno.Kv, "get" | "list">,
  profile: ProfileName,
  limit: number,
): Promise<UnfoldedSeries[]> {
  const found: UnfoldedSeries[] = [];
  for await (const { ref } of listSegmentCountsOf(kv, profile, { limit })) {
    const extent = await describeSeries(kv, ref);
    // Kept without an extent, too: it may get readings before the snapshot.
    found.push({ id: ref.id, lastMs: extent?.lastMs ?? -Infinity });
  }
  return found;
}

/** What is read from a snapshot. */
export interface SnapshotSource {
  /** The snapshot. */
  readonly snapshot: Pick<Deno.Kv, "list">;
  /** The series with segments, ascending. */
  readonly unfolded: readonly UnfoldedSeries[];
  /** Reads such a series from the database itself: its readings in a span, and the last one before it. */
  readUnfolded(id: string, span: Span): Promise<Page>;
}

/** A series to read. */
export interface SnapshotSeries {
  /** Its id. */
  readonly id: string;
  /** The times of its first and last reading in blocks; null if it is not read from the snapshot. */
  readonly head: { readonly firstMs: number; readonly lastMs: number } | null;
}

/** The series of a profile in the order of their ids. */
export async function listSnapshotSeries(
  { snapshot, unfolded }: SnapshotSource,
  profile: ProfileName,
): Promise<SnapshotSeries[]> {
  const series: SnapshotSeries[] = [];
  let next = 0;
  for await (const { id, head: { state, firstMs, lastMs } } of listHeads(snapshot, profile, "")) {
    while (unfolded[next]?.id < id) series.push({ id: unfolded[next++].id, head: null });
    if (unfolded[next]?.id === id) series.push({ id: unfolded[next++].id, head: null });
    // If it is not live, blocks that still exist are being removed.
    else if (state === "live") series.push({ id, head: { firstMs, lastMs } });
  }
  for (const { id } of unfolded.slice(next)) series.push({ id, head: null });
  return series;
}

/** About how many of these series have readings, and the time of their last reading. */
export function snapshotExtent(
  { unfolded }: SnapshotSource,
  series: readonly SnapshotSeries[],
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

/** What `scanPacked()` gives, from a snapshot. */
export async function* scanSnapshot(
  source: SnapshotSource,
  profile: ProfileName,
  { series, signal, wants = () => true, ...span }: ScanOptions & {
    readonly series: readonly SnapshotSeries[];
  },
): AsyncGenerator<ScannedBatch> {
  let packer = createBatchPacker();
  let looked = 0;
  for (const one of series) {
    signal.throwIfAborted();
    looked++;
    if (wants(one.id)) packer.add(one.id, await readSeries(source, profile, { ...one, span }));
    if (looked < BATCH && packer.sizeBytes() < BATCH_BYTES) continue;
    yield { ...packer.finish(), looked };
    packer = createBatchPacker();
    looked = 0;
  }
  yield { ...packer.finish(), looked };
}

async function readSeries(
  { snapshot, readUnfolded }: SnapshotSource,
  profile: ProfileName,
  { id, head, span }: SnapshotSeries & { span: Span },
): Promise<PackedLatest> {
  if (head !== null) {
    const blocks = await readLatestBlocks(snapshot, { profile, id }, head, span);
    return { blocks, overlay: null };
  }
  const page = await readUnfolded(id, span);
  return { blocks: [], overlay: page.timesMs.length === 0 ? null : page };
}
