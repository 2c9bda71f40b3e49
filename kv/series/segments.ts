/**
 * Segments: readings in the order of their arrival, not yet folded into blocks.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["segment", profile, id, writer, number]` | an encoded page, in any order of time | ingest; deleted by compaction, import and removal |
 *
 * The key only makes a segment unique (a writer is one running process, which counts). Their order
 * is that of their commits, the versionstamps.
 *
 * @module
 */

import { decodePage } from "../../data/readings/page_decoder.ts";
import { decodeReadings, isPlainReading } from "../../data/readings/single_reading.ts";
import { concatPages, emptyPage, type Page } from "../../data/readings/page.ts";
import { sortPage } from "../../data/readings/page_merge.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import type { HeadEntry } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";

/** The first part of its keys. */
export const SEGMENT_SPACE = "segment";

/** A segment as it is stored. */
export interface StoredSegment {
  /** Its key, to delete it by. */
  readonly key: Deno.KvKey;
  /** The version of the commit that wrote it. */
  readonly versionstamp: string;
  /** The encoded page. */
  readonly bytes: Uint8Array;
}

/** Which segment: the process that writes it, and a number it uses once. */
export interface SegmentName {
  /** The process. */
  readonly writer: string;
  /** Grows with each segment of the process. */
  readonly number: number;
}

/** Sets a segment; staging it again under the same name is the same segment. */
export function stageSegment(
  op: Staging,
  ref: SeriesRef,
  { writer, number, bytes }: SegmentName & { bytes: Uint8Array },
): void {
  op.set([SEGMENT_SPACE, ref.profile, ref.id, writer, number], bytes);
}

/** Deletes a segment. */
export function stageSegmentDelete(op: Staging, segment: StoredSegment): void {
  op.delete(segment.key);
}

/** The segments of a series in the order in which they were committed. */
export async function listSegments(
  kv: Pick<Deno.Kv, "list">,
  ref: SeriesRef,
): Promise<StoredSegment[]> {
  const segments: StoredSegment[] = [];
  for await (const entry of kv.list<Uint8Array>({ prefix: [SEGMENT_SPACE, ref.profile, ref.id] })) {
    segments.push({ key: entry.key, versionstamp: entry.versionstamp, bytes: entry.value });
  }
  return segments.sort((a, b) =>
    order(a.versionstamp, b.versionstamp) || numberOf(a) - numberOf(b)
  );
}

/** Whether a segment belongs to the life of a series that its removal, now on its way, ends. */
export function isBeingRemoved(
  { value, versionstamp }: HeadEntry,
  segment: StoredSegment,
): boolean {
  return value?.state === "deleting" && segment.versionstamp <= String(versionstamp);
}

/** How many segments a series has, counted up to `most`. */
export async function countSegments(
  kv: Pick<Deno.Kv, "list">,
  { profile, id }: SeriesRef,
  most: number,
): Promise<number> {
  let count = 0;
  for await (const _ of kv.list({ prefix: [SEGMENT_SPACE, profile, id] }, { limit: most })) count++;
  return count;
}

/** Segments in their order as one ascending page; of readings of one time the latest stays. */
export function segmentsPage(ref: SeriesRef, segments: readonly StoredSegment[]): Page {
  if (segments.length === 0) return emptyPage(PROFILES[ref.profile].metrics.length);
  return sortPage(joinedPage(segments.map(({ bytes }) => bytes)));
}

/** The readings of encoded pages, one behind the other; those that came alone are read together. */
function joinedPage(stored: readonly Uint8Array[]): Page {
  const pages: Page[] = [];
  for (let start = 0; start < stored.length;) {
    let end = start;
    while (end < stored.length && isPlainReading(stored[end])) end++;
    const together = end > start ? decodeReadings(stored.slice(start, end)) : null;
    if (together !== null) pages.push(together);
    else pages.push(...stored.slice(start, end = Math.max(end, start + 1)).map(decodePage));
    start = end;
  }
  return concatPages(pages);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function numberOf(segment: StoredSegment): number {
  return Number(segment.key[4]);
}
