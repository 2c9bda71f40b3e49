/**
 * The lists of schedules: all of them, and those of each owner.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["schedule_list", "all", createdMs, id]` | `true` | whoever makes or deletes a schedule, in the same commit |
 * | `["schedule_list", "of", owner, createdMs, id]` | `true` | the same |
 * | `["schedule_list", "count", owner]` | `KvU64`: how many schedules the owner has | the same |
 *
 * @module
 */

import type { Staging } from "../budget.ts";

const SPACE = "schedule_list";
const ALL = "all", OF = "of", COUNT = "count";

/** Where a schedule stands in a list: the earliest first. */
export interface SchedulePlace {
  /** When it was made, epoch milliseconds. */
  readonly createdMs: number;
  /** Its id. */
  readonly id: string;
}

/** A place, and to whom it belongs. */
export interface OwnedPlace extends SchedulePlace {
  /** The owner. */
  readonly owner: string;
}

/** The places of schedules after one, of an owner or of all, the earliest first, at most `limit`. */
export async function listPlaces(
  kv: Pick<Deno.Kv, "list">,
  { owner, after, limit }: { owner?: string; after?: SchedulePlace; limit: number },
): Promise<SchedulePlace[]> {
  const prefix = owner === undefined ? [SPACE, ALL] : [SPACE, OF, owner];
  // A number is after every text, so the list begins after this place.
  const selector = after === undefined
    ? { prefix }
    : { prefix, start: [...prefix, after.createdMs, after.id, 0] };
  return await Array.fromAsync(
    kv.list(selector, { limit }),
    ({ key }) => ({ createdMs: Number(key.at(-2)), id: String(key.at(-1)) }),
  );
}

/** How many schedules an owner has, and the version for checks. */
export async function countSchedules(
  kv: Pick<Deno.Kv, "get">,
  owner: string,
): Promise<{ count: number; version: Deno.AtomicCheck }> {
  const { key, value, versionstamp } = await kv.get([SPACE, COUNT, owner]);
  const count = value instanceof Deno.KvU64 ? Number(value.value) : 0;
  return { count, version: { key, versionstamp } };
}

/** Adds a schedule to the lists. */
export function stageListed(op: Staging, { owner, createdMs, id }: OwnedPlace): void {
  op.set([SPACE, ALL, createdMs, id], true);
  op.set([SPACE, OF, owner, createdMs, id], true);
  op.sum([SPACE, COUNT, owner], 1n);
}

/** Takes a schedule out of the lists. */
export function stageUnlisted(op: Staging, { owner, createdMs, id }: OwnedPlace): void {
  op.delete([SPACE, ALL, createdMs, id]);
  op.delete([SPACE, OF, owner, createdMs, id]);
  // A sum wraps around, so this subtracts one.
  op.sum([SPACE, COUNT, owner], 2n ** 64n - 1n);
}
