/**
 * Builds the example of a whole body from the examples of its parts.
 *
 * @module
 */

import { z } from "zod";

type JsonSchema = z.core.JSONSchema._JSONSchema;

/** An object of the first example of each property. A constant is its own example. */
export function exampleOf(schema: z.ZodType): unknown {
  const { $defs = {}, ...root } = z.toJSONSchema(schema);
  return valueOf(root, $defs);
}

function valueOf(schema: JsonSchema, named: Readonly<Record<string, JsonSchema>>): unknown {
  if (typeof schema === "boolean") return schema;
  const { $ref: reference } = schema;
  if (reference !== undefined) return valueOf(named[reference.replace("#/$defs/", "")], named);
  const { properties, examples, const: only, enum: choices, anyOf } = schema;
  if (examples === undefined && anyOf !== undefined) return valueOf(anyOf[0], named);
  if (properties === undefined) return examples?.[0] ?? only ?? choices?.[0];
  const parts = Object.entries(properties).map(([name, part]) => [name, valueOf(part, named)]);
  return Object.fromEntries(parts);
}
