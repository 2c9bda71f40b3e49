/**
 * Device ids in requests: their checks and their documentation.
 *
 * @module
 */

import { z } from "zod";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE } from "../../data/limits.ts";
import { invalidRequest } from "../http/problem.ts";
import type { Parameter } from "./operation.ts";

/** A device's id in a body. */
export const deviceIdText: z.ZodString = z.string().regex(DEVICE_ID_PATTERN)
  .meta({ description: "The device's id.", examples: ["test-001"] });

/** A device's id in a path. */
export const deviceIdParameter: Parameter = {
  in: "path",
  name: "device_id",
  description: `The device's id: ${DEVICE_ID_RULE}.`,
  schema: z.string().regex(DEVICE_ID_PATTERN),
  example: "test-001",
};

/** Checks a device's id from a path. Throws AppError INVALID_REQUEST. */
export function deviceId(id: string): string {
  if (DEVICE_ID_PATTERN.test(id)) return id;
  const detail = `device_id must be ${DEVICE_ID_RULE}`;
  throw invalidRequest([{ pointer: "#device_id", detail, value: id.slice(0, 100) }]);
}
