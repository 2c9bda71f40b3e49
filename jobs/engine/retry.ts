/**
 * What becomes of a job whose run failed. Pure.
 *
 * @module
 */

import { AppError, type ErrorCode } from "../../data/app_error.ts";

/** How often a job is tried before a fault that may pass ends it. */
export const MAX_ATTEMPTS = 3;
/** How often a job may be left by its owner before it is taken for what kills them. */
export const MAX_ABANDONED = 20;

/** Faults of the surroundings, which may be gone at the next attempt. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "STORAGE_FULL",
  "STORAGE_UNAVAILABLE",
  "SERIES_BUSY",
]);

/** Milliseconds to wait before the attempt after `attempt` (1 is the first): 0.5 s, then 2 s. */
export function retryDelayMs(attempt: number): number {
  return 500 * 4 ** (attempt - 1);
}

/** Whether another attempt may succeed. An error without a code is taken for one that may. */
export function mayPass(error: unknown): boolean {
  return !(error instanceof AppError) || PASSING.has(error.code);
}
