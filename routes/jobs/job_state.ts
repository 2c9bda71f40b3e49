/**
 * The state of a job as clients see it.
 *
 * @module
 */

import type { JobRecord } from "../../jobs/engine/jobs.ts";

/** The state of a job now. A job expires on time, even if its file is not deleted yet. */
export function currentState(job: JobRecord, nowMs: number): JobRecord["state"] {
  const isOver = job.state === "completed" && (job.fileExpiresMs ?? Infinity) <= nowMs;
  return isOver ? "expired" : job.state;
}
