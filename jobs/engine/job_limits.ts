/**
 * Limits on the jobs of an account, when another one is created. Pure.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { Account, Version } from "../../kv/jobs/accounts.ts";

/** How much an account may ask for. Null stands for any amount. */
export interface JobLimits {
  /** How many of its jobs may be pending at the same time. */
  readonly waitingMax: number | null;
  /** How many bytes of files its jobs may have before it can create another one. */
  readonly fileBytesMax: number | null;
}

/** No limits. */
export const NO_JOB_LIMITS: JobLimits = { waitingMax: null, fileBytesMax: null };

/**
 * Checks that an account may create another job. Returns the versions under which that holds: a
 * commit that checks them never exceeds the number of jobs, whatever other processes do.
 *
 * @throws {AppError} JOBS_LIMITED or QUOTA_EXCEEDED if the account has reached a limit.
 */
export function checkJobLimits(
  { waiting, fileBytes, versions }: Account,
  { waitingMax, fileBytesMax }: JobLimits,
): readonly Version[] {
  if (waitingMax !== null && waiting >= waitingMax) {
    throw new AppError(
      "JOBS_LIMITED",
      `At most ${count(waitingMax, "job")} may wait at the same time, and ${waiting} wait now`,
      { details: "Try again when one of them has started, or cancel one" },
    );
  }
  if (fileBytesMax !== null && fileBytes >= fileBytesMax) {
    throw new AppError(
      "QUOTA_EXCEEDED",
      `The files of your jobs may take up ${fileBytesMax} bytes, and they take up ${fileBytes} now`,
      { details: "Delete files that you no longer need, or wait until they expire" },
    );
  }
  // Files grow when jobs end, whatever is checked here: a job that was accepted keeps its file.
  return waitingMax === null ? [] : [versions.waiting];
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
