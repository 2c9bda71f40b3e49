/**
 * The records of jobs, each with exactly one entry in the due index.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["job", id]` | {@link JobRecord} | the engine, always with a check of the version it read |
 *
 * @module
 */

import { z } from "zod";
import type { Staging } from "../budget.ts";
import { getByKeys } from "../get_by_keys.ts";
import { type Due, stageDue, stageDueDelete } from "./due.ts";
import { stageHistory, stageHistoryDelete } from "./history.ts";
import { stageSlotDelete } from "./slots.ts";

const SPACE = "job";
/** How many jobs one commit of the migration adds. */
const MIGRATED_AT_ONCE = 200;

const artifactSchema = z.object({
  name: z.string(),
  filename: z.string(),
  contentType: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
  sides: z.array(z.string()).optional(),
});

const jobSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  kind: z.string(),
  params: z.json(),
  owner: z.string(),
  slot: z.string().nullable(),
  state: z.enum(["pending", "running", "completed", "failed", "cancelled", "expired"]),
  epoch: z.int(),
  attempt: z.int(),
  abandoned: z.int(),
  lease: z.object({ owner: z.string(), untilMs: z.number() }).nullable(),
  due: z.object({ kind: z.enum(["job_wait", "job_lease", "job_keep"]), atMs: z.number() }),
  createdMs: z.number(),
  updatedMs: z.number(),
  endedMs: z.number().nullable(),
  fileExpiresMs: z.number().nullable(),
  progress: z.object({ done: z.number(), total: z.number().nullable(), percent: z.number() }),
  artifact: artifactSchema.nullable(),
  result: z.json(),
  error: z.object({ code: z.string(), message: z.string(), details: z.string() }).nullable(),
  isCancelRequested: z.boolean(),
  history: z.array(z.object({ atMs: z.number(), state: z.string(), epoch: z.int() })),
});

/**
 * The file of a job: `name` in the file store, `filename` for users, `sides` for the files that go with
 * it (`sideName` of `jobs/engine/job_kind.ts`).
 */
export type Artifact = z.infer<typeof artifactSchema>;

/** The only truth about a job. `jobs/engine/transitions.ts` has its moves. Times in epoch ms. */
export type JobRecord = z.infer<typeof jobSchema>;

/** A record and its version. */
export interface JobEntry {
  /** The key, for checks. */
  readonly key: Deno.KvKey;
  /** The record. */
  readonly value: JobRecord;
  /** The version that was read. */
  readonly versionstamp: string;
}

type Kv = Pick<Deno.Kv, "get" | "atomic">;

/** Reads a job; null if there is none. */
export async function getJob(kv: Pick<Deno.Kv, "get">, id: string): Promise<JobEntry | null> {
  const { key, value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : { key, value: jobSchema.parse(value), versionstamp };
}

/** Reads many jobs, in the order of their ids; null for an id without a job. */
export async function getJobs(
  kv: Pick<Deno.Kv, "getMany">,
  ids: readonly string[],
): Promise<(JobRecord | null)[]> {
  const entries = await getByKeys(kv, ids.map((id) => [SPACE, id]));
  return entries.map(({ value, versionstamp }) =>
    versionstamp === null ? null : jobSchema.parse(value)
  );
}

/** Adds a new job, its due entry and its place in the history to a commit. */
export function stageJob(op: Staging, record: JobRecord): void {
  op.set([SPACE, record.id], record);
  stageDue(op, { ...record.due, id: record.id });
  stageHistory(op, record);
}

/** Writes the next record of a job and moves its due entry. False if the job has changed meanwhile. */
export async function commitJob(kv: Kv, from: JobEntry, to: JobRecord): Promise<boolean> {
  const op = kv.atomic().check(from);
  op.set(from.key, to);
  const before = from.value.due;
  if (before.atMs !== to.due.atMs || before.kind !== to.due.kind) {
    stageDueDelete(op, { ...before, id: to.id });
    stageDue(op, { ...to.due, id: to.id });
  }
  return (await op.commit()).ok;
}

/** Deletes a job and everything that names it in other key spaces of jobs. False if the job has changed meanwhile. */
export async function deleteJob(kv: Kv, from: JobEntry): Promise<boolean> {
  const { id, due, owner, slot } = from.value;
  const op = kv.atomic().check(from);
  op.delete(from.key);
  stageDueDelete(op, { ...due, id });
  stageHistoryDelete(op, from.value);
  if (slot !== null) stageSlotDelete(op, { owner, slot });
  return (await op.commit()).ok;
}

/** Deletes a due entry that is not (or no longer) the job's, unless the job changes meanwhile. */
export async function dropStaleDue(
  kv: Pick<Deno.Kv, "atomic">,
  due: Due,
  entry: JobEntry | null,
): Promise<void> {
  const own = entry?.value.due;
  if (own?.atMs === due.atMs && own.kind === due.kind) return;
  const op = kv.atomic().check(entry ?? { key: [SPACE, due.id], versionstamp: null });
  stageDueDelete(op, due);
  await op.commit();
}

/** Adds the jobs of schema version 3 to the history of their kinds. May run again after a crash. */
export async function migrateJobHistory(kv: Pick<Deno.Kv, "list" | "atomic">): Promise<void> {
  let op = kv.atomic();
  let count = 0;
  for await (const { value } of kv.list({ prefix: [SPACE] })) {
    const job = jobSchema.safeParse(value);
    // A damaged record must not keep the database from opening.
    if (job.success) stageHistory(op, job.data);
    if (++count % MIGRATED_AT_ONCE !== 0) continue;
    await op.commit();
    op = kv.atomic();
  }
  await op.commit();
}
