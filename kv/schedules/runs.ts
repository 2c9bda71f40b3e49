/**
 * The runs of schedules, and the planned times that were missed.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["schedule_run", id, plannedMs, kind]` | {@link RunRecord} | whoever creates the job of the run, in the same commit |
 *
 * `kind` is `planned` or `missed`, or the id of the job of a run that somebody asked for. The last 500
 * are kept.
 *
 * @module
 */

import { z } from "zod";
import type { Staging } from "../budget.ts";

const SPACE = "schedule_run";
/** How many runs of a schedule are kept. */
const RUNS_KEPT = 500;
/** After so many new ones, older ones are deleted. */
const RUNS_SLACK = 50;
const LIST_BATCH = 100;
/** How many runs one commit deletes: 60,000 bytes of keys, where a database accepts 80,000. */
export const RUNS_AT_ONCE = 600;

const runSchema = z.object({
  v: z.literal(1),
  kind: z.enum(["planned", "asked", "missed"]),
  createdMs: z.number(),
  jobId: z.string().nullable(),
  range: z.object({ fromMs: z.number(), toMs: z.number() }).nullable(),
  missed: z.object({ lastMs: z.number(), count: z.int(), isMore: z.boolean() }).nullable(),
});

/**
 * A run: its job and the range that it covers, null for a report on the last hour, day and week. Or
 * planned times that were missed, from the one of the key to `lastMs`. Times in epoch milliseconds.
 */
export type RunRecord = z.infer<typeof runSchema>;

/** Where a run stands in the list of its schedule. */
export interface RunPlace {
  /** Its planned time, epoch milliseconds. */
  readonly plannedMs: number;
  /** The last part of its key. */
  readonly part: string;
}

/** A run and its place. */
export interface RunEntry extends RunPlace {
  /** The record. */
  readonly value: RunRecord;
}

/** The version of the run of a planned time, for checks; null if it has not run. */
export async function plannedRunVersion(
  kv: Pick<Deno.Kv, "get">,
  scheduleId: string,
  plannedMs: number,
): Promise<Deno.AtomicCheck> {
  const { key, versionstamp } = await kv.get([SPACE, scheduleId, plannedMs, "planned"]);
  return { key, versionstamp };
}

/** Adds a run, or times that were missed. */
export function stageRun(
  op: Staging,
  { scheduleId, plannedMs, run }: { scheduleId: string; plannedMs: number; run: RunRecord },
): void {
  const part = run.kind === "asked" ? run.jobId ?? "" : run.kind;
  op.set([SPACE, scheduleId, plannedMs, part], run);
}

/** The runs of a schedule, the latest planned time first, at most `limit`. */
export async function listRuns(
  kv: Pick<Deno.Kv, "list">,
  scheduleId: string,
  { limit, before }: { limit: number; before?: RunPlace },
): Promise<RunEntry[]> {
  const prefix = [SPACE, scheduleId];
  const selector = before === undefined
    ? { prefix }
    : { prefix, end: [...prefix, before.plannedMs, before.part] };
  return await Array.fromAsync(
    kv.list(selector, { limit, reverse: true }),
    ({ key, value }) => ({
      plannedMs: Number(key[2]),
      part: String(key[3]),
      value: runSchema.parse(value),
    }),
  );
}

/** The keys of the runs of a schedule, the earliest first; at most `limit`, all by default. */
export async function runKeys(
  kv: Pick<Deno.Kv, "list">,
  scheduleId: string,
  limit?: number,
): Promise<Deno.KvKey[]> {
  const entries = kv.list({ prefix: [SPACE, scheduleId] }, { batchSize: LIST_BATCH, limit });
  return await Array.fromAsync(entries, ({ key }) => key);
}

/**
 * The keys of the runs to delete with the next run of a schedule, or with its next missed times: the
 * earliest, with some of its runs.
 */
export async function oldRunKeys(
  kv: Pick<Deno.Kv, "list">,
  { id, runCount }: { id: string; runCount: number },
): Promise<Deno.KvKey[]> {
  // A run may come with one record of missed times, so one of two numbers is enough.
  if (runCount % RUNS_SLACK > 1) return [];
  const keys = await runKeys(kv, id);
  return keys.slice(0, Math.min(RUNS_AT_ONCE, Math.max(0, keys.length - RUNS_KEPT)));
}
