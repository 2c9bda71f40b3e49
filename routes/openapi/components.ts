/**
 * Converts zod schemas to JSON Schema (draft 2020-12) for an OpenAPI 3.1 document.
 *
 * @module
 */

import { z } from "zod";

type JsonObject = Record<string, unknown>;

/** Named schemas and references to them. */
export interface SchemaRefs {
  /** The reference to the schema of this name. */
  ref(name: string): JsonObject;
  /** The name of a schema; undefined if it has none. */
  nameOf(schema: z.ZodType): string | undefined;
}

/** The content of `components.schemas`, and references to it. */
export function createComponents(
  schemas: Readonly<Record<string, z.ZodType>>,
): { refs: SchemaRefs; components: JsonObject } {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const uri = (id: string) => `#/components/schemas/${id}`;
  const made = z.toJSONSchema(registry, { uri, override });
  return {
    refs: {
      ref: (name) => ({ $ref: uri(name) }),
      nameOf: (schema) => registry.get(schema)?.id,
    },
    components: Object.fromEntries(
      Object.entries(made.schemas).map(([id, schema]) => [id, withoutIdentity(schema)]),
    ),
  };
}

/** A schema at the place that uses it: a reference if the schema has a name. */
export function schemaOf(schema: z.ZodType, refs: SchemaRefs): JsonObject {
  const name = refs.nameOf(schema);
  return name === undefined
    ? withoutIdentity(z.toJSONSchema(schema, { override }))
    : refs.ref(name);
}

/** zod bounds integers by the largest that a double holds exactly; readers do not need that. */
function override({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}

/** Drops the keywords that identify a schema of its own: inside a document they do not belong. */
function withoutIdentity(schema: object): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).filter(([name]) => !["$schema", "$id", "~standard"].includes(name)),
  );
}
