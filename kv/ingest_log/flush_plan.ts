/**
 * What carrying out records changes: their readings become one segment a series, and what belongs to it.
 *
 * @module
 */

import { type Cost, costOf, fitsCommit, type Stage } from "../budget.ts";
import { stageChanged } from "../series/changes.ts";
import { pageParts } from "../series/ingest_batches.ts";
import type { SeriesRef } from "../series/ref.ts";
import { stageRevised, stageRevisionOfMany } from "../series/revisions.ts";
import { stageSegmentAdded } from "../series/segment_counts.ts";
import { arrivedPage, SEGMENT_SPACE, type SegmentName, stageSegment } from "../series/segments.ts";
import type { Change } from "../journal/record.ts";
import { stageSetAside } from "../set_aside.ts";
import type { KnownRecord } from "./known_records.ts";
import { recordKey } from "./record_keys.ts";

/** Most records of a flush. */
const MAX_RECORDS = 1_000;
/** About how many mutations a series and a device need. */
const SERIES_MUTATIONS = 4;
/** About how many mutations a flush may have, so that it fits a commit. */
const MUTATIONS = 750;
/** About how many bytes of records a flush may have. */
const BYTES = 500_000;
/** A commit has room for what a flush adds to the changes of the records. */
const ROOM: Cost = { mutations: 890, bytes: 700_000, keyBytes: 68_000 };

/** Records that are carried out together. */
export interface FlushGroup {
  /** The first ones of those that wait. */
  readonly records: readonly KnownRecord[];
  /** Carries them out. */
  readonly stage: Stage;
}

/** What a flush needs besides records. */
export interface FlushContext {
  /** Names a segment that the flush writes. */
  readonly nextName: () => SegmentName;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
}

/** Takes as many records as a commit can carry out, in their order: at least the first one. */
export function takeFlushGroup(
  waiting: readonly KnownRecord[],
  context: FlushContext,
): FlushGroup {
  let count = countToTake(waiting);
  for (;;) {
    const records = waiting.slice(0, count);
    const stage = flushStage(records, context);
    if (count === 1 || fitsCommit(costOf(stage), ROOM)) return { records, stage };
    count = Math.ceil(count / 2);
  }
}

function countToTake(waiting: readonly KnownRecord[]): number {
  const seen = new Set<string>();
  let mutations = 0, sizeBytes = 0;
  for (const [index, record] of waiting.entries()) {
    if (index === MAX_RECORDS) return index;
    sizeBytes += record.sizeBytes;
    for (const { key } of record.changes) {
      const name = key.join("/");
      if (seen.has(name)) continue;
      seen.add(name);
      mutations += key[0] === SEGMENT_SPACE ? SERIES_MUTATIONS : 1;
    }
    if (index > 0 && (mutations > MUTATIONS || sizeBytes > BYTES)) return index;
  }
  return waiting.length;
}

/** Every stage that it returns does the same each time it is called. */
function flushStage(
  records: readonly KnownRecord[],
  { nextName, nowMs }: FlushContext,
): Stage {
  const stages: Stage[] = [];
  const arrived = new Map<string, { ref: SeriesRef; stored: Uint8Array[] }>();
  const entries = new Map<string, Change>();
  for (const { writer, number, changes, damaged } of records) {
    if (damaged !== null) {
      const record = { key: recordKey(writer, number), value: damaged };
      stages.push((op) => stageSetAside(op, record, nowMs));
    }
    for (const change of changes) {
      const { key, value } = change;
      const name = key.join("/");
      if (key[0] !== SEGMENT_SPACE) {
        entries.set(name, change);
        continue;
      }
      const ref = { profile: String(key[1]), id: String(key[2]) };
      const one = arrived.get(name) ?? { ref, stored: [] };
      // Nothing but bytes is written under these keys.
      one.stored.push(value as Uint8Array);
      arrived.set(name, one);
    }
  }
  for (const one of arrived.values()) stages.push(...seriesStages(one, nextName));
  for (const { key, value } of entries.values()) {
    stages.push((op) => value === undefined ? op.delete(key) : op.set(key, value));
  }
  const profiles = new Set([...arrived.values()].map(({ ref }) => ref.profile));
  stages.push((op) => stageRevised(op, profiles));
  return (op) => stages.forEach((stage) => stage(op));
}

function seriesStages(
  { ref, stored }: { ref: SeriesRef; stored: readonly Uint8Array[] },
  nextName: () => SegmentName,
): Stage[] {
  const segments = partsOf(stored).map((part) => ({ ...part, name: nextName() }));
  return [(op) => {
    for (const { bytes, days, name } of segments) {
      stageSegment(op, ref, { ...name, bytes });
      stageSegmentAdded(op, ref);
      for (const dayMs of days) stageChanged(op, ref, dayMs);
    }
    stageRevisionOfMany(op, ref);
  }];
}

/** The segments of readings in the order of their arrival. What is damaged stays as it is. */
function partsOf(stored: readonly Uint8Array[]): { bytes: Uint8Array; days: Iterable<number> }[] {
  try {
    return pageParts(arrivedPage(stored));
  } catch {
    return stored.map((bytes) => ({ bytes, days: [] }));
  }
}
