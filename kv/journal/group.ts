/**
 * Groups: what a commit of ingest brings of many series, as one value
 * (`data/readings/group_format.ts`). Journals and logs of ingest have them. What the state of an item
 * says depends on which of the two a group lies in.
 *
 * In a log, a state is the last-seen record of the device alone (`kv/ingest_log/group_records.ts`). The
 * rest is worked out when the record is carried out (`kv/ingest_log/flush_plan.ts`).
 *
 * In a journal, the entries of each series are worked out when somebody reads entries, or they are
 * flushed (`kv/journal/spread.ts`). A group adds to a count and a revision, and to the requests of a
 * device. So the journal must have what it adds to, or the item says it. It then has a state:
 *
 * | bytes | content |
 * |---|---|
 * | 0 | what follows: 1 a revision, 2 a count, 4 a last-seen record, or the sum of several |
 * | 1– | the revision before the item, u64 |
 * | | the count before the item, u64 |
 * | | the last-seen record after the item, to the end |
 *
 * @module
 */

import type { GroupHead, GroupItem } from "../../data/readings/group_format.ts";

const REVISION = 1, COUNT = 2, LAST_SEEN = 4;
const NUMBER_BYTES = 8;

/** Readings of one series for a group. They become one segment. */
export interface GroupedReadings extends GroupItem {
  /** What the journal or the log does not know of the series; set when the group is committed. */
  state: Uint8Array | null;
  /** The whole last-seen record after the receipt; only called with a receipt. */
  lastSeen(): Uint8Array;
}

/** What ingest commits of many series. */
export interface IngestGroup extends GroupHead {
  /** The readings. Those of one series keep their order. */
  readonly items: readonly GroupedReadings[];
}

/** What a journal does not know of a series; null for what it knows. Logs have none of these. */
export interface SeriesState {
  /** The revision before the item. */
  readonly revision: bigint | null;
  /** The count of segments before the item. */
  readonly count: bigint | null;
  /** The last-seen record after the item. */
  readonly lastSeen: Uint8Array | null;
}

/** The bytes of a state in a journal; null if it has nothing. */
export function encodeState({ revision, count, lastSeen }: SeriesState): Uint8Array | null {
  const numbers = [revision, count].filter((number) => number !== null);
  if (numbers.length === 0 && lastSeen === null) return null;
  const lastSeenAt = 1 + NUMBER_BYTES * numbers.length;
  const bytes = new Uint8Array(lastSeenAt + (lastSeen?.length ?? 0));
  bytes[0] = (revision === null ? 0 : REVISION) | (count === null ? 0 : COUNT) |
    (lastSeen === null ? 0 : LAST_SEEN);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setBigUint64(1 + NUMBER_BYTES * index, number, true));
  if (lastSeen !== null) bytes.set(lastSeen, lastSeenAt);
  return bytes;
}

/**
 * The state that bytes of a journal hold.
 *
 * @throws {SyntaxError} when they are cut short.
 */
export function decodeState(bytes: Uint8Array): SeriesState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [kinds] = bytes;
  const hasBoth = (kinds & (REVISION | COUNT)) === (REVISION | COUNT);
  const size = 1 + NUMBER_BYTES * (hasBoth ? 2 : (kinds & (REVISION | COUNT)) !== 0 ? 1 : 0);
  if (bytes.length < size) {
    throw new SyntaxError(`Cannot decode state as it is cut short: ${bytes.length} bytes`);
  }
  const countAt = 1 + ((kinds & REVISION) === 0 ? 0 : NUMBER_BYTES);
  return {
    revision: (kinds & REVISION) === 0 ? null : view.getBigUint64(1, true),
    count: (kinds & COUNT) === 0 ? null : view.getBigUint64(countAt, true),
    lastSeen: (kinds & LAST_SEEN) === 0 ? null : bytes.slice(size),
  };
}
