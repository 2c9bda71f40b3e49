/**
 * Folding: merging the segments of a series into its blocks. It changes no reading.
 *
 * @module
 */

import { COMMIT_MAX_KEY_BYTES, type Cost, costOf, packByCost, type Stage } from "../budget.ts";
import type { HeadEntry } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";
import { getSegmentCount } from "./segment_counts.ts";
import { listSegments, segmentsPage, stageSegmentDelete, type StoredSegment } from "./segments.ts";
import { backOff, writableHead, type WriteDeps, writeSlice } from "./write_slice.ts";

/**
 * Segments folded at once: with single readings and short ids, all that a series has when it is due, as
 * each commit is one that telemetry waits for. Their deletions leave half of the commit to blocks, and
 * their bytes bound the page that they become.
 */
const FOLD_ROOM: Cost = { mutations: 400, bytes: 800_000, keyBytes: COMMIT_MAX_KEY_BYTES / 2 };

/**
 * Folds the segments that a series has now into its blocks, in the order of their commits. Returns
 * how many segments it folded.
 *
 * Only segments up to the last ingest before the start are folded. A list is read in batches, so of
 * later segments it may miss one and show its successor; folding the successor first would later let
 * the older one overwrite it.
 *
 * The segments are deleted in the commit that writes the last of their readings. If the process is
 * killed before, they are folded again, with the same result.
 *
 * @throws {AppError} SERIES_BUSY when other processes keep writing to the series; STORED_DATA_DAMAGED
 * when a segment, or a block that it belongs to, is damaged.
 */
export async function foldSegments(deps: WriteDeps, ref: SeriesRef): Promise<number> {
  const lastIngest = await getSegmentCount(deps.kv, ref);
  if (lastIngest === null) return 0;
  for (let folded = 0, conflicts = 0;;) {
    // Head before segments: if somebody folds these segments meanwhile and writes over them, the
    // head changes and the commit below fails.
    const head = await writableHead(deps, ref);
    const segments = (await listSegments(deps.kv, ref))
      .filter(({ versionstamp }) => versionstamp <= lastIngest.versionstamp);
    const written = await foldListed(deps, ref, { head, segments });
    folded += written;
    if (written === segments.length) return folded;
    conflicts = written > 0 ? 1 : conflicts + 1;
    await backOff(ref, conflicts);
  }
}

/**
 * Folds listed segments in portions. Returns how many it folded: if another write was faster, not all.
 * Then everything must be read again, including the segments.
 */
async function foldListed(
  deps: WriteDeps,
  ref: SeriesRef,
  { head, segments }: { head: HeadEntry; segments: readonly StoredSegment[] },
): Promise<number> {
  let current: HeadEntry = head;
  let folded = 0;
  for (const portion of portionsOf(segments)) {
    const next = await foldOnce(deps, ref, { head: current, segments: portion });
    if (next === null) return folded;
    // Its version is that of this commit, so the next one fails if anybody wrote in between.
    current = next;
    folded += portion.length;
  }
  return folded;
}

function portionsOf(segments: readonly StoredSegment[]): StoredSegment[][] {
  const costly = segments.map((segment) => {
    const cost = costOf((op) => stageSegmentDelete(op, segment));
    return { segment, cost: { ...cost, bytes: segment.bytes.length } };
  });
  return packByCost(costly, { room: FOLD_ROOM })
    .map((portion) => portion.map(({ segment }) => segment));
}

/** The head after the fold; null if another write was faster. */
async function foldOnce(
  deps: WriteDeps,
  ref: SeriesRef,
  { head, segments }: { head: HeadEntry; segments: readonly StoredSegment[] },
): Promise<HeadEntry | null> {
  const page = segmentsPage(ref, segments);
  const stageLast: Stage = (op) => segments.forEach((segment) => stageSegmentDelete(op, segment));
  let current = head;
  for (let start = 0; start < page.timesMs.length;) {
    const options = { page, start, isChange: false, stageLast };
    const slice = await writeSlice(deps, ref, current, options);
    if (slice.head === null) return null;
    current = slice.head;
    start = slice.end;
  }
  return current;
}
