/**
 * Waiting for a job as long as the request prefers (`Prefer: wait=N`).
 *
 * @module
 */

import type { Context } from "hono";
import { noteAuditDone } from "../access/audited.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { type Preferences, readPreferences } from "../http/prefer.ts";

/** A job after the wait. */
export interface WaitedJob {
  /** The job as it is now; null if its record is gone. */
  readonly job: JobRecord | null;
  /** The preferences of the request. */
  readonly preferences: Preferences;
}

/**
 * Waits until the job has ended, at most as long as the request prefers. Returns at once if the
 * request prefers no wait, and early if the client goes away or the service stops.
 *
 * @throws {AppError} UNAUTHENTICATED or FORBIDDEN if the caller lost the right to ask meanwhile.
 */
export async function waitAsPreferred(
  c: Context,
  jobs: Pick<Jobs, "waitForEnd">,
  job: JobRecord,
): Promise<WaitedJob> {
  const { req } = c;
  const preferences = readPreferences(req.header("prefer"));
  if (preferences.waitSeconds === null) return { job, preferences };
  const timeoutMs = preferences.waitSeconds * 1_000;
  const { signal } = req.raw;
  const waitedJob = await jobs.waitForEnd(job, { timeoutMs, signal });
  // The job exists, whether its caller may still see it or not.
  noteAuditDone(c);
  await c.get("requireStillAllowed")?.();
  return { job: waitedJob, preferences };
}

/** Names the preferences that were followed in `Preference-Applied` (RFC 7240 §3). */
export function nameApplied(c: Context, { isAsync, waitSeconds }: Preferences): void {
  const applied = [
    ...(isAsync ? ["respond-async"] : []),
    ...(waitSeconds === null ? [] : [`wait=${waitSeconds}`]),
  ];
  if (applied.length > 0) c.header("preference-applied", applied.join(", "));
}
