/**
 * Removing a series.
 *
 * | from | to | when |
 * |---|---|---|
 * | live | deleting | the user removes the series: one commit changes the head and arms the due entry; from here on readers see nothing |
 * | deleting | gone | blocks and segments are deleted in batches, then the due entry; the last commit raises the revision again |
 *
 * After a crash in between, the due entry makes a worker complete the removal. Segments that are
 * ingested after the first commit stay: they begin the next life of the series.
 *
 * @module
 */

import { dayStartMs, END_OF_TIME_MS, FIRST_TIME_MS } from "../../data/limits.ts";
import { decodePage } from "../../data/readings/page_decoder.ts";
import { packStages, type Stage } from "../budget.ts";
import { type Due, stageDue, stageDueDelete } from "../jobs/due.ts";
import { listBlocks, stageBlockDelete } from "./blocks.ts";
import { stageChanged } from "./changes.ts";
import { blockReadings } from "./damage.ts";
import { currentLife, getHead, type HeadEntry, liveHead, nextHead, stageHead } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";
import { stageRevision } from "./revisions.ts";
import { getSegmentCount, stageSegmentCountDelete } from "./segment_counts.ts";
import {
  countSegments,
  isBeingRemoved,
  listSegments,
  stageSegmentDelete,
  type StoredSegment,
} from "./segments.ts";

/** Blocks read and deleted at a time. */
const PURGE_BLOCKS = 100;

type Kv = Pick<Deno.Kv, "get" | "list" | "atomic">;

/**
 * Adds to the commit that begins a removal. Called again if another commit was faster. Returns false
 * if there must be no removal after all.
 */
export type PrepareRemoval = (op: Deno.AtomicOperation) => Promise<boolean>;

/** How to remove a series. */
export interface RemoveOptions {
  /** Adds to the commit that begins the removal, or prevents it. */
  readonly prepare?: PrepareRemoval;
  /** Called again and again with the number of readings that were deleted since the last call. */
  readonly onRemoved?: (count: number) => void;
}

/** What to delete in one round. */
interface Deletions {
  readonly stages: readonly Stage[];
  /** How many readings go with it; a time that was stored several times counts each time. */
  readonly count: number;
}

/**
 * Removes the blocks and segments that a series has now. False if it has none, or if `prepare` says
 * so. A removal that was interrupted is completed first, so that readings ingested since then are
 * removed too.
 */
export async function removeSeries(
  kv: Kv,
  ref: SeriesRef,
  { nowMs, prepare, onRemoved }: RemoveOptions & { nowMs: number },
): Promise<boolean> {
  await purgeSeries(kv, ref, onRemoved);
  const wasThere = await beginRemoval(kv, ref, { nowMs, prepare });
  await purgeSeries(kv, ref, onRemoved);
  return wasThere;
}

/**
 * Changes the state to deleting. False if there is no series, if its removal has already begun, or if
 * `prepare` says so.
 */
export async function beginRemoval(
  kv: Kv,
  ref: SeriesRef,
  { nowMs, prepare }: { nowMs: number; prepare?: PrepareRemoval },
): Promise<boolean> {
  for (;;) {
    const head = await getHead(kv, ref);
    if (head.value?.state === "deleting") return false;
    if (liveHead(head) === null && await countSegments(kv, ref, 1) === 0) {
      // A fold may have moved the segments into blocks since the head was read.
      if ((await getHead(kv, ref)).versionstamp === head.versionstamp) return false;
      continue;
    }
    const op = kv.atomic().check(head);
    if (prepare !== undefined && !await prepare(op)) return false;
    const life = currentLife(head);
    const to = nextHead(head.value, { state: "deleting", life, removedMs: nowMs });
    stageHead(op, ref, { from: head.value, to });
    stageDue(op, purgeDue(ref, nowMs));
    stageRevision(op, ref);
    if ((await op.commit()).ok) return true;
  }
}

/** Completes a removal that has begun. Does nothing if none has. */
export async function purgeSeries(
  kv: Kv,
  ref: SeriesRef,
  onRemoved: RemoveOptions["onRemoved"] = () => {},
): Promise<void> {
  for (;;) {
    const head = await getHead(kv, ref);
    if (head.value?.state !== "deleting") return;
    const segmentCount = await getSegmentCount(kv, ref);
    const segments = await listSegments(kv, ref);
    const { stages, count } = await nextDeletions(kv, ref, { head, segments });
    if (stages.length === 0) {
      const op = kv.atomic().check(head);
      const to = nextHead(head.value, { state: "gone", count: 0 });
      stageHead(op, ref, { from: head.value, to });
      // The days were added to the change feed after the revision of the first commit. Whoever has
      // read the feed at that revision must read it again.
      stageRevision(op, ref);
      stageDueDelete(op, purgeDue(ref, head.value.removedMs));
      if (segmentCount !== null && segments.length === 0) stageSegmentCountDelete(op, segmentCount);
      await op.commit();
      continue;
    }
    let isDone = true;
    for (const commit of packStages(stages)) {
      // The check keeps a slow process from deleting what the next life of the series has written.
      const op = kv.atomic().check(head);
      commit.forEach((stage) => stage(op));
      isDone = (await op.commit()).ok;
      if (!isDone) break;
    }
    if (isDone) onRemoved(count);
  }
}

/** The series that an entry of the due index names; null if it names none. */
export function purgedSeries(id: string): SeriesRef | null {
  // Names of profiles have no slash.
  const at = id.indexOf("/");
  return at < 1 ? null : { profile: id.slice(0, at), id: id.slice(at + 1) };
}

/** What to delete next: some blocks, and the segments from before the removal began. */
async function nextDeletions(
  kv: Kv,
  ref: SeriesRef,
  { head, segments }: { head: HeadEntry; segments: readonly StoredSegment[] },
): Promise<Deletions> {
  const all = { fromMs: FIRST_TIME_MS, toMs: END_OF_TIME_MS };
  const blocks = await listBlocks(kv, ref, { ...all, limit: PURGE_BLOCKS });
  const stages: Stage[] = blocks.map(({ startMs }) => (op) => {
    stageBlockDelete(op, ref, startMs);
    stageChanged(op, ref, dayStartMs(startMs));
  });
  let count = blocks.reduce((sum, block) => sum + countIfSound(() => blockReadings(ref, block)), 0);
  for (const segment of segments) {
    if (!isBeingRemoved(head, segment)) continue;
    count += countIfSound(() => {
      const { timesMs } = decodePage(segment.bytes);
      const days = new Set(Array.from(timesMs, dayStartMs));
      for (const dayMs of days) stages.push((op) => stageChanged(op, ref, dayMs));
      return timesMs.length;
    });
    stages.push((op) => stageSegmentDelete(op, segment));
  }
  return { stages, count };
}

/** A count; 0 if what it counts is damaged, because that is removed like everything else. */
function countIfSound(count: () => number): number {
  try {
    return count();
  } catch {
    return 0;
  }
}

function purgeDue({ profile, id }: SeriesRef, nowMs: number): Due {
  return { atMs: nowMs, kind: "series_purge", id: `${profile}/${id}` };
}
