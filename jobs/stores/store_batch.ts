/**
 * Stores with what a report measures of them, as it is stored and in little memory, so that it can move to
 * another thread.
 *
 * @module
 */

import { batchMemory, type PackedBatch } from "../../kv/series/packed_batch.ts";
import type { Sent } from "../engine/thread_messages.ts";

/** Some stores that may have polls, in the order of their ids. */
export interface StoreBatch extends PackedBatch {
  /** How many stores there are in the range of ids, wanted or not. */
  readonly looked: number;
  /** For each, the IANA name of its zone, or null. */
  readonly zones: readonly (string | null)[];
  /** For each, how many numbers of hours it has; -1 for one without hours. */
  readonly hoursCounts: Int32Array<ArrayBuffer>;
  /** The hours of all, as they are stored (`weeklySpansOf`). */
  readonly hours: Float64Array<ArrayBuffer>;
  /** The indexes of those whose latest upload of hours was rejected. */
  readonly rejected: readonly number[];
}

/** A store that may have polls. */
export interface StoreToMeasure {
  /** Its id. */
  readonly id: string;
  /** Its index in the batch, where its polls are. */
  readonly index: number;
  /** The IANA name of its zone, or null if it has none. */
  readonly zone: string | null;
  /** Its hours, as they are stored; null if they are not known. */
  readonly hours: ArrayLike<number> | null;
  /** Whether its latest upload of hours was rejected. */
  readonly hasRejectedHours: boolean;
}

/** The stores of a batch. */
export function* storesOf(batch: StoreBatch): Generator<StoreToMeasure> {
  const { ids, zones, hoursCounts, hours, rejected } = batch;
  const rejections = new Set(rejected);
  let at = 0;
  for (const [index, id] of ids.entries()) {
    const count = hoursCounts[index];
    yield {
      id,
      index,
      zone: zones[index],
      hours: count < 0 ? null : hours.subarray(at, at + count),
      hasRejectedHours: rejections.has(index),
    };
    at += Math.max(count, 0);
  }
}

/** A batch as a message whose memory moves. */
export function sentBatch(batch: StoreBatch): Sent<StoreBatch> {
  const moves = [...batchMemory(batch), batch.hoursCounts.buffer, batch.hours.buffer];
  return { value: batch, moves };
}
