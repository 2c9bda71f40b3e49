/**
 * The error about the header line of an upload.
 *
 * @module
 */

import { AppError, type FieldError } from "../app_error.ts";
import { QUOTED_VALUE_MAX } from "../limits.ts";

/** An INVALID_REQUEST about the line of the header, usually the first, that lists its problems. */
export function wrongHeader(
  text: string,
  problems: readonly (readonly [detail: string, rule: string])[],
  line = 1,
): AppError {
  const value = text.slice(0, QUOTED_VALUE_MAX);
  const errors: FieldError[] = problems
    .map(([detail, rule]) => ({ pointer: `#line=${line}`, detail, value, rule }));
  const message = problems.map(([detail]) => detail).join("; ");
  return new AppError("INVALID_REQUEST", message, { errors });
}
