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
import type { JobTargets } from "../../data/notify/targets.ts";
import { objectNote } from "../../data/object_note.ts";
import type { Staging } from "../budget.ts";
import { getByKeys } from "../get_by_keys.ts";
import { type AccountCounts, NO_COUNTS, readAccount, stageCounts } from "./accounts.ts";
import {
  type Due,
  type LinePlace,
  stageDue,
  stageDueDelete,
  stageLine,
  stageLineDelete,
} from "./due.ts";
import { stageCheckpoint } from "./checkpoints.ts";
import { stageHistory, stageHistoryDelete } from "./history.ts";
import { stageOwned, stageOwnedDelete } from "./owner_history.ts";
import { stageSlotDelete } from "./slots.ts";
import { type CheckedStage, waitForTurn } from "./turns.ts";

const SPACE = "job";

const artifactSchema = z.object({
  name: z.string(),
  filename: z.string(),
  contentType: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
  sides: z.array(z.string()).optional(),
  sidesBytes: z.int().optional(),
});

const jobSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  kind: z.string(),
  params: z.json(),
  owner: z.string(),
  account: z.string().optional(),
  slot: z.string().nullable(),
  // Checked when the job was created.
  targets: z.custom<JobTargets>().optional(),
  // The span in which the job was created. Earlier versions do not know it.
  traceparent: z.string().optional(),
  state: z.enum(["pending", "running", "completed", "failed", "cancelled", "expired"]),
  epoch: z.int(),
  attempt: z.int(),
  abandoned: z.int(),
  lease: z.object({ owner: z.string(), untilMs: z.number() }).nullable(),
  due: z.object({
    kind: z.enum(["job_wait", "job_lease", "job_keep"]),
    atMs: z.number(),
    isInLine: z.literal(true).optional(),
  }),
  createdMs: z.number(),
  updatedMs: z.number(),
  endedMs: z.number().nullable(),
  fileExpiresMs: z.number().nullable(),
  progress: z.object({ done: z.number(), total: z.number().nullable(), percent: z.number() }),
  artifact: artifactSchema.nullable(),
  result: z.json(),
  error: z.object({ code: z.string(), message: z.string(), details: z.string() }).nullable(),
  isCancelRequested: z.boolean(),
  checkpoint: z.object({ parts: z.int(), file: z.string().nullable() }).optional(),
  history: z.array(z.object({ atMs: z.number(), state: z.string(), epoch: z.int() })),
});

/**
 * The file of a job: `name` in the file store, `filename` for users, `sides` for the files that go with
 * it (`sideName` of `jobs/engine/job_kind.ts`), `sidesBytes` for the size of those together.
 */
export type Artifact = z.infer<typeof artifactSchema>;

/**
 * The only truth about a job. `jobs/engine/transitions.ts` has its moves. Times in epoch ms. Without an
 * `account`, it counts for its owner. `targets` say who hears of its end and where its file goes.
 * `checkpoint` says how many parts the checkpoint of its run has (`checkpoints.ts`), and which unfinished
 * file the next run needs. Runs belong to the span `traceparent`.
 */
export type JobRecord = z.infer<typeof jobSchema>;

/** A record and its version. */
export interface JobEntry {
  /** The key, for checks. */
  readonly key: Deno.KvKey;
  /** The record. */
  readonly value: Readonly<JobRecord>;
  /** The version that was read. */
  readonly versionstamp: string;
}

/** The records of values: one that is remembered (`known_jobs.ts`) is read again and again. */
const records = objectNote<object, JobRecord>("record");

