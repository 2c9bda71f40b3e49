/**
 * What the operations on smart meters have in common, as the OpenAPI document describes it.
 *
 * @module
 */

import { z } from "zod";
import { METER_ID_PATTERN, METER_ID_RULE } from "../../data/limits.ts";
import type { Parameter } from "../openapi/operation.ts";

/** A meter's id in a body. */
export const meterIdText: z.ZodString = z.string().regex(METER_ID_PATTERN)
  .meta({ description: "The meter.", examples: ["123"] });

/** A meter's id in a path. */
export const meterId: Parameter = {
  in: "path",
  name: "id",
  description: `The meter's id: ${METER_ID_RULE}.`,
  schema: z.string().regex(METER_ID_PATTERN),
  example: "123",
};
