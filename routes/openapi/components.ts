/**
 * zod schemas as the JSON Schemas (draft 2020-12) of an OpenAPI 3.1 document.
 *
 * @module
 */

import { z } from "zod";

type JsonObject = Record<string, unknown>;

/** References to the schemas that have a name. */
export interface SchemaRefs {
  /** The reference to a schema by its name. */
  ref(name: string): JsonObject;
  /** The name of a schema, or undefined where it has none. */
  nameOf(schema: z.ZodType): string | undefined;
}

/** Schemas by name as they stand in `components.schemas`, and references to them. */
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
      Object.entries(made.schemas).map(([id, schema]) => [id, plain(schema)]),
    ),
  };
}

/** A schema where it is used: by reference where it has a name. */
export function schemaOf(schema: z.ZodType, refs: SchemaRefs): JsonObject {
  const name = refs.nameOf(schema);
  return name === undefined ? plain(z.toJSONSchema(schema, { override })) : refs.ref(name);
}

/** zod bounds integers by what a double holds exactly; nobody needs to be told. */
function override({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}

/** Without what says where a schema stands, which is the document's to say. */
function plain(schema: object): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).filter(([name]) => !["$schema", "$id", "~standard"].includes(name)),
  );
}
