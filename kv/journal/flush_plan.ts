/**
 * Which records and entries of the journal to flush, and in what portions.
 *
 * @module
 */

import type { Upkeep } from "../../data/upkeep.ts";
import type { JournalEntry } from "./entries.ts";

/** Rewriting retained entries only pays off if records have this many times their bytes. */
const MIN_GAIN = 4;
/** Entries flushed at once. A commit that comes in between waits for that long. */
const PORTION_ENTRIES = 150;
/** A retained entry counts as this part of an entry, because it is no mutation of its own. */
const RETAINED_SHARE = 0.2;
/** Most bytes of values flushed at once. */
const PORTION_BYTES = 400_000;

/** The thresholds of the journal. */
export type FlushRules = Pick<Upkeep, "flushAfterMs" | "journalMaxBytes">;

/** A stored record of the journal. */
export interface RecordInfo {
  /** Its number. */
  readonly number: number;
  /** When it was stored, by the clock of the last flush before it. */
  readonly atMs: number;
  /** Its size. */
  readonly sizeBytes: number;
}

/**
 * The records to flush: those that are old, or the older half of all records if they have too many
 * bytes. They are the first of `records`, which are in order.
 */
export function recordsToFlush(
  records: readonly RecordInfo[],
  { nowMs, ...rules }: FlushRules & { nowMs: number; retainedBytes: number },
): readonly RecordInfo[] {
  const { flushAfterMs } = rules;
  if (isTooLarge(records, rules)) {
    return records.slice(0, Math.ceil(records.length / 2));
  }
  const count = records.findIndex(({ atMs }) => atMs > nowMs - flushAfterMs);
  return records.slice(0, count < 0 ? records.length : count);
}

/** Whether records have so many bytes that they are flushed however new they are. */
export function isTooLarge(
  records: readonly RecordInfo[],
  { journalMaxBytes, retainedBytes }: Pick<FlushRules, "journalMaxBytes"> & {
    retainedBytes: number;
  },
): boolean {
  return bytesOf(records) > Math.max(journalMaxBytes, MIN_GAIN * retainedBytes);
}

/** The bytes of records. */
export function bytesOf(records: readonly RecordInfo[]): number {
  return records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Entries in portions, each of which is flushed by one commit. */
export function* flushPortions(
  entries: Iterable<JournalEntry>,
  isRetained: (entry: JournalEntry) => boolean,
): Generator<JournalEntry[]> {
  let portion: JournalEntry[] = [];
  let sizeBytes = 0, share = 0;
  for (const entry of entries) {
    const { value } = entry;
    portion.push(entry);
    share += isRetained(entry) ? RETAINED_SHARE : 1;
    sizeBytes += value instanceof Uint8Array ? value.length : 0;
    if (share < PORTION_ENTRIES && sizeBytes < PORTION_BYTES) continue;
    yield portion;
    portion = [];
    sizeBytes = share = 0;
  }
  if (portion.length > 0) yield portion;
}
