/**
 * Converts zod schemas to JSON Schema (draft 2020-12) for an OpenAPI 3.1 document.
 *
 * A schema gets a name, and so a type in generated clients, either from the table that the document
 * is built from or from its own metadata: `.meta({ id: "ExportProgress" })`.
 *
 * @module
 */

import { z } from "zod";

type JsonObject = Record<string, unknown>;

/** Named schemas and references to them. */
export interface SchemaRefs {
  /** The reference to the schema of this name. */
  ref(name: string): JsonObject;
  /** A schema at a place that uses it: a reference if the schema has a name. */
  schemaOf(schema: z.ZodType): JsonObject;
}

/**
 * The content of `components.schemas`, and what to write where a schema is used.
 *
 * @param schemas The schemas that have a name in the document.
 * @param used Every schema that the document uses. One conversion for all of them is much cheaper
 * than one for each.
 */
export function createComponents(
  schemas: Readonly<Record<string, z.ZodType>>,
  used: readonly z.ZodType[],
): { refs: SchemaRefs; components: JsonObject } {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const inlineIds = new Map<z.ZodType, string>();
  for (const schema of used) {
    const id = schema.meta()?.id;
    if (registry.has(schema) || inlineIds.has(schema)) continue;
    if (id !== undefined) registry.add(schema, { id });
    else {
      inlineIds.set(schema, `${INLINE}${inlineIds.size}`);
      // A copy with the same metadata: other schemas that contain this one must not refer to it.
      registry.add(schema.clone(undefined, { parent: true }), { id: inlineIds.get(schema) ?? "" });
    }
  }
  const { __shared: shared, ...all } = z.toJSONSchema(registry, { uri, override }).schemas;
  const named = { ...all, ...Object(shared).$defs };
  const converted = Object.entries<object>(named).map(([id, schema]) => [id, stripped(schema)]);
  const isInline = ([id]: unknown[]) => String(id).startsWith(INLINE);
  const inline = Object.fromEntries(converted.filter(isInline));
  return {
    components: Object.fromEntries(converted.filter((entry) => !isInline(entry))),
    refs: {
      ref: (name) => ({ $ref: uri(name) }),
      schemaOf(schema) {
        const id = inlineIds.get(schema);
        return id === undefined ? { $ref: uri(registry.get(schema)?.id ?? "") } : inline[id];
      },
    },
  };
}

/** What the ids of schemas without a name begin with. */
const INLINE = "inline-";

function uri(id: string): string {
  return `#/components/schemas/${id}`;
}

function override({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  // zod bounds integers by the largest that a double holds exactly; readers do not need that.
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  // Metadata that lists alternatives replaces the type that zod derived.
  if (jsonSchema.anyOf !== undefined) delete jsonSchema.type;
}

/** Drops what identifies a schema of its own, and points references into the document. */
function stripped(schema: object): JsonObject {
  const kept = Object.entries(schema).filter(([name]) =>
    !["$schema", "$id", "id", "~standard"].includes(name)
  );
  const text = JSON.stringify(Object.fromEntries(kept));
  return JSON.parse(text.replaceAll(uri("__shared#/$defs/"), uri("")));
}
