/**
 * Idempotency slots: which job came of a request that carried a key.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["job_slot", owner, slot]` | `{ v: 1, jobId }` | with the job, in one commit; deleted with it |
 *
 * @module
 */

import { z } from "zod";
import type { Staging } from "../budget.ts";

const SPACE = "job_slot";

const slotSchema = z.object({ v: z.literal(1), jobId: z.string() });

/** A slot: who asked, and the key they gave. */
export interface JobSlot {
  /** Who asked. */
  readonly owner: string;
  /** Their key. */
  readonly slot: string;
}

/** A slot as it was read. */
export interface SlotEntry {
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** The version of its last change, or null where it is free. */
  readonly versionstamp: string | null;
  /** The job that has it, or null where it is free. */
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

/** Gives a slot to a job. */
export function stageSlot(op: Staging, { owner, slot }: JobSlot, jobId: string): void {
  op.set([SPACE, owner, slot], { v: 1, jobId });
}

/** Frees a slot. */
export function stageSlotDelete(op: Staging, { owner, slot }: JobSlot): void {
  op.delete([SPACE, owner, slot]);
}
