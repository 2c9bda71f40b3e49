/**
 * Builds the example of a whole body from the examples of its parts.
 *
 * @module
 */

import { z } from "zod";

/** An object of the first example of each property. A constant is its own example. */
export function exampleOf(schema: z.ZodType): unknown {
  return valueOf(z.toJSONSchema(schema));
}

function valueOf(schema: z.core.JSONSchema._JSONSchema): unknown {
  if (typeof schema === "boolean") return schema;
  const { properties, examples, const: only, enum: choices } = schema;
  if (properties === undefined) return examples?.[0] ?? only ?? choices?.[0];
  const parts = Object.entries(properties).map(([name, part]) => [name, valueOf(part)]);
  return Object.fromEntries(parts);
}
