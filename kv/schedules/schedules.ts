/**
 * Schedules: what runs again and again, and when it runs next.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["schedule", id]` | {@link ScheduleRecord} | requests, and whoever handles its due entry, with a check of the version that was read |
 *
 * An active schedule has exactly one entry of the kind `schedule_run` in the due index, at `dueMs`.
 *
 * @module
 */

import { z } from "zod";
import { CATCH_UPS } from "../../data/schedules/due_run.ts";
import type { Staging } from "../budget.ts";
import { getByKeys } from "../get_by_keys.ts";
import { type Due, stageDue, stageDueDelete } from "../jobs/due.ts";
import { stageListed, stageUnlisted } from "./lists.ts";
import { runKeys, RUNS_AT_ONCE } from "./runs.ts";

const SPACE = "schedule";
const KIND = "schedule_run";

const patterns = z.array(z.string()).nullable();
const texts = z.array(z.string()).optional();

const targetsSchema = z.object({
  notify: z.object({ email: texts, webhook: texts }).optional(),
  deliver: z.array(
    z.object({ to: z.string(), email: texts, webhook: texts, name: z.string().optional() }),
  ).optional(),
});

const scheduleSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  name: z.string(),
  timing: z.union([
    z.object({ zone: z.string(), cron: z.string() }),
    z.object({ zone: z.string(), every: z.string(), anchorMs: z.number() }),
  ]),
  request: z.object({ kind: z.enum(["export", "report"]), params: z.json() }),
  targets: targetsSchema,
  catchUp: z.enum(CATCH_UPS),
  delay: z.string().nullable(),
  completeness: z.object({ least: z.number(), deadline: z.string() }).nullable(),
  owner: z.string(),
  account: z.string(),
  patterns: z.object({ meter: patterns, device: patterns, store: patterns }),
  state: z.enum(["active", "paused", "stopped"]),
  stopReason: z.string().nullable(),
  problem: z.object({ atMs: z.number(), code: z.string(), message: z.string() }).nullable(),
  createdMs: z.number(),
  updatedMs: z.number(),
  nextMs: z.number().nullable(),
  dueMs: z.number().nullable(),
  previousMs: z.number().nullable(),
  held: z.object({ nextMs: z.number(), atMs: z.number() }).optional(),
  handled: z.array(z.tuple([z.number(), z.number()])),
  lastRun: z.object({ plannedMs: z.number(), jobId: z.string() }).nullable(),
  runCount: z.int(),
});

/**
 * A schedule. Times are epoch milliseconds.
 *
 * - `account` is whose limits its jobs count for. `patterns` are the ids that its owner could touch when
 *   it was made, for owners whose rights cannot be looked up later.
 * - `stopReason` says why it is `stopped`; `problem` is why the latest run could not be created.
 * - `nextMs` is the planned time of its next run, `dueMs` when that is looked at: later with a delay.
 *   Both are null unless it is active.
 * - `previousMs` is the planned time before `nextMs` if that ran, and `handled` what has run
 *   (`data/schedules/handled.ts`).
 * - `held`, of one that is not active, is `nextMs` as it was when it was paused or stopped, and when
 *   that was.
 */
export type ScheduleRecord = z.infer<typeof scheduleSchema>;

/** A schedule and its version. */
export interface ScheduleEntry {
  /** The key, for checks. */
  readonly key: Deno.KvKey;
  /** The record. */
  readonly value: ScheduleRecord;
  /** The version that was read. */
  readonly versionstamp: string;
}

/** Reads a schedule; null if there is none. */
export async function getSchedule(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<ScheduleEntry | null> {
  return entryOf(await kv.get([SPACE, id]));
}

/** Reads many schedules, in the order of their ids; null for an id without one. */
export async function getSchedules(
  kv: Pick<Deno.Kv, "getMany">,
  ids: readonly string[],
): Promise<(ScheduleEntry | null)[]> {
  return (await getByKeys(kv, ids.map((id) => [SPACE, id]))).map(entryOf);
}

function entryOf({ key, value, versionstamp }: Deno.KvEntryMaybe<unknown>): ScheduleEntry | null {
  return versionstamp === null ? null : { key, value: scheduleSchema.parse(value), versionstamp };
}

/** Adds a new schedule with its due entry. */
export function stageNewSchedule(op: Staging, record: ScheduleRecord): void {
  op.set([SPACE, record.id], record);
  stageListed(op, record);
  stageOwnDue(op, record);
}

/** Adds the next record of a schedule, and moves its due entry. The commit must check the old one. */
export function stageSchedule(op: Staging, from: ScheduleEntry, to: ScheduleRecord): void {
  op.set(from.key, to);
  if (from.value.dueMs === to.dueMs) return;
  stageOwnDueDelete(op, from.value);
  stageOwnDue(op, to);
}

/** Writes the next record of a schedule. False if it has changed meanwhile. */
export async function commitSchedule(
  kv: Pick<Deno.Kv, "atomic">,
  from: ScheduleEntry,
  to: ScheduleRecord,
  more?: (op: Staging) => void,
): Promise<boolean> {
  const op = kv.atomic().check(from);
  stageSchedule(op, from, to);
  more?.(op);
  return (await op.commit()).ok;
}

/**
 * Deletes a schedule with its due entry and its list of runs. False if it has changed meanwhile; some of
 * its runs may be gone then, and the rest goes when this is tried again.
 */
export async function deleteSchedule(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  from: ScheduleEntry,
): Promise<boolean> {
  for (;;) {
    const keys = await runKeys(kv, from.value.id, RUNS_AT_ONCE);
    const op = kv.atomic().check(from);
    for (const key of keys) op.delete(key);
    // The schedule goes last, so that none of its runs stays behind.
    const isLast = keys.length < RUNS_AT_ONCE;
    if (isLast) {
      op.delete(from.key);
      stageUnlisted(op, from.value);
      stageOwnDueDelete(op, from.value);
    }
    const { ok } = await op.commit();
    if (!ok || isLast) return ok;
  }
}

/**
 * Deletes a due entry that is not that of a schedule, unless the schedule changes meanwhile. Undefined
 * stands for a record that cannot be read.
 */
export async function dropStaleRun(
  kv: Pick<Deno.Kv, "atomic">,
  due: Due<"schedule_run">,
  entry: ScheduleEntry | null | undefined,
): Promise<void> {
  const op = kv.atomic();
  if (entry !== undefined) op.check(entry ?? { key: [SPACE, due.id], versionstamp: null });
  stageDueDelete(op, due);
  await op.commit();
}

function stageOwnDue(op: Staging, { id, dueMs }: ScheduleRecord): void {
  if (dueMs !== null) stageDue(op, { kind: KIND, atMs: dueMs, id });
}

function stageOwnDueDelete(op: Staging, { id, dueMs }: ScheduleRecord): void {
  if (dueMs !== null) stageDueDelete(op, { kind: KIND, atMs: dueMs, id });
}
