/**
 * Stores whose business hours an upload rejected row by row, so that they keep older hours or count
 * as always open.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["store_hours_rejected", id]` | {@link RejectedStoreHours} with `v: 1` | the upload of hours: set when all rows of the store were rejected, deleted when one was accepted |
 *
 * @module
 */

import { z } from "zod";
import type { Staging } from "../budget.ts";

const SPACE = "store_hours_rejected";
const LIST_BATCH = 500;

const recordSchema = z.object({
  v: z.literal(1),
  atMs: z.number(),
  rows: z.int(),
  field: z.string().nullable(),
  value: z.string(),
  rule: z.string(),
});

/** The rejected rows of a store in the latest upload that has rows of it. */
export interface RejectedStoreHours {
  /** When the upload ended, epoch milliseconds. */
  readonly atMs: number;
  /** How many rows were rejected. */
  readonly rows: number;
  /** The column that is wrong in the first of them, or null if the whole row is. */
  readonly field: string | null;
  /** The value in that column, at most 100 characters. */
  readonly value: string;
  /** The rule that the value breaks. */
  readonly rule: string;
}

/** The rejected hours of a store, or null if its latest upload had a row that was accepted. */
export async function getRejectedHours(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<RejectedStoreHours | null> {
  const { value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : recordOf(value);
}

/** The ids of stores with rejected hours, in order. */
export async function* listRejectedHours(kv: Pick<Deno.Kv, "list">): AsyncGenerator<string> {
  for await (const { key } of kv.list({ prefix: [SPACE] }, { batchSize: LIST_BATCH })) {
    yield String(key[1]);
  }
}

/** Records that all rows of a store were rejected. */
export function stageRejectedHours(op: Staging, id: string, rejected: RejectedStoreHours): void {
  op.set([SPACE, id], { v: 1, ...rejected });
}

/** Deletes the record of a store's rejected rows. */
export function stageRejectedHoursDelete(op: Staging, id: string): void {
  op.delete([SPACE, id]);
}

function recordOf(value: unknown): RejectedStoreHours {
  const { v: _, ...rejected } = recordSchema.parse(value);
  return rejected;
}
