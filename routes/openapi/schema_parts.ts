/**
 * Building blocks of the schemas in the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";

/** A time in a response body: UTC, with milliseconds only if there are any. */
export function instant(description: string, example: string): z.ZodType<string> {
  return z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/)
    .meta({ format: "date-time", description, examples: [example] });
}

/** A number of things in a body. */
export function count(description: string, example: number): z.ZodInt {
  return z.int().min(0).meta({ description, examples: [example] });
}

/** A name for a schema of a kind: `Battery` and `Reading` make `BatteryReading`. */
export function pascalName(kind: string, thing: string): string {
  return kind[0].toUpperCase() + kind.slice(1) + thing;
}
