/**
 * Parts that the schemas of the OpenAPI document are made of.
 *
 * @module
 */

import { z } from "zod";

/** A time in a body. */
export function instant(description: string, example: string): z.ZodType<string> {
  return z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/)
    .meta({ format: "date-time", description, examples: [example] });
}

/** A number of things in a body. */
export function count(description: string, example: number): z.ZodInt {
  return z.int().min(0).meta({ description, examples: [example] });
}
