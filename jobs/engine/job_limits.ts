/**
 * Limits on the jobs of an account, when another one is created. Pure.
 *
 * @module
 */

import type { AccountLimits } from "../../data/access/account.ts";
import { AppError } from "../../data/app_error.ts";
import type { Account, Version } from "../../kv/jobs/accounts.ts";

/**
 * Checks that an account may create another job. Returns the versions under which that holds: a
 * commit that checks them never exceeds the number of jobs, whatever other processes do.
 *
 * @param makesFile Whether the job may make a file. One that does not may run when there is no room.
 * @throws {AppError} JOBS_LIMITED or QUOTA_EXCEEDED if the account has reached a limit.
 */
export function checkJobLimits(
  { waiting, fileBytes, versions }: Account,
  { jobsWaiting, fileBytes: fileBytesMax }: AccountLimits,
  makesFile: boolean,
): readonly Version[] {
  if (jobsWaiting !== null && waiting >= jobsWaiting) {
    throw new AppError(
      "JOBS_LIMITED",
      `At most ${jobs(jobsWaiting)} may wait at the same time, and ${waiting} wait now`,
      { details: "Try again when one of them has started, or cancel one" },
    );
  }
  if (makesFile && fileBytesMax !== null && fileBytes >= fileBytesMax) {
    throw new AppError(
      "QUOTA_EXCEEDED",
      `The files of your jobs may take up ${fileBytesMax} bytes, and they take up ${fileBytes} now`,
      { details: "Delete files that you no longer need, or wait until they expire" },
    );
  }
  // Files grow when jobs end, whatever is checked here: a job that was accepted keeps its file.
  return jobsWaiting === null ? [] : [versions.waiting];
}

function jobs(count: number): string {
  return `${count} job${count === 1 ? "" : "s"} of yours`;
}
