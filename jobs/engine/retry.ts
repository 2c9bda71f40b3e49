/**
 * Whether and when a job whose run failed is tried again. Pure.
 *
 * @module
 */

import { AppError, type ErrorCode } from "../../data/app_error.ts";

/** The number of attempts before a fault that may pass fails the job. */
export const MAX_ATTEMPTS = 3;
/** How often owners may abandon a job before it fails, because it may be what kills them. */
export const MAX_ABANDONED = 20;

/** Faults outside the job, which may be gone at the next attempt. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "STORAGE_FULL",
  "STORAGE_UNAVAILABLE",
  "SERIES_BUSY",
]);

/** The delay after a failed attempt, milliseconds: 0.5 s after the first, then 2 s. */
export function retryDelayMs(attempt: number): number {
  return 500 * 4 ** (attempt - 1);
}

/** Whether another attempt may succeed. An error without a code counts as one that may pass. */
export function mayPass(error: unknown): boolean {
  return !(error instanceof AppError) || PASSING.has(error.code);
}
