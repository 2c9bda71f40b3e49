/**
 * The checkpoints of jobs: from where the next run of a job goes on.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["job_checkpoint", id, part]` | a part of the checkpoint, packed | the run of the job, in the commit of its record |
 *
 * The record of the job says how many parts there are (`checkpoint` of `JobRecord`), so a checkpoint
 * is never older or newer than its record.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Staging } from "../budget.ts";

const SPACE = "job_checkpoint";
/** The most bytes of a part. A value of the database has 65,536 bytes at most. */
const PART_BYTES = 60_000;
/** The most parts: with the record of the job, they fit into one commit. */
const PARTS_MAX = 8;
/** The fastest level. */
const LEVEL = 1;

/** A checkpoint that is ready to be written. */
export type PackedCheckpoint = readonly Uint8Array[];

/** Packs a value that JSON can express. Null if it is too long to be stored: 480 KB, packed. */
export function packCheckpoint(value: unknown): PackedCheckpoint | null {
  const packed = deflateRawSync(JSON.stringify(value), { level: LEVEL });
  if (packed.length > PART_BYTES * PARTS_MAX) return null;
  return Array.from(
    { length: Math.ceil(packed.length / PART_BYTES) },
    (_, part) => Uint8Array.from(packed.subarray(part * PART_BYTES, (part + 1) * PART_BYTES)),
  );
}

/** Reads the checkpoint of a job; null if there is none. */
export async function readCheckpoint(
  kv: Pick<Deno.Kv, "list">,
  jobId: string,
): Promise<unknown> {
  const parts: Uint8Array[] = [];
  for await (const { value } of kv.list<Uint8Array>({ prefix: [SPACE, jobId] })) parts.push(value);
  if (parts.length === 0) return null;
  return JSON.parse(new TextDecoder().decode(inflateRawSync(Buffer.concat(parts))));
}

/** Adds a checkpoint to a commit, in place of one with `partsBefore` parts. */
export function stageCheckpoint(
  op: Staging,
  jobId: string,
  { parts, partsBefore }: { parts: PackedCheckpoint; partsBefore: number },
): void {
  parts.forEach((part, index) => op.set([SPACE, jobId, index], part));
  for (let part = parts.length; part < partsBefore; part++) op.delete([SPACE, jobId, part]);
}
