/**
 * What a device sent last that was rejected, and how many of its messages were rejected today.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["device_rejection", id]` | {@link DeviceRejections} | intake, under a check of what was read; deleted with the device |
 *
 * @module
 */

import { z } from "zod";
import { dayStartMs } from "../../data/limits.ts";
import type { Staging } from "../budget.ts";

const SPACE = "device_rejection";
/** How often a commit is tried while other instances write the same record. */
const TRIES = 5;

const rejectionsSchema = z.object({
  v: z.literal(1),
  atMs: z.number(),
  pointer: z.string(),
  rule: z.string(),
  value: z.unknown(),
  count: z.number(),
});

/**
 * The last rejected message of a device: when it was received (epoch milliseconds), the place, rule
 * and value of its first problem; and how many messages were rejected on that UTC day.
 */
export type DeviceRejections = z.infer<typeof rejectionsSchema>;

/** Rejected messages to add. */
export interface NewRejections {
  /** When the last of them was received, epoch milliseconds. */
  readonly atMs: number;
  /** How many there are. */
  readonly count: number;
  /** The first problem of the last of them. */
  readonly problem: {
    readonly pointer: string;
    readonly rule?: string;
    readonly value?: unknown;
  };
}

/** Reads the rejections of a device; null if there are none. */
export async function getRejections(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<DeviceRejections | null> {
  const { value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : rejectionsSchema.parse(value);
}

/** Deletes the rejections of a device. */
export function stageRejectionsDelete(op: Staging, id: string): void {
  op.delete([SPACE, id]);
}

/** How many messages were rejected on the UTC day of a time. */
export function rejectedOnDay(rejections: DeviceRejections | null, nowMs: number): number {
  if (rejections === null) return 0;
  return dayStartMs(rejections.atMs) === dayStartMs(nowMs) ? rejections.count : 0;
}

/**
 * Adds rejections in one commit with what `stage` adds to it. Returns whether it was committed: if
 * other instances keep writing the same record, theirs stands.
 */
export async function addRejections(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  { added, stage }: { added: NewRejections; stage: (op: Staging) => void },
): Promise<boolean> {
  const { atMs, count, problem: { pointer, rule = "", value } } = added;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const entry = await kv.get([SPACE, id]);
    const before = entry.versionstamp === null ? null : rejectionsSchema.parse(entry.value);
    const record: DeviceRejections = {
      v: 1,
      atMs: Math.max(atMs, before?.atMs ?? 0),
      pointer,
      rule,
      value,
      count: rejectedOnDay(before, atMs) + count,
    };
    const op = kv.atomic().check(entry).set(entry.key, record);
    stage(op);
    if ((await op.commit()).ok) return true;
  }
  return false;
}
