/**
 * How far continuous export has come, a checkpoint a device.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["lake_checkpoint", id]` | {@link ExportCheckpoint} | the process that exports the device, always under a check of what it read; never before the destination has proven what it tells of |
 *
 * @module
 */

import { z } from "zod";
import type { Stage } from "../budget.ts";

const SPACE = "lake_checkpoint";

const checkpointSchema = z.object({
  v: z.literal(1),
  plan: z.array(z.object({ lengthMs: z.number(), fromDayMs: z.number() })).min(1),
  nextMs: z.number().nullable(),
  pendingMs: z.number().nullable(),
  revision: z.number(),
  seenVersion: z.string(),
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
 * How far the export of a device has come; times are epoch milliseconds. Windows before `nextMs` are
 * exported (null: no reading was found yet), as of the series' `revision` and of changes up to
 * `seenVersion` of the feed. `pendingMs` is the first reading known in a window that was not over.
 * `totals` count what was written, again too. `last` is the object that was confirmed last, `fault`
 * what has kept the device from being exported since.
 */
export type ExportCheckpoint = z.infer<typeof checkpointSchema>;

/** A checkpoint and the version it was read at. */
export interface ExportCheckpointEntry {
  /** The checkpoint. */
  readonly value: ExportCheckpoint;
  /** The version of its last change. */
  readonly versionstamp: string;
}

/** Reads a checkpoint; null where there is none. */
export async function getExportCheckpoint(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<ExportCheckpointEntry | null> {
  const { value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : { value: checkpointSchema.parse(value), versionstamp };
}

/** Checkpoints in the order of ids, from behind `afterId` ("" for the first), at most `limit`. */
export async function listExportCheckpoints(
  kv: Pick<Deno.Kv, "list">,
  { afterId, limit }: { afterId: string; limit: number },
): Promise<{ id: string; checkpoint: ExportCheckpoint }[]> {
  const selector = afterId === ""
    ? { prefix: [SPACE] }
    : { prefix: [SPACE], start: [SPACE, `${afterId}\0`] };
  const found: { id: string; checkpoint: ExportCheckpoint }[] = [];
  for await (const { key, value } of kv.list(selector, { limit })) {
    found.push({ id: String(key[1]), checkpoint: checkpointSchema.parse(value) });
  }
  return found;
}

/**
 * Moves a checkpoint on from a version (null: there was none), with what else belongs to it, in one
 * commit. The new version, or null where another process came first; nothing is changed then.
 */
export async function moveExportCheckpoint(
  kv: Pick<Deno.Kv, "atomic">,
  id: string,
  { from, to, also }: { from: string | null; to: ExportCheckpoint; also?: Stage },
): Promise<string | null> {
  const key = [SPACE, id];
  const op = kv.atomic().check({ key, versionstamp: from }).set(key, to);
  also?.(op);
  const result = await op.commit();
  return result.ok ? result.versionstamp : null;
}

/** Reads one checkpoint, if there is any; throws when the database does not answer. */
export async function probeExportCheckpoints(kv: Pick<Deno.Kv, "list">): Promise<void> {
  await kv.list({ prefix: [SPACE] }, { limit: 1 }).next();
}
