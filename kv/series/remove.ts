/**
 * Removing a series.
 *
 * | from | to | when |
 * |---|---|---|
 * | live | deleting | asked for: head marked, due entry armed, one commit; readers see nothing from here |
 * | deleting | gone | blocks and segments deleted in batches, then the due entry |
 *
 * A crash in between is found by the due entry. Segments of ingest that came after the mark stay:
 * they begin the series' next life.
 *
 * @module
 */

import { decodePage } from "../../data/readings/page_decoder.ts";
import { dayStartMs, END_OF_TIME_MS, FIRST_TIME_MS } from "../../data/limits.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { listBlocks, stageBlockDelete } from "./blocks.ts";
import { packStages, type Stage } from "../budget.ts";
import { stageChanged } from "./changes.ts";
import { type Due, stageDue, stageDueDelete } from "../jobs/due.ts";
import { stageRevision } from "./revisions.ts";
import {
  countSegments,
  isBeingRemoved,
  listSegments,
  stageSegmentDelete,
  type StoredSegment,
} from "./segments.ts";
import { currentLife, getHead, type HeadEntry, liveHead, nextHead, stageHead } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";
import { getSegmentCount, stageSegmentCountDelete } from "./segment_counts.ts";

const PURGE_BLOCKS = 100;

type Kv = Pick<Deno.Kv, "get" | "list" | "atomic">;

/**
 * Removes a series: its blocks, and the segments that it has by now. False where it has none. A
 * removal that was cut short is completed first, so that what came after it goes too.
 */
export async function removeSeries(kv: Kv, ref: SeriesRef, nowMs: number): Promise<boolean> {
  await purgeSeries(kv, ref);
  const isMarked = await markRemoved(kv, ref, nowMs);
  await purgeSeries(kv, ref);
  return isMarked;
}

/** Marks a series as being removed. False where there is none, or it is marked already. */
export async function markRemoved(kv: Kv, ref: SeriesRef, nowMs: number): Promise<boolean> {
  for (;;) {
    const head = await getHead(kv, ref);
    if (head.value?.state === "deleting") return false;
    if (liveHead(head) === null && await countSegments(kv, ref, 1) === 0) {
      // A fold may have moved them since the head was read.
      if ((await getHead(kv, ref)).versionstamp === head.versionstamp) return false;
      continue;
    }
    const op = kv.atomic().check(head);
    const life = currentLife(head);
    stageHead(op, ref, nextHead(head.value, { state: "deleting", life, removedMs: nowMs }));
    stageDue(op, purgeDue(ref, nowMs));
    stageRevision(op, ref);
    if ((await op.commit()).ok) return true;
  }
}

/** Deletes what a marked series has; does nothing to one that is not marked. */
export async function purgeSeries(kv: Kv, ref: SeriesRef): Promise<void> {
  for (;;) {
    const head = await getHead(kv, ref);
    if (head.value?.state !== "deleting") return;
    const mark = await getSegmentCount(kv, ref);
    const segments = await listSegments(kv, ref);
    const stages = await nextStages(kv, ref, { head, segments });
    if (stages.length === 0) {
      const op = kv.atomic().check(head);
      stageHead(op, ref, nextHead(head.value, { state: "gone", count: 0 }));
      stageDueDelete(op, purgeDue(ref, head.value.removedMs));
      if (mark !== null && segments.length === 0) stageSegmentCountDelete(op, mark);
      await op.commit();
      continue;
    }
    for (const commit of packStages(stages)) {
      // The check keeps a slow process from deleting what a next life of the series has written.
      const op = kv.atomic().check(head);
      commit.forEach((stage) => stage(op));
      if (!(await op.commit()).ok) break;
    }
  }
}

/** The series that an entry of the due index is about, or null where it names none. */
export function purgedSeries(id: string): SeriesRef | null {
  const at = id.indexOf("/");
  const profile = Object.values(PROFILES).find(({ name }) => name === id.slice(0, at));
  return profile === undefined ? null : { profile: profile.name, id: id.slice(at + 1) };
}

/** What to delete next: some blocks, and the segments of before the mark. */
async function nextStages(
  kv: Kv,
  ref: SeriesRef,
  { head, segments }: { head: HeadEntry; segments: readonly StoredSegment[] },
): Promise<Stage[]> {
  const all = { fromMs: FIRST_TIME_MS, toMs: END_OF_TIME_MS };
  const blocks = await listBlocks(kv, ref, { ...all, limit: PURGE_BLOCKS });
  const stages: Stage[] = blocks.map(({ startMs }) => (op) => {
    stageBlockDelete(op, ref, startMs);
    stageChanged(op, ref, dayStartMs(startMs));
  });
  for (const segment of segments) {
    if (!isBeingRemoved(head, segment)) continue;
    const days = new Set(Array.from(decodePage(segment.bytes).timesMs, dayStartMs));
    for (const dayMs of days) stages.push((op) => stageChanged(op, ref, dayMs));
    stages.push((op) => stageSegmentDelete(op, segment));
  }
  return stages;
}

function purgeDue({ profile, id }: SeriesRef, nowMs: number): Due {
  return { atMs: nowMs, kind: "series_purge", id: `${profile}/${id}` };
}
