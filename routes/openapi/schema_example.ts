/**
 * One whole example of a body, put together from those of its parts.
 *
 * @module
 */

import { z } from "zod";

/** What the first examples of a schema's properties make; a constant is its own. */
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
