/**
 * The error of a deletion that failed for a reason without a code.
 *
 * @module
 */

import type { JobError } from "../engine/transitions.ts";

/** What users see. Send the same request again to continue. */
export const DELETION_FAILED: JobError = {
  code: "DELETION_FAILED",
  message: "The deletion could not be completed",
  details: "An unexpected error ended it; the log of the service names the cause",
};
