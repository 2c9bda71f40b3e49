/**
 * The checkpoint of a continuous export that has written nothing yet.
 *
 * @module
 */

import type { ExportCheckpoint } from "../../kv/continuous/checkpoints.ts";

/** The checkpoint, with windows of a minute. */
export const NEW_CHECKPOINT: ExportCheckpoint = {
  v: 1,
  plan: [{ lengthMs: 60_000, fromDayMs: 0 }],
  nextMs: null,
  pendingMs: null,
  revision: 0,
  seenVersion: "",
  compactedMs: null,
  compactingMs: null,
  sharedMs: null,
  sharingMs: null,
  totals: { objects: 0, rows: 0, sizeBytes: 0, rewrites: 0, deletions: 0 },
  last: null,
  fault: null,
};
