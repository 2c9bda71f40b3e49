/**
 * The id of a smart meter in a path.
 *
 * @module
 */

import { METER_ID_PATTERN, METER_ID_RULE } from "../../data/limits.ts";
import { invalidRequest } from "../http/problem.ts";

/**
 * Checks the id of a meter in a path.
 *
 * @throws {AppError} INVALID_REQUEST if no meter can have it.
 */
export function meterId(id: string): string {
  if (METER_ID_PATTERN.test(id)) return id;
  const detail = `The meter's id must be ${METER_ID_RULE}`;
  throw invalidRequest([{ pointer: "#id", detail, value: id.slice(0, 100) }]);
}
