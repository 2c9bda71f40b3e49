/**
 * Segments: readings in the order of their arrival, not yet folded into blocks.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["segment", profile, id, writer, number]` | an encoded page, its times in any order | ingest; deleted by compaction, import and removal |
 *
 * The key only makes a segment unique: a writer is one running process, which numbers its segments.
 * The order of segments is the order of their commits, which is that of their versionstamps.
 *
 * @module
 */

import { concatPages, emptyPage, type Page } from "../../data/readings/page.ts";
import { decodePage } from "../../data/readings/page_decoder.ts";
import { sortPage } from "../../data/readings/page_merge.ts";
import { decodeReadings, isPlainReading } from "../../data/readings/single_reading.ts";
import type { Staging } from "../budget.ts";
import { DamagedDataError } from "./damage.ts";
import type { HeadEntry } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";

/** First part of the keys. */
export const SEGMENT_SPACE = "segment";

/** A segment as it is stored. */
export interface StoredSegment {
  /** The key, for deleting it. */
  readonly key: Deno.KvKey;
  /** Version of the commit that wrote it. */
  readonly versionstamp: string;
  /** The encoded page. */
  readonly bytes: Uint8Array;
}

/** What identifies a segment within its series. */
export interface SegmentName {
  /** The process that wrote it. */
  readonly writer: string;
  /** A number that the process uses once. It grows with each segment. */
  readonly number: number;
}

/** Adds the writing of a segment to a commit. Written again under the same name, it replaces itself. */
export function stageSegment(
  op: Staging,
  ref: SeriesRef,
  { writer, number, bytes }: SegmentName & { bytes: Uint8Array },
): void {
  op.set([SEGMENT_SPACE, ref.profile, ref.id, writer, number], bytes);
}

/** Adds the deletion of a segment to a commit. */
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
    compareText(a.versionstamp, b.versionstamp) || numberOf(a) - numberOf(b)
  );
}

/** The segments of all series, in the order of their keys. */
export async function* listAllSegments(
  kv: Pick<Deno.Kv, "list">,
): AsyncGenerator<{ ref: SeriesRef; entry: Deno.KvEntry<Uint8Array> }> {
  for await (const entry of kv.list<Uint8Array>({ prefix: [SEGMENT_SPACE] })) {
    yield { ref: { profile: String(entry.key[1]), id: String(entry.key[2]) }, entry };
  }
}

/** Whether a removal that is under way also removes this segment: it was there when it began. */
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

/**
 * The readings of segments as one ascending page. If a time occurs twice, the later segment wins.
 *
 * @throws {DamagedDataError} if one of them is damaged.
 */
export function segmentsPage(ref: SeriesRef, segments: readonly StoredSegment[]): Page {
  if (segments.length === 0) return emptyPage(0);
  try {
    return sortPage(arrivedPage(segments.map(({ bytes }) => bytes)));
  } catch (error) {
    throw new DamagedDataError({ ref, dayMs: null }, error);
  }
}

/**
 * The readings of encoded pages, concatenated. Consecutive single readings are decoded together.
 *
 * @throws {SyntaxError} if one of them is damaged.
 */
export function arrivedPage(stored: readonly Uint8Array[]): Page {
  const pages: Page[] = [];
  for (let start = 0; start < stored.length;) {
    let end = start;
    const width = stored[start][1];
    while (end < stored.length && isPlainReading(stored[end]) && stored[end][1] === width) end++;
    const singles = end > start ? decodeReadings(stored.slice(start, end)) : null;
    if (singles !== null) pages.push(singles);
    else {
      const others = stored.slice(start, end = Math.max(end, start + 1));
      pages.push(...others.map((bytes) => decodePage(bytes)));
    }
    start = end;
  }
  return concatPages(pages);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function numberOf(segment: StoredSegment): number {
  return Number(segment.key[4]);
}
