/**
 * An error that a message to another thread cannot carry as it is.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";

/** An error that is its own cause, with a value that cannot be cloned. */
export function cyclicError(): AppError {
  const error = new AppError("STORAGE_FULL", "The file store has no room left", {
    details: "It is full",
    errors: [{ pointer: "", detail: "", value: () => {} }],
  });
  error.cause = error;
  return error;
}
