/**
 * How far continuous export has come: one checkpoint per device.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["lake_checkpoint", id]` | {@link ExportCheckpoint} | the process that exports the device, always checked against the version it read, and only after the destination has confirmed the objects that the checkpoint counts |
 *
 * The stored names, the key's first part and `seenVersion`, are those of earlier versions, so that
 * their databases still open.
 *
 * @module
 */

import { z } from "zod";
import type { Stage } from "../budget.ts";
import { type CheckedChange, commitShared } from "../shared_commits.ts";
import { createTogether } from "../together.ts";

/** First part of the keys. */
export const CHECKPOINT_SPACE = "lake_checkpoint";
/** Commits of moves that are in progress at most. What comes meanwhile shares the next one. */
const COMMITS_AT_ONCE = 1;

const checkpointSchema = z.object({
  v: z.literal(1),
  plan: z.array(z.object({ lengthMs: z.number(), fromDayMs: z.number() })).min(1),
  nextMs: z.number().nullable(),
  pendingMs: z.number().nullable(),
  revision: z.number(),
  seenVersion: z.string(),
  // Version 0.5 did not store these four.
  compactedMs: z.number().nullable().default(null),
  compactingMs: z.number().nullable().default(null),
  sharedMs: z.number().nullable().default(null),
  sharingMs: z.number().nullable().default(null),
  // Earlier versions do not know these two.
  keptFromMs: z.number().optional(),
  keptSinceMs: z.number().optional(),
  totals: z.object({
    objects: z.number(),
    rows: z.number(),
    sizeBytes: z.number(),
    rewrites: z.number(),
    deletions: z.number(),
  }),
  last: z.object({
    key: z.string(),
    fromMs: z.number(),
    toMs: z.number(),
    rows: z.number(),
    sizeBytes: z.number(),
    sha256: z.string(),
    revision: z.number(),
    writtenMs: z.number(),
  }).nullable(),
  fault: z.object({
    message: z.string(),
    sinceMs: z.number(),
    atMs: z.number(),
    count: z.number(),
  }).nullable(),
});

/**
 * How far the export of a device has come. Times are epoch milliseconds.
 *
 * All windows before `nextMs` are exported (null: no reading has been found yet), as of the series'
 * `revision` and of every change up to the version `seenVersion`. `pendingMs` is the first known
 * reading of a window that has not ended. Each day before `compactedMs` is one object (null: no day has
 * been compacted), and `compactingMs` is the day being compacted, if any. The objects of the days before
 * `sharedMs` are replaced by those that all devices of the profile share (null: none), and the days from
 * there to `sharingMs` are on their way. Readings before `keptFromMs` may have expired, as
 * known since `keptSinceMs`: objects of windows before it stay as they are, whatever the source has.
 * `totals` count every object of the device, rewrites included.
 * `last` is the object confirmed most recently. `fault` is what currently keeps the device from
 * being exported.
 */
export type ExportCheckpoint = z.infer<typeof checkpointSchema>;

/** The version that a stored checkpoint names; "" for none. */
export function seenVersionOf(stored: unknown): string {
  return checkpointSchema.parse(stored).seenVersion;
}

/** A stored checkpoint that names another version, as all versions differ in another database. */
export function withSeenVersion(stored: unknown, seenVersion: string): ExportCheckpoint {
  return { ...checkpointSchema.parse(stored), seenVersion };
}

/** A checkpoint and the version at which it was read. */
export interface ExportCheckpointEntry {
  /** The checkpoint. */
  readonly value: ExportCheckpoint;
  /** The version of its latest change. */
  readonly versionstamp: string;
}

/** Reads a checkpoint; null if the device has none. */
export async function getExportCheckpoint(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<ExportCheckpointEntry | null> {
  const { value, versionstamp } = await kv.get([CHECKPOINT_SPACE, id]);
  return versionstamp === null ? null : { value: checkpointSchema.parse(value), versionstamp };
}

/** At most `limit` checkpoints in the order of device ids, after `afterId` ("" for the first). */
export async function listExportCheckpoints(
  kv: Pick<Deno.Kv, "list">,
  { afterId, limit }: { afterId: string; limit: number },
): Promise<{ id: string; checkpoint: ExportCheckpoint }[]> {
  const selector = afterId === ""
    ? { prefix: [CHECKPOINT_SPACE] }
    : { prefix: [CHECKPOINT_SPACE], start: [CHECKPOINT_SPACE, `${afterId}\0`] };
  const found: { id: string; checkpoint: ExportCheckpoint }[] = [];
  for await (const { key, value } of kv.list(selector, { limit })) {
    found.push({ id: String(key[1]), checkpoint: checkpointSchema.parse(value) });
  }
  return found;
}

/** A checkpoint that takes the place of the one of a device that was read. */
export interface CheckpointMove {
  /** The version at which that was read; null: it did not exist. */
  readonly from: string | null;
  /** The new one. */
  readonly to: ExportCheckpoint;
  /** What goes with it. */
  readonly also?: Stage;
}

/**
 * Replaces a checkpoint in one commit. Returns the new version, or null if another process was faster;
 * then nothing has changed.
 */
export type MoveCheckpoint = (id: string, move: CheckpointMove) => Promise<string | null>;

/** {@link MoveCheckpoint} as a commit of its own. */
export async function moveExportCheckpoint(
  kv: Pick<Deno.Kv, "atomic">,
  id: string,
  move: CheckpointMove,
): Promise<string | null> {
  const { checks, stage } = moveOf(id, move);
  const op = kv.atomic().check(...checks);
  stage(op);
  const result = await op.commit();
  return result.ok ? result.versionstamp : null;
}

/**
 * {@link MoveCheckpoint} that shares commits: while one is in progress, the moves of other devices wait
 * for the next one, which has them all. A device whose checkpoint another process has moved keeps no
 * other one from moving.
 */
export function createCheckpointMoves(
  kv: Pick<Deno.Kv, "atomic">,
  mostChecks?: number,
): MoveCheckpoint {
  const commit = createTogether(
    (changes: readonly CheckedChange[]) => commitShared(kv, changes, mostChecks),
    COMMITS_AT_ONCE,
  );
  return (id, move) => commit(moveOf(id, move));
}

function moveOf(id: string, { from, to, also }: CheckpointMove): CheckedChange {
  const key = [CHECKPOINT_SPACE, id];
  return {
    checks: [{ key, versionstamp: from }],
    stage(op) {
      op.set(key, to);
      also?.(op);
    },
  };
}

/** Reads one checkpoint, if any exists. Throws if the database does not answer. */
export async function probeExportCheckpoints(kv: Pick<Deno.Kv, "list">): Promise<void> {
  await kv.list({ prefix: [CHECKPOINT_SPACE] }, { limit: 1 }).next();
}
