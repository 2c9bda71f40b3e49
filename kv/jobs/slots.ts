/**
 * Idempotency slots: which job a request with an idempotency key created.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["job_slot", owner, slot]` | `{ v: 1, jobId }` | whoever creates or deletes the job, in the same commit |
 *
 * @module
 */

import { z } from "zod";
import type { Staging } from "../budget.ts";

const SPACE = "job_slot";

const slotSchema = z.object({ v: z.literal(1), jobId: z.string() });

/** A slot. */
export interface JobSlot {
  /** Who requested the job. */
  readonly owner: string;
  /** Their idempotency key. */
  readonly slot: string;
}

/** A slot and its version. */
export interface SlotEntry {
  /** The key, for checks. */
  readonly key: Deno.KvKey;
  /** The version that was read; null if the slot is free. */
  readonly versionstamp: string | null;
  /** The job of the slot; null if the slot is free. */
  readonly jobId: string | null;
}

/** Reads a slot. */
export async function getSlot(
  kv: Pick<Deno.Kv, "get">,
  { owner, slot }: JobSlot,
): Promise<SlotEntry> {
  const { key, value, versionstamp } = await kv.get([SPACE, owner, slot]);
  const jobId = versionstamp === null ? null : slotSchema.parse(value).jobId;
  return { key, versionstamp, jobId };
}

/** Assigns a slot to a job. */
export function stageSlot(op: Staging, { owner, slot }: JobSlot, jobId: string): void {
  op.set([SPACE, owner, slot], { v: 1, jobId });
}

/** Frees a slot. */
export function stageSlotDelete(op: Staging, { owner, slot }: JobSlot): void {
  op.delete([SPACE, owner, slot]);
}
