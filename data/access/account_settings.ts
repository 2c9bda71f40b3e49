/**
 * The settings of limits that hold for each account.
 *
 * @module
 */

import { z } from "zod";
import type { AccountLimits } from "./account.ts";

/** The largest number that a limit can have: 2^53 - 1, the largest that counts exactly. */
const MOST = Number.MAX_SAFE_INTEGER;

const RULE = `a whole number of 1 to ${MOST}`;
const wholeNumber = z.string().regex(/^\d{1,16}$/).transform(Number).pipe(z.int().min(1))
  .optional();

/** The rules of the settings, in words. */
export const ACCOUNT_RULES = {
  MAX_JOBS_WAITING: RULE,
  MAX_JOBS_RUNNING: RULE,
  MAX_STORED_READINGS: RULE,
  MAX_FILE_BYTES: RULE,
} as const;

/** The settings as they are read from the environment. */
export const ACCOUNT_VARIABLES = {
  MAX_JOBS_WAITING: wholeNumber,
  MAX_JOBS_RUNNING: wholeNumber,
  MAX_STORED_READINGS: wholeNumber,
  MAX_FILE_BYTES: wholeNumber,
};

/** The limits that the settings give. */
export function accountLimitsOf(
  values: Readonly<Partial<Record<keyof typeof ACCOUNT_VARIABLES, number>>>,
): AccountLimits {
  return {
    jobsWaiting: values.MAX_JOBS_WAITING ?? null,
    jobsRunning: values.MAX_JOBS_RUNNING ?? null,
    storedReadings: values.MAX_STORED_READINGS ?? null,
    fileBytes: values.MAX_FILE_BYTES ?? null,
  };
}
