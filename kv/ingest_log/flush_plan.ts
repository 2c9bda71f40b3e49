/**
 * What carrying out records changes: their readings become one segment a series, and what belongs to it.
 *
 * @module
 */

import { concatPages } from "../../data/readings/page.ts";
import { type Cost, fitsCommit, type RecordedStage, recordStage, type Stage } from "../budget.ts";
import { stageChanged } from "../series/changes.ts";
import { pageParts } from "../series/ingest_batches.ts";
import { stageRevised, stageRevisionOfMany } from "../series/revisions.ts";
import { stageSegmentAdded } from "../series/segment_counts.ts";
import { type SegmentName, stageSegment } from "../series/segments.ts";
import type { Change } from "../journal/record.ts";
import { stageSetAside } from "../set_aside.ts";
import type { KnownRecord } from "./known_records.ts";
import type { Arrived } from "./record_content.ts";
import { recordKey } from "./record_keys.ts";

/** Most records of a flush. */
const MAX_RECORDS = 1_000;
/** About how many mutations a series and a device need. */
const SERIES_MUTATIONS = 4;
/** About how many mutations a flush may have, so that it fits a commit. */
const MUTATIONS = 750;
/** About how many bytes of records a flush may have. */
const BYTES = 500_000;
/** The rest of a commit is for what a flush adds to the changes of the records. */
const ROOM: Cost = { mutations: 980, bytes: 700_000, keyBytes: 68_000 };

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
    const { stage, cost } = flushStage(records, context);
    if (count === 1 || fitsCommit(cost, ROOM)) return { records, stage };
    count = Math.ceil(count / 2);
  }
}

function countToTake(waiting: readonly KnownRecord[]): number {
  const seen = new Set<string>();
  let mutations = 0, sizeBytes = 0;
  for (const [index, record] of waiting.entries()) {
    if (index === MAX_RECORDS) return index;
    sizeBytes += record.sizeBytes;
    for (const { profile, id } of record.arrived) {
      const { size } = seen;
      if (seen.add(`${profile}/${id}`).size > size) mutations += SERIES_MUTATIONS;
    }
    for (const { key } of record.entries) {
      const { size } = seen;
      if (seen.add(key.join("/")).size > size) mutations++;
    }
    if (index > 0 && (mutations > MUTATIONS || sizeBytes > BYTES)) return index;
  }
  return waiting.length;
}

function flushStage(
  records: readonly KnownRecord[],
  { nextName, nowMs }: FlushContext,
): RecordedStage {
  const arrivals = new Map<string, Arrived[]>();
  const entries = new Map<string, Change>();
  for (const record of records) {
    for (const one of record.arrived) {
      const name = `${one.profile}/${one.id}`, own = arrivals.get(name);
      if (own === undefined) arrivals.set(name, [one]);
      else own.push(one);
    }
    for (const entry of record.entries) entries.set(entry.key.join("/"), entry);
  }
  return recordStage((op) => {
    for (const { writer, number, damaged } of records) {
      if (damaged === null) continue;
      stageSetAside(op, { key: recordKey(writer, number), value: damaged }, nowMs);
    }
    const profiles = new Set<string>();
    for (const arrived of arrivals.values()) {
      seriesStage(arrived, nextName)(op);
      profiles.add(arrived[0].profile);
    }
    for (const { key, value } of entries.values()) {
      if (value === undefined) op.delete(key);
      else op.set(key, value);
    }
    stageRevised(op, profiles);
  });
}

/** Adds readings of one series. */
function seriesStage(arrived: readonly Arrived[], nextName: () => SegmentName): Stage {
  const [ref] = arrived;
  return (op) => {
    for (const { bytes, days } of partsOf(arrived)) {
      stageSegment(op, ref, { ...nextName(), bytes });
      stageSegmentAdded(op, ref);
      for (const dayMs of days) stageChanged(op, ref, dayMs);
    }
    stageRevisionOfMany(op, ref);
  };
}

/** A segment, and the days that it changes. */
type Part = { readonly bytes: Uint8Array; readonly days: Iterable<number> };

/** The segments of readings in the order of their arrival. A page that is damaged stays as it is. */
function partsOf(arrived: readonly Arrived[]): readonly Part[] {
  try {
    return pageParts(concatPages(arrived.map((one) => one.page())));
  } catch {
    return arrived.flatMap((one): readonly Part[] =>
      one.stored === null ? pageParts(one.page()) : [{ bytes: one.stored, days: [] }]
    );
  }
}