/** Reads a job; null if there is none. Do not change the record: all who read the job may share it. */
export async function getJob(kv: Pick<Deno.Kv, "get">, id: string): Promise<JobEntry | null> {
  const { key, value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : { key, value: recordOf(value), versionstamp };
}

function recordOf(value: unknown): JobRecord {
  if (typeof value !== "object" || value === null) return jobSchema.parse(value);
  const known = records.get(value);
  if (known !== undefined) return known;
  const record = jobSchema.parse(value);
  records.set(value, record);
  return record;
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

/** Reads many jobs for changing them; null for an id without a job, or with one that is damaged. */
export async function getJobEntries(
  kv: Pick<Deno.Kv, "getMany">,
  ids: readonly string[],
): Promise<(JobEntry | null)[]> {
  return (await getByKeys(kv, ids.map(jobKey))).map(jobEntryOf);
}

/** The key of a job. */
export function jobKey(id: string): Deno.KvKey {
  return [SPACE, id];
}

/** Whether a key is that of the record of a job. */
export function isJobKey(key: Deno.KvKey): boolean {
  return key[0] === SPACE && key.length === 2;
}

/** The job of an entry; null if there is none, or it is damaged. */
export function jobEntryOf(
  { key, value, versionstamp }: Deno.KvEntryMaybe<unknown>,
): JobEntry | null {
  const job = jobSchema.safeParse(value);
  return versionstamp === null || !job.success ? null : { key, value: job.data, versionstamp };
}

/** All jobs, in the order of their ids. */
export async function* listJobs(kv: Pick<Deno.Kv, "list">): AsyncGenerator<JobRecord> {
  for await (const { value } of kv.list({ prefix: [SPACE] })) yield jobSchema.parse(value);
}

/** The same without damaged ones. */
export async function* listSoundJobs(kv: Pick<Deno.Kv, "list">): AsyncGenerator<JobRecord> {
  for await (const entry of kv.list({ prefix: [SPACE] })) {
    const job = jobEntryOf(entry);
    if (job !== null) yield job.value;
  }
}

/** Whose limits a job counts for, and whose turn it waits for. */
export function accountOf({ account, owner }: Pick<JobRecord, "account" | "owner">): string {
  return account ?? owner;
}

/** What a job counts for its account. */
export function countsOf({ state, artifact }: JobRecord): AccountCounts {
  return {
    waiting: state === "pending" ? 1 : 0,
    running: state === "running" ? 1 : 0,
    // The file of an expired job is gone, although its record still names it.
    fileBytes: state === "completed" && artifact !== null
      ? artifact.sizeBytes + (artifact.sidesBytes ?? 0)
      : 0,
  };
}

/** Adds a new job, its due entry and its places in the histories to a commit. */
export function stageJob(op: Staging, record: JobRecord): void {
  op.set([SPACE, record.id], record);
  stageOwnDue(op, record);
  stageHistory(op, record);
  stageOwned(op, record);
  stageCounts(op, accountOf(record), { from: NO_COUNTS, to: countsOf(record) });
}

/**
 * Writes the next record of a job, moves its due entry and counts the change for its account, with
 * `more` in the same commit. False if the job has changed meanwhile, or what `more` checks.
 */
export async function commitJob(
  kv: Pick<Deno.Kv, "atomic">,
  from: JobEntry,
  to: JobRecord,
  more?: CheckedStage,
): Promise<boolean> {
  const op = kv.atomic().check(from, ...more?.checks ?? []);
  stageMove(op, { from, to });
  more?.stage(op);
  return (await op.commit()).ok;
}

/** A record and the one that follows it. */
export interface JobMove {
  /** The record that was read. */
  readonly from: JobEntry;
  /** The next one. */
  readonly to: JobRecord;
}

/** Adds the next record of a job to a commit, which must check the one that was read. */
export function stageMove(op: Staging, { from, to }: JobMove): void {
  op.set(from.key, to);
  if (!isSameDue(from.value.due, to.due)) {
    stageOwnDueDelete(op, from.value);
    stageOwnDue(op, to);
  }
  stageCounts(op, accountOf(to), { from: countsOf(from.value), to: countsOf(to) });
  if (to.checkpoint === undefined) stageNoCheckpoint(op, from.value);
}

/** Puts a pending job that is due into the line of its account. False if the job has changed meanwhile. */
export async function lineUpJob(
  kv: Pick<Deno.Kv, "getMany" | "atomic">,
  from: JobEntry,
): Promise<boolean> {
  const account = await readAccount(kv, accountOf(from.value));
  return await commitJob(kv, from, inLine(from.value), waitForTurn(account));
}

/** The job in the line of its account, before those that were created after it. */
export function inLine(job: JobRecord): JobRecord {
  return { ...job, due: { kind: "job_wait", atMs: job.createdMs, isInLine: true } };
}

/**
 * Deletes a job and everything that names it in other key spaces of jobs, with `more` in the same
 * commit. False if the job has changed meanwhile, or what `more` checks.
 */
export async function deleteJob(
  kv: Pick<Deno.Kv, "atomic">,
  from: JobEntry,
  more?: CheckedStage,
): Promise<boolean> {
  const op = kv.atomic().check(from, ...more?.checks ?? []);
  stageDelete(op, from.value);
  more?.stage(op);
  return (await op.commit()).ok;
}

/** Adds the deletion of a job to a commit, which must check the record that was read. */
export function stageDelete(op: Staging, job: JobRecord): void {
  const { owner, slot } = job;
  op.delete([SPACE, job.id]);
  stageOwnDueDelete(op, job);
  stageHistoryDelete(op, job);
  stageCounts(op, accountOf(job), { from: countsOf(job), to: NO_COUNTS });
  stageOwnedDelete(op, job);
  stageNoCheckpoint(op, job);
  if (slot !== null) stageSlotDelete(op, { owner, slot });
}

/** Whether an entry of the due index is the one of a job. */
export function isOwnDue({ due }: JobRecord, other: Due): boolean {
  return due.isInLine !== true && due.kind === other.kind && due.atMs === other.atMs;
}

/** Whether a place in line is the one of a job. */
export function isOwnPlace({ due }: JobRecord, place: LinePlace): boolean {
  return due.isInLine === true && due.atMs === place.atMs;
}

/** Deletes a due entry that is not (or no longer) the job's, unless the job changes meanwhile. */
export async function dropStaleDue(
  kv: Pick<Deno.Kv, "atomic">,
  due: Due,
  entry: JobEntry | null,
): Promise<void> {
  if (entry !== null && isOwnDue(entry.value, due)) return;
  const op = kv.atomic().check(entry ?? { key: [SPACE, due.id], versionstamp: null });
  stageDueDelete(op, due);
  await op.commit();
}

/** Deletes a place in line that is not (or no longer) the job's, unless the job changes meanwhile. */
export async function dropStalePlace(
  kv: Pick<Deno.Kv, "atomic">,
  place: LinePlace,
  entry: JobEntry | null,
): Promise<void> {
  if (entry !== null && isOwnPlace(entry.value, place)) return;
  const op = kv.atomic().check(entry ?? { key: [SPACE, place.id], versionstamp: null });
  stageLineDelete(op, place);
  await op.commit();
}

function isSameDue(one: JobRecord["due"], other: JobRecord["due"]): boolean {
  return one.atMs === other.atMs && one.kind === other.kind && one.isInLine === other.isInLine;
}

function stageNoCheckpoint(op: Staging, { id, checkpoint }: JobRecord): void {
  if (checkpoint === undefined) return;
  stageCheckpoint(op, id, { parts: [], partsBefore: checkpoint.parts });
}

function stageOwnDue(op: Staging, job: JobRecord): void {
  const { kind, atMs, isInLine } = job.due;
  if (isInLine) stageLine(op, { account: accountOf(job), atMs, id: job.id });
  else stageDue(op, { kind, atMs, id: job.id });
}

function stageOwnDueDelete(op: Staging, job: JobRecord): void {
  const { kind, atMs, isInLine } = job.due;
  if (isInLine) stageLineDelete(op, { account: accountOf(job), atMs, id: job.id });
  else stageDueDelete(op, { kind, atMs, id: job.id });
}
