/**
 * Targets of deliveries: which job delivers to them, and how they have answered lately.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["delivery_target", target]` | {@link TargetRecord} | fan-out that skips it, whoever starts its job, and the job, under a check |
 *
 * @module
 */

import { z } from "zod";
import { getByKeys } from "../get_by_keys.ts";
import type { Staging } from "../budget.ts";

const SPACE = "delivery_target";
const LIST_BATCH = 100;

const targetSchema = z.object({
  v: z.literal(1),
  jobId: z.string().nullable(),
  failures: z.int(),
  failingSinceMs: z.number().nullable(),
  lastFailedMs: z.number().nullable(),
  waitUntilMs: z.number().nullable(),
  isAsked: z.boolean(),
  resumedMs: z.number().nullable(),
});

/**
 * The state of a target. `jobId`: the one job that may deliver to it; null for none. `failures`: how
 * many attempts failed since the last one that did not, `failingSinceMs`: when the first of these was,
 * `lastFailedMs`: when the last one was; `waitUntilMs`: before this time a target that keeps failing is not tried again,
 * `isAsked`: because it asked for that;
 * `resumedMs`: what was last tried before this time is due, whatever it waits for.
 */
export type TargetRecord = z.infer<typeof targetSchema>;

/** A target that nothing is known of. */
export const NEW_TARGET: TargetRecord = {
  v: 1,
  jobId: null,
  failures: 0,
  failingSinceMs: null,
  lastFailedMs: null,
  waitUntilMs: null,
  isAsked: false,
  resumedMs: null,
};

/** A target and its version. */
export interface TargetEntry {
  /** The target. */
  readonly target: string;
  /** The key, for checks. */
  readonly key: Deno.KvKey;
  /** Its state. */
  readonly value: TargetRecord;
  /** The version that was read; null if nothing is stored. */
  readonly versionstamp: string | null;
}

/** Reads targets, in the order given. */
export async function getTargets(
  kv: Pick<Deno.Kv, "getMany">,
  targets: readonly string[],
): Promise<TargetEntry[]> {
  const entries = await getByKeys(kv, targets.map((target) => [SPACE, target]));
  return entries.map(({ key, value, versionstamp }, index) => ({
    target: targets[index],
    key,
    value: versionstamp === null ? NEW_TARGET : targetSchema.parse(value),
    versionstamp,
  }));
}

/** Reads a target. */
export async function getTarget(
  kv: Pick<Deno.Kv, "getMany">,
  target: string,
): Promise<TargetEntry> {
  return (await getTargets(kv, [target]))[0];
}

/** Writes a target. */
export function stageTarget(op: Staging, { key }: TargetEntry, record: TargetRecord): void {
  op.set(key, record);
}

/** Deletes a target. */
export function stageTargetDelete(op: Staging, { key }: TargetEntry): void {
  op.delete(key);
}

/** Changes a target as it is at the commit. `change` may run several times. Returns the new state. */
export async function changeTarget(
  kv: Pick<Deno.Kv, "getMany" | "atomic">,
  target: string,
  change: (record: TargetRecord) => TargetRecord,
): Promise<TargetRecord> {
  for (;;) {
    const entry = await getTarget(kv, target);
    const next = change(entry.value);
    if (next === entry.value) return next;
    const op = kv.atomic().check(entry);
    stageTarget(op, entry, next);
    if ((await op.commit()).ok) return next;
  }
}

/** Makes targets that have nothing stored yet. */
export async function ensureTargets(
  kv: Pick<Deno.Kv, "getMany" | "atomic">,
  targets: readonly string[],
): Promise<void> {
  for (const entry of await getTargets(kv, targets)) {
    if (entry.versionstamp !== null) continue;
    const op = kv.atomic().check(entry);
    stageTarget(op, entry, NEW_TARGET);
    await op.commit();
  }
}

/** A target that works again, so that nothing need wait for it any more. */
export function resumed(record: TargetRecord, nowMs: number): TargetRecord {
  return {
    ...record,
    failures: 0,
    failingSinceMs: null,
    lastFailedMs: null,
    waitUntilMs: null,
    isAsked: false,
    resumedMs: nowMs,
  };
}

/** The names of all targets that were ever used and still have something stored. */
export async function* listTargets(kv: Pick<Deno.Kv, "list">): AsyncGenerator<string> {
  for await (const { key } of kv.list({ prefix: [SPACE] }, { batchSize: LIST_BATCH })) {
    yield String(key[1]);
  }
}
