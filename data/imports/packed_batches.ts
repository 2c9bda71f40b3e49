/**
 * Batches of readings in one piece of memory, to move them to another thread: one of 4,000 meters has 24,000
 * arrays.
 *
 * @module
 */

import { freeMemory } from "../encoders/chunk_memory.ts";
import type { Profile } from "../readings/profile.ts";
import type { MeterBatch } from "./meter_rows.ts";

/** Batches, as a value that a message can carry. `memory` can be moved. */
export interface PackedBatches {
  /** The profiles of the batches. */
  readonly profiles: readonly Profile[];
  /** What each batch is, in their order. */
  readonly parts: readonly PackedBatch[];
  /** One after the other for each batch: its times, its places, and the values of each metric. */
  readonly memory: Float64Array<ArrayBuffer>;
}

/** What a batch is besides its numbers. */
interface PackedBatch {
  readonly meterId: string;
  /** Its profile, by its index. */
  readonly profile: number;
  readonly rows: number;
  /** The scale of each metric. */
  readonly scales: readonly number[];
  readonly part: number | undefined;
  readonly isPartial: boolean | undefined;
}

/** Packs batches, and frees what is long of their memory: the garbage collector does not see it in time. */
export function packBatches(batches: readonly MeterBatch[]): PackedBatches {
  const profiles: Profile[] = [];
  const length = batches.reduce(
    (sum, { batch: { page } }) => sum + page.timesMs.length * (page.columns.length + 2),
    0,
  );
  const memory = new Float64Array(length);
  let at = 0;
  function add(values: Float64Array): void {
    memory.set(values, at);
    at += values.length;
  }

  const parts = batches.map(({ meterId, profile, batch: { page, places }, part }) => {
    const { timesMs, columns, isPartial } = page;
    const rows = timesMs.length;
    add(timesMs);
    add(places);
    for (const { values } of columns) add(values);
    let index = profiles.indexOf(profile);
    if (index < 0) index = profiles.push(profile) - 1;
    const scales = columns.map(({ scale }) => scale);
    return { meterId, profile: index, rows, scales, part, isPartial };
  });
  // Only now, as batches may share memory.
  for (const { batch: { page, places } } of batches) {
    for (const { buffer } of [page.timesMs, places]) freeMemory(buffer);
    for (const { values: { buffer } } of page.columns) freeMemory(buffer);
  }
  return { profiles, parts, memory };
}

/** The batches. They share the memory. */
export function unpackBatches({ profiles, parts, memory }: PackedBatches): MeterBatch[] {
  let at = 0;
  function take(rows: number): Float64Array {
    at += rows;
    return memory.subarray(at - rows, at);
  }

  return parts.map(({ meterId, profile, rows, scales, part, isPartial }) => {
    const timesMs = take(rows), places = take(rows);
    const columns = scales.map((scale) => ({ scale, values: take(rows) }));
    const page = { timesMs, columns, ...isPartial === undefined ? {} : { isPartial } };
    const batch = { meterId, profile: profiles[profile], batch: { page, places } };
    return part === undefined ? batch : { ...batch, part };
  });
}
