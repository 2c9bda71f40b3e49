/**
 * What a job is to those who look at it now.
 *
 * @module
 */

import type { JobRecord } from "../../jobs/engine/jobs.ts";

/** The state of a job now: a file past its expiry is expired at once, not when it is swept. */
export function currentState(job: JobRecord, nowMs: number): JobRecord["state"] {
  const isOver = job.state === "completed" && (job.fileExpiresMs ?? Infinity) <= nowMs;
  return isOver ? "expired" : job.state;
}
