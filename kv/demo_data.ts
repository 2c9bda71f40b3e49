/**
 * Whether a database has its demo data.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["demo_data"]` | `{ v: 1, isWhole }` | the start that creates demo data because the database is new |
 *
 * A start that is killed before the demo data is whole leaves a database that is not new any more. The
 * entry makes the next start go on.
 *
 * @module
 */

import { z } from "zod";

const KEY = ["demo_data"];

const recordSchema = z.object({ v: z.literal(1), isWhole: z.boolean() });

/** Whether a start has begun to create demo data and was interrupted. */
export async function isDemoDataUnfinished(kv: Pick<Deno.Kv, "get">): Promise<boolean> {
  const { value, versionstamp } = await kv.get(KEY);
  return versionstamp !== null && !recordSchema.parse(value).isWhole;
}

/** Writes that a start creates demo data, or that it is whole. */
export async function markDemoData(kv: Pick<Deno.Kv, "set">, isWhole: boolean): Promise<void> {
  await kv.set(KEY, { v: 1, isWhole });
}
